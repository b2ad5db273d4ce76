import { DEFAULT_PAGE_STATE, parsePageState, toSearch, type PageState } from '../../lib/live/urlState.ts'

/** Keeps the page state of this browser tab; every change is written to the URL, so that a copied link is the page. */
export interface PageStore {
  get(): PageState
  set(change: Partial<PageState>): void
  subscribe(listener: () => void): () => void
  readLocation(): void
}

/** Creates a store with the default state; `readLocation` takes the link's. */
export function createPageStore(): PageStore {
  let state: PageState = DEFAULT_PAGE_STATE
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change }
      history.replaceState(history.state, '', `${location.pathname}${toSearch(state)}`)
      tell()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readLocation() {
      state = parsePageState(location.search)
      tell()
    },
  }
}
