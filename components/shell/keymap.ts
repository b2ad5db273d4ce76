/*
 * Keymap: every action a key can do, its usual keys, and what a key press means under the keys in force.
 * In: key events as plain data, bindings. Out: an action, a prefix or null; the map in words.
 * Invariant: one table feeds the handler, the help overlay and the palette; single letters never act inside inputs.
 * Source: docs/ux.md "keyboard map"; features H1.
 */
import { PAGES } from '../live/pageLinks.ts'
import type { TimeAction } from '../live/timeActions.ts'

export type ShellAction =
  | 'palette'
  | 'search'
  | 'help'
  | 'glossary'
  | 'metric'
  | 'theme'
  | TimeAction
  | 'inspector'
  | 'copy-link'
  | 'copy-value'
  | 'compose'
  | 'pick'
  | 'undo'
  | 'save-view'
  | 'load'
  | 'what-changed'
  | 'origin'
  | 'table'
  | 'delta'
  | 'close'
  | 'focus-heatmap'
/** `go:/bus` goes to a page of PAGES. */
export type PageAction = ShellAction | `go:${string}`

export interface KeyPress {
  readonly key: string
  readonly ctrl: boolean
  readonly alt: boolean
  readonly meta: boolean
  readonly shift?: boolean
  /** The focus is in a field that takes text or a choice. */
  readonly inField: boolean
  /** The focus is on something that Space or Enter already presses. */
  readonly onControl: boolean
}

export interface KeyAction {
  readonly action: PageAction
  /** Usual keys: `m`, `Space`, `Ctrl+K`, or two after each other, `g l`. Empty: none. */
  readonly keys: string
  readonly does: string
}

/** Every action that keys can be given to, in the order of the help overlay. A page of PAGES is one by itself. */
export const KEY_ACTIONS: readonly KeyAction[] = Object.freeze([
  { action: 'palette', keys: 'Ctrl+K', does: 'Find anything, do anything' },
  { action: 'search', keys: '/', does: 'Search layers, seeds, runs, metrics, events' },
  ...PAGES.map(({ path, label, key }): KeyAction => ({
    action: `go:${path}`,
    keys: key === '' ? '' : `g ${key}`,
    does: `Go to ${label}`,
  })),
  { action: 'focus-heatmap', keys: 's', does: 'Focus the heatmap' },
  { action: 'inspector', keys: 'i', does: 'Inspector on or off' },
  { action: 'compose', keys: 'c', does: 'Compose a command for the seed, or for the seeds that are picked' },
  {
    action: 'pick',
    keys: 'v',
    does: 'Pick seeds on the map: extend with the arrows, or drag with Shift (Alt takes away)',
  },
  { action: 'undo', keys: 'z', does: 'Take back the command that is still held' },
  { action: 'copy-value', keys: 'C', does: 'Copy the value of the seed, with where it comes from' },
  { action: 'origin', keys: 'V', does: 'Where the value comes from (also Alt and click)' },
  { action: 'what-changed', keys: 'w', does: 'What changed before this moment' },
  { action: 'metric', keys: 'm', does: 'Next metric, then states' },
  { action: 'delta', keys: 'd', does: 'Delta: difference to 5 minutes ago, or to what was chosen last' },
  { action: 'table', keys: 'Ctrl+Alt+T', does: 'Table instead of heatmap' },
  { action: 'pause', keys: 'Space', does: 'Pause or go on; in the past, play or stand' },
  { action: 'go-live', keys: 'n', does: 'Go live' },
  { action: 'event-back', keys: ',', does: 'The event before: into the past' },
  { action: 'event-on', keys: '.', does: 'In the past: the event after' },
  { action: 'tick-back', keys: 'Shift+ArrowLeft', does: 'One picture back: into the past' },
  { action: 'tick-on', keys: 'Shift+ArrowRight', does: 'In the past: one picture on' },
  { action: 'jump-back', keys: 'Ctrl+ArrowLeft', does: '10 s back: into the past' },
  { action: 'jump-on', keys: 'Ctrl+ArrowRight', does: 'In the past: 10 s on' },
  { action: 'slower', keys: '<', does: 'In the past: slower' },
  { action: 'faster', keys: '>', does: 'In the past: faster' },
  { action: 'reverse', keys: 'r', does: 'In the past: backwards or forwards' },
  { action: 'copy-link', keys: 'y', does: 'Copy a link to exactly this view' },
  { action: 'save-view', keys: '', does: 'Save this view under a name' },
  { action: 'load', keys: '', does: 'Generated load: start, watch, stop' },
  { action: 'theme', keys: 't', does: 'Theme: auto, dark, light' },
  { action: 'glossary', keys: '', does: 'Glossary: every metric and state explained' },
  { action: 'help', keys: '?', does: 'Keys: see and change them' },
])

/** Keys of widgets and of the browser's own: they can not be given to anything else. */
export const FIXED_KEYS: readonly { readonly keys: readonly string[]; readonly does: string }[] = Object.freeze([
  { keys: ['←', '→', '↑', '↓'], does: 'Move between seeds (also h j k l), in the heatmap; between rows, in lists' },
  { keys: ['Home', 'End'], does: 'First or last of a row or list' },
  { keys: ['Enter'], does: 'Open what is focused' },
  {
    keys: ['a', 'A', 'G', 's', 'e', 'o', 'x', 'z'],
    does: 'On the page of alerts: acknowledge; with a note; the group; shelve (then 1 to 4); escalate; open; select; take back',
  },
  { keys: ['p'], does: 'Pin the seed to the top, on the page of a layer' },
  { keys: ['[', ']'], does: 'Seed before or after, on the page of a seed' },
  { keys: ['Alt', 'Shift', 'X'], does: 'Emergency stop' },
  { keys: ['Esc'], does: 'Close, drop the selection, or let go of the picked seeds' },
])

export type Bindings = ReadonlyMap<PageAction, string>

/** The keys as they are shipped. */
export const USUAL_KEYS: Bindings = new Map(KEY_ACTIONS.map(({ action, keys }) => [action, keys]))

/** Writes a key press the way bindings are written: `m`, `Space`, `Ctrl+K`. Shift shows in the character itself, with arrows in words. */
export function chordOf({
  key,
  ctrl,
  alt,
  meta,
  shift = false,
}: Pick<KeyPress, 'key' | 'ctrl' | 'alt' | 'meta' | 'shift'>): string {
  const name = key === ' ' ? 'Space' : key
  // On a Mac Cmd stands where Ctrl stands elsewhere.
  const held = [
    ...(ctrl || meta ? ['Ctrl'] : []),
    ...(alt ? ['Alt'] : []),
    ...(shift && key.startsWith('Arrow') ? ['Shift'] : []),
  ]
  return held.length === 0 ? name : [...held, name.length === 1 ? name.toUpperCase() : name].join('+')
}

/** Decides what a key does. `prefix` is the key pressed before or null; `letters` false switches single keys off. */
export function actionOf(
  press: KeyPress,
  prefix: string | null,
  letters: boolean,
  bindings: Bindings = USUAL_KEYS,
): PageAction | 'prefix' | null {
  const chord = chordOf(press)
  if (chord === 'Escape') return 'close'
  const isHeld = press.ctrl || press.alt || press.meta
  if (!isHeld) {
    if (press.inField || !letters) return null
    if (press.onControl && (chord === 'Space' || chord === 'Enter')) return null
  }
  // In a field the arrows move and mark what is written there, whatever is held with them.
  if (press.inField && press.key.startsWith('Arrow')) return null
  const wanted = prefix === null || isHeld ? chord : `${prefix} ${chord}`
  let begins = false
  for (const [action, keys] of bindings) {
    if (keys === wanted) return action
    if (keys.startsWith(`${wanted} `)) begins = true
  }
  return begins ? 'prefix' : null
}

/** Splits keys into the caps that are shown: `g l` is two, `Ctrl+K` is two. */
export function keyCaps(keys: string): readonly string[] {
  return keys === '' ? [] : keys.split(' ').flatMap((chord) => (chord.length > 1 ? chord.split('+') : [chord]))
}

export const LETTERS_KEY = 'morphoscope.letters'
