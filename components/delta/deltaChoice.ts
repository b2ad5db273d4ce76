/*
 * Delta choice: which moments can be compared with, and what the key `d` goes back to.
 * In: a baseline as text. Out: choices with their words; the change of the page state.
 * Invariant: a baseline that can not be read is none; switching delta on leaves the state mode, because states have no difference.
 * Source: docs/ux.md "delta mode"; features A5.
 */
import { parseBaseline } from '../../lib/contracts/baselineWords.ts'
import { formatUtc } from '../../lib/live/formatValue.ts'
import type { PageState } from '../../lib/live/urlState.ts'

export const DELTA_AGO: readonly { readonly text: string; readonly label: string }[] = [
  { text: 'ago-60', label: '1 min ago' },
  { text: 'ago-300', label: '5 min ago' },
  { text: 'ago-900', label: '15 min ago' },
]

let lastChosen = 'ago-300'

/** Chooses a baseline, or none. */
export function chooseDelta(delta: string | null): Pick<PageState, 'delta'> & Partial<PageState> {
  if (delta === null) return { delta }
  lastChosen = delta
  return { delta, mode: 'value' }
}

/** What the key does: off, or on with what was chosen last. */
export function toggleDelta(delta: string | null): Partial<PageState> {
  if (delta !== null) lastChosen = delta
  return chooseDelta(delta === null ? lastChosen : null)
}

/** Says a baseline before it was looked up. */
export function baselineWords(text: string): string {
  const baseline = parseBaseline(text)
  if (baseline === null) return ''
  if (baseline.kind === 'at') return `${formatUtc(baseline.atMs)} UTC`
  if (baseline.kind === 'run') return `run ${baseline.runId}`
  const { seconds } = baseline
  return seconds % 60 === 0 ? `${seconds / 60} min ago` : `${seconds} s ago`
}
