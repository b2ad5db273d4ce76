/*
 * Page store: run, metric, mode, selection of this browser tab, kept in its address.
 * In: the location, changes. Out: the state, to subscribers.
 * Invariant: every change is written to the address, so that a copied link is the page; on a seed's page the path is the selection.
 * Source: features H7; docs/ux.md "principles" 6.
 */
import {
  DEFAULT_PAGE_STATE,
  PAGE_STATE_KEYS,
  parsePageState,
  toSearch,
  type PageState,
} from '../../lib/live/urlState.ts'
import { hrefOf, seedOfPath } from './pageLinks.ts'

export interface PageStore {
  get(): PageState
  set(change: Partial<PageState>): void
  subscribe(listener: () => void): () => void
  readLocation(): void
  /** The path whose words the state holds; null before the first reading. */
  pathRead(): string | null
}

/** What a page keeps in its address for itself, and its fragment, outlive a change of the page state. */
export function keepOthers(href: string, { search, hash }: Pick<Location, 'search' | 'hash'>): string {
  const others = new URLSearchParams(search)
  for (const key of PAGE_STATE_KEYS) others.delete(key)
  const added = others.toString()
  return `${href}${added === '' ? '' : `${href.includes('?') ? '&' : '?'}${added}`}${hash}`
}

/** Creates a store with the default state; `readLocation` takes the link's. */
export function createPageStore(): PageStore {
  let state: PageState = DEFAULT_PAGE_STATE
  let path: string | null = null
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change }
      history.replaceState(history.state, '', keepOthers(hrefOf(location.pathname, state), location))
      tell()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    readLocation() {
      const said = parsePageState(location.search)
      const ofPath = seedOfPath(location.pathname)
      const next = ofPath ? { ...said, selection: ofPath } : said
      const same = path !== null && toSearch(next) === toSearch(state)
      path = location.pathname
      if (same) return
      state = next
      tell()
    },
    pathRead: () => path,
  }
}
