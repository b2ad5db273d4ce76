/*
 * Value reference: which value on the page is meant, so that its origin can be asked for.
 * In: data attributes of the element that shows it. Out: a metric of a seed, or the bus entry that carried it.
 * Invariant: malformed attributes mean no value; writing and reading is the identity.
 * Source: docs/ux.md "number provenance".
 */
import type { EntryRef } from '../../lib/contracts/liveRecords.ts'

export type ValueRef =
  | { readonly kind: 'seed'; readonly layerId: string; readonly seedId: number; readonly metric: string }
  | {
      readonly kind: 'entry'
      /** What is shown, as it is shown. */
      readonly label: string
      readonly value: string
      readonly entry: EntryRef | null
      /** When it was measured or said, Unix ms. */
      readonly atMs: number | null
      readonly runId: string | null
      readonly step: number | null
      /** raw, or how it was thinned or computed on the way. */
      readonly quality: string
    }

/** The attribute by which an element says which value it shows. */
export const originData = (value: ValueRef): { readonly 'data-origin': string } => ({
  'data-origin': JSON.stringify(value),
})

/** Reads the value an element, or what it stands in, shows; null when it shows none. */
export function valueOfElement(element: Element | null): ValueRef | null {
  const text = element?.closest<HTMLElement>('[data-origin]')?.dataset['origin']
  if (text === undefined) return null
  try {
    const value = JSON.parse(text) as ValueRef
    return value.kind === 'seed' || value.kind === 'entry' ? value : null
  } catch {
    return null
  }
}
