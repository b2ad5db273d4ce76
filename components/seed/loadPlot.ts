/*
 * loadPlot: the chart library, fetched when the first chart is made.
 * In: the browser's language. Out: the library.
 * Invariant: a browser whose language tag is not one (`en-US@posix` of a system without a locale) gets charts all the same: the
 * library makes number formats of the tag as it is loaded, and would throw.
 * Source: docs/ux.md "pages: seed".
 */
import type uPlot from 'uplot'

function languageWorks(): boolean {
  try {
    new Intl.NumberFormat(navigator.language).format(0)
    return true
  } catch {
    return false
  }
}

let loading: Promise<typeof uPlot> | null = null

/** Loads the library once. */
export function loadPlot(): Promise<typeof uPlot> {
  if (!languageWorks()) Object.defineProperty(navigator, 'language', { value: 'en-US', configurable: true })
  loading ??= import('uplot').then((module) => module.default)
  return loading
}
