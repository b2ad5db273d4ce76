/*
 * Palette entries: what the command palette can list, and how other parts of the product add to it.
 * In: providers. Out: the providers in force; the types they are made of.
 * Invariant: a provider never lists everything: it answers a query with a few entries and says how many there were.
 * Source: docs/ux.md "command palette"; features H2.
 */
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { RunEntry } from '../../lib/contracts/httpRuns.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import type { Bindings, PageAction } from '../shell/keymap.ts'
import type { SavedView } from '../shell/savedViews.ts'
import type { Overlay } from '../shell/ShellContext.tsx'
import type { IconName } from '../ui/Icon.tsx'

/** What the palette sees of the product when it is asked. */
export interface PaletteContext {
  /** Live runs, newest first. */
  readonly runs: readonly RunView[]
  readonly shown: RunView | null
  readonly state: PageState
  readonly paused: boolean
  /** Of the shown run, oldest first. */
  readonly events: readonly LiveRecord[]
  /** Recorded runs; null until the server has answered. */
  readonly recorded: readonly RunEntry[] | null
  /** Streams that were read; null until the server has answered. */
  readonly topics: readonly string[] | null
  /** Open alerts, the most urgent ones; null until the server has answered. */
  readonly alerts: readonly AlertItem[] | null
  readonly views: readonly SavedView[]
  readonly bindings: Bindings
}

/** What choosing an entry may do. */
export interface PaletteHands {
  act(action: PageAction): void
  show(overlay: Overlay): void
  /** Goes to a path with the selection kept; `change` is taken over first. */
  go(path: string, change?: Partial<PageState>): void
  /** Goes to exactly this address. */
  open(href: string): void
  set(change: Partial<PageState>): void
  setTheme(theme: 'auto' | 'dark' | 'light'): void
}

export interface PaletteEntry {
  /** Unique and lasting: recent choices are kept by it. */
  readonly id: string
  readonly label: string
  /** In the second place: where it is, what it would do. */
  readonly hint?: string
  readonly icon: IconName
  /** Keys that do the same, as bindings are written. */
  readonly keys?: string
  /** How well it fits; scoreOf(). Higher is better. */
  readonly score: number
  choose(hands: PaletteHands): void
}

export interface PaletteAnswer {
  readonly entries: readonly PaletteEntry[]
  /** How many fit, those left out included. */
  readonly of: number
}

export interface PaletteProvider {
  readonly id: string
  /** Heading of its group. */
  readonly title: string
  /** An entity is found by search too; an action only in the palette. */
  readonly kind: 'entity' | 'action'
  /** Empty query: what is worth offering unasked. At most `limit` entries. */
  search(query: string, context: PaletteContext, limit: number): PaletteAnswer
  /** Finds an entry again by its id; null when it is no longer there. */
  find(id: string, context: PaletteContext): PaletteEntry | null
}

const providers: PaletteProvider[] = []

/** Adds a provider; answers its undo. Later ones are listed after earlier ones of the same rank. */
export function addPaletteProvider(provider: PaletteProvider): () => void {
  providers.push(provider)
  return () => {
    const at = providers.indexOf(provider)
    if (at >= 0) providers.splice(at, 1)
  }
}

/** The providers added so far. */
export function addedProviders(): readonly PaletteProvider[] {
  return providers
}

export const NOTHING: PaletteAnswer = Object.freeze({ entries: [], of: 0 })
