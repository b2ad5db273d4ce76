/*
 * Key bindings: the keys this browser's operator chose, over the usual ones.
 * In: a storage, wishes. Out: bindings in force; a refusal in words.
 * Invariant: no two actions share a key, no key begins another's pair, no key of a widget or the browser is taken; what a storage
 * holds is checked like a wish.
 * Source: docs/ux.md "keyboard map"; features H1.
 */
import { KEY_ACTIONS, USUAL_KEYS, type Bindings, type PageAction } from './keymap.ts'

const STORE_KEY = 'morphoscope.keys'

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const WIDGET_KEYS = new Set(
  `Escape Tab Enter Home End PageUp PageDown ArrowUp ArrowDown ArrowLeft ArrowRight Backspace Delete h j k l [ ]`.split(
    ' ',
  ),
)
/** What browsers do themselves and mostly do not let a page have. */
const BROWSER_KEYS = new Set('CVXZAWTNQRLFPS0+-'.split('').map((key) => `Ctrl+${key}`))
const ALONE = new Set(['Shift', 'Control', 'Alt', 'Meta', 'AltGraph', 'CapsLock', 'Dead', 'Unidentified', 'Process'])

/** Tells whether a press is only a held key so far. */
export function isHalfPress(key: string): boolean {
  return ALONE.has(key)
}

const nameOf = (action: PageAction): string => KEY_ACTIONS.find((entry) => entry.action === action)?.does ?? action

/** Says in words why these keys can not be given to this action; null when they can. Empty keys take the key away. */
export function refusalOf(action: PageAction, keys: string, bindings: Bindings): string | null {
  if (keys === '') return action === 'help' ? 'The way to this dialog can not be left without a key.' : null
  const chords = keys.split(' ')
  if (chords.length > 2 || chords.some((chord) => chord === '' || chord.length > 24))
    return 'One key, or two after each other, can be chosen.'
  const [first = '', second] = chords
  if (WIDGET_KEYS.has(first)) return `${first} moves or closes things in every list: choose another key.`
  if (BROWSER_KEYS.has(first)) return `${first} belongs to the browser: choose another key.`
  if (second !== undefined && first.includes('+')) return 'Only plain keys can begin a pair.'
  for (const [other, taken] of bindings) {
    if (other === action || taken === '') continue
    if (taken === keys) return `${keys} already does: ${nameOf(other)}. Change that one first.`
    if (taken.startsWith(`${keys} `)) return `${keys} begins ${taken} (${nameOf(other)}), so it can not stand alone.`
    if (keys.startsWith(`${taken} `)) return `${taken} alone already does: ${nameOf(other)}.`
  }
  return null
}

/** Reads the keys in force; what can not be kept beside the others falls back to its usual keys. Never throws. */
export function readBindings(store: Store): Bindings {
  const changes = new Map(
    Object.entries(readChanges(store)).filter((entry): entry is [PageAction, string] =>
      USUAL_KEYS.has(entry[0] as PageAction),
    ),
  )
  // All changes together, not one after the other: two actions may have exchanged their keys.
  for (;;) {
    const bindings = new Map([...USUAL_KEYS, ...changes])
    const refused = [...changes].find(([action, keys]) => refusalOf(action, keys, bindings) !== null)
    if (refused === undefined) return bindings
    changes.delete(refused[0])
  }
}

function readChanges(store: Store): Readonly<Record<string, string>> {
  try {
    const kept: unknown = JSON.parse(store.getItem(STORE_KEY) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return {}
    return Object.fromEntries(Object.entries(kept).filter(([, keys]) => typeof keys === 'string'))
  } catch {
    // Damaged or forbidden storage: the usual keys.
    return {}
  }
}

/** Keeps one change; answers a refusal in words, and changes nothing then. */
export function bindKeys(store: Store, action: PageAction, keys: string): string | null {
  const refusal = refusalOf(action, keys, readBindings(store))
  if (refusal !== null) return refusal
  const { [action]: _, ...others } = readChanges(store)
  return write(store, USUAL_KEYS.get(action) === keys ? others : { ...others, [action]: keys })
}

/** Back to the usual keys. */
export function resetBindings(store: Store): string | null {
  return write(store, {})
}

function write(store: Store, changes: Readonly<Record<string, string>>): string | null {
  try {
    if (Object.keys(changes).length === 0) store.removeItem(STORE_KEY)
    else store.setItem(STORE_KEY, JSON.stringify(changes))
    return null
  } catch {
    return 'This browser keeps nothing for this page, so the change can not be kept.'
  }
}
