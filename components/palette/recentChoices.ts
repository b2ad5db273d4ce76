/* Recent choices of the palette: ids only, newest first, at most eight, kept in this browser; damage is an empty list. */
const STORE_KEY = 'morphoscope.recent'
const MAX_RECENT = 8

type Store = Pick<Storage, 'getItem' | 'setItem'>

/** Reads the ids; never throws. */
export function readRecent(store: Store): readonly string[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(STORE_KEY) ?? '[]')
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string').slice(0, MAX_RECENT) : []
  } catch {
    return []
  }
}

/** Puts an id first. A store that keeps nothing is no reason to fail. */
export function noteChoice(store: Store, id: string): void {
  try {
    const others = readRecent(store).filter((other) => other !== id)
    store.setItem(STORE_KEY, JSON.stringify([id, ...others].slice(0, MAX_RECENT)))
  } catch {
    // Private windows of some browsers: the palette works, without a memory.
  }
}
