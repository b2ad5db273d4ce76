/*
 * alertKeys: what a key means on the page of alerts.
 * In: key presses as plain data, whether a choice of durations is open. Out: an act, or null when the key is not of this page.
 * Invariant: single letters never act inside fields, behind a dialog, or as the second key of a pair: `g a` goes to the page and acknowledges nothing.
 * Source: docs/ux.md "pages: alerts", "keyboard map".
 */
export type AlertKey =
  | 'ack'
  | 'ack-note'
  | 'ack-group'
  | 'shelve'
  | 'escalate'
  | 'open'
  | 'select'
  | 'changed'
  | 'undo'
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'close'
  | { readonly shelveFor: number }

const KEYS: Readonly<Record<string, AlertKey>> = {
  a: 'ack',
  A: 'ack-note',
  G: 'ack-group',
  s: 'shelve',
  e: 'escalate',
  o: 'open',
  x: 'select',
  w: 'changed',
  z: 'undo',
  j: 'down',
  k: 'up',
  ArrowDown: 'down',
  ArrowUp: 'up',
  Home: 'first',
  End: 'last',
}

export interface AlertPress {
  readonly key: string
  readonly isHeld: boolean
  readonly inField: boolean
  readonly behindDialog: boolean
  /** The key before it began a pair that is still open. */
  readonly afterPrefix: boolean
  readonly letters: boolean
  /** The durations are asked for: digits choose, Escape leaves. */
  readonly isShelving: boolean
}

/** Reads one key press. */
export function alertKeyOf(press: AlertPress): AlertKey | null {
  if (press.isHeld || press.inField || press.behindDialog || press.afterPrefix) return null
  if (press.isShelving) {
    if (/^[1-4]$/.test(press.key)) return { shelveFor: Number(press.key) }
    if (press.key === 'Escape') return 'close'
  }
  const key = KEYS[press.key] ?? null
  return press.key.length === 1 && !press.letters ? null : key
}

/** The durations behind the digits; null lasts until it clears, at most 24 hours, and asks for a reason. */
export const SHELVE_CHOICES: readonly {
  readonly key: string
  readonly label: string
  readonly minutes: number | null
}[] = Object.freeze([
  { key: '1', label: '15 min', minutes: 15 },
  { key: '2', label: '1 h', minutes: 60 },
  { key: '3', label: '4 h', minutes: 240 },
  { key: '4', label: 'until it clears, at most 24 h', minutes: null },
])

/** Notes that are written often. */
export const NOTE_TEMPLATES = Object.freeze(['looking', 'known, ticket', 'false alarm'] as const)
