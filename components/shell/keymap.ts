/*
 * Keymap: which key does what, for the handler and for the help overlay alike.
 * In: key events as plain data. Out: an action or null.
 * Invariant: single letters never act inside inputs, and can be switched off altogether.
 * Source: docs/ux.md "keyboard map"; features H1.
 */
export type PageAction =
  | 'go-live-page'
  | 'go-layers'
  | 'go-run'
  | 'go-bus'
  | 'help'
  | 'metric'
  | 'theme'
  | 'pause'
  | 'inspector'
  | 'copy-link'
  | 'go-live'
  | 'table'
  | 'close'
  | 'focus-heatmap'

export interface KeyPress {
  readonly key: string
  readonly ctrl: boolean
  readonly alt: boolean
  readonly meta: boolean
  /** The focus is in a field that takes text or a choice. */
  readonly inField: boolean
  /** The focus is on something that Space or Enter already presses. */
  readonly onControl: boolean
}

export const KEY_HELP: readonly { readonly keys: readonly string[]; readonly does: string }[] = Object.freeze([
  { keys: ['g', 'l'], does: 'Live page' },
  { keys: ['g', 'y'], does: 'Layers' },
  { keys: ['g', 'o'], does: 'Run: curve, growth, blueprints' },
  { keys: ['g', 'b'], does: 'Bus' },
  { keys: ['←', '→', '↑', '↓'], does: 'Move between seeds (also h j k l), in the heatmap' },
  { keys: ['Home', 'End'], does: 'First or last seed of the layer' },
  { keys: ['Enter'], does: 'Open the inspector for the seed' },
  { keys: ['i'], does: 'Inspector on or off' },
  { keys: ['[', ']'], does: 'Seed before or after, on the page of a seed' },
  { keys: ['s'], does: 'Focus the heatmap' },
  { keys: ['m'], does: 'Next metric, then states' },
  { keys: ['Space'], does: 'Pause or go on' },
  { keys: ['n'], does: 'Go live' },
  { keys: ['y'], does: 'Copy a link to exactly this view' },
  { keys: ['t'], does: 'Theme: auto, dark, light' },
  { keys: ['Ctrl', 'Alt', 'T'], does: 'Table instead of heatmap' },
  { keys: ['?'], does: 'This help' },
  { keys: ['Esc'], does: 'Close, or drop the selection' },
])

const SINGLE: Readonly<Record<string, PageAction>> = {
  '?': 'help',
  m: 'metric',
  t: 'theme',
  i: 'inspector',
  y: 'copy-link',
  n: 'go-live',
  s: 'focus-heatmap',
}

/** Where the actions that go to a page lead. */
export const GO_PAGES = Object.freeze({
  'go-live-page': '/',
  'go-layers': '/layers',
  'go-run': '/run',
  'go-bus': '/bus',
} as const satisfies Partial<Record<PageAction, string>>)

const AFTER_G: Readonly<Record<string, PageAction>> = {
  l: 'go-live-page',
  y: 'go-layers',
  o: 'go-run',
  b: 'go-bus',
}

/** Decides what a key does. `prefix` is the letter pressed before ("g") or null; `letters` false switches single keys off. */
export function actionOf(press: KeyPress, prefix: string | null, letters: boolean): PageAction | 'prefix' | null {
  if (press.ctrl && press.alt && press.key.toLowerCase() === 't') return 'table'
  if (press.ctrl || press.alt || press.meta) return null
  if (press.key === 'Escape') return 'close'
  if (press.inField || !letters) return null
  if (press.key === ' ') return press.onControl ? null : 'pause'
  if (prefix === 'g') return AFTER_G[press.key] ?? null
  if (press.key === 'g') return 'prefix'
  return SINGLE[press.key] ?? null
}
