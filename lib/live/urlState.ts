/*
 * URL state: what a shared link carries: run, metric, mode, selection, open twin and inspector.
 * In: a query string. Out: a typed page state and back.
 * Invariant: anything malformed in a link is ignored, never shown; writing and reading is the identity.
 * Source: features H7; docs/ux.md "principles" 6.
 */
import { WireId } from '../contracts/ids.ts'

export interface SeedRef {
  readonly layerId: string
  readonly seedId: number
}

export interface PageState {
  readonly runId: string | null
  readonly metric: string | null
  readonly mode: 'value' | 'state'
  readonly selection: SeedRef | null
  readonly inspector: boolean
  readonly table: boolean
  /** A run, live or recorded, that the shown one is compared with. */
  readonly compare: string | null
}

export const DEFAULT_PAGE_STATE: PageState = Object.freeze({
  runId: null,
  metric: null,
  mode: 'value',
  selection: null,
  inspector: false,
  table: false,
  compare: null,
})

/** Names of the parts of a query string that are this state's. */
export const PAGE_STATE_KEYS = ['run', 'metric', 'mode', 'layer', 'seed', 'inspect', 'table', 'compare'] as const

const id = (value: string | null): string | null => (value !== null && WireId.safeParse(value).success ? value : null)

/** Parses a query string; never throws. */
export function parsePageState(search: string): PageState {
  const query = new URLSearchParams(search)
  const layerId = id(query.get('layer'))
  const seed = query.get('seed')
  const seedId = seed !== null && /^\d{1,8}$/.test(seed) ? Number(seed) : null
  return {
    runId: id(query.get('run')),
    metric: id(query.get('metric')),
    mode: query.get('mode') === 'state' ? 'state' : 'value',
    selection: layerId !== null && seedId !== null ? { layerId, seedId } : null,
    inspector: query.get('inspect') === '1',
    table: query.get('table') === '1',
    compare: id(query.get('compare')),
  }
}

/** Writes the query string of a state, without what is default; empty or starting with "?". */
export function toSearch(state: PageState): string {
  const query = new URLSearchParams()
  if (state.runId !== null) query.set('run', state.runId)
  if (state.metric !== null) query.set('metric', state.metric)
  if (state.mode === 'state') query.set('mode', 'state')
  if (state.selection) {
    query.set('layer', state.selection.layerId)
    query.set('seed', String(state.selection.seedId))
  }
  if (state.inspector) query.set('inspect', '1')
  if (state.table) query.set('table', '1')
  if (state.compare !== null) query.set('compare', state.compare)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
