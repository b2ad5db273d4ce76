/*
 * URL state: what a shared link carries: run, metric, mode, selection, open twin and inspector, what is compared with, rows of a layer, moment.
 * In: a query string. Out: a typed page state and back.
 * Invariant: anything malformed in a link is ignored, never shown; writing and reading is the identity.
 * Source: features H7; docs/ux.md "principles" 6.
 */
import { baselineText, parseBaseline } from '../contracts/baselineWords.ts'
import { isWireId } from '../contracts/wireIdText.ts'
import { parseAt, parseSpeed } from './conductor.ts'

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
  /** A run, live or recorded, that is compared in place of the shown one. */
  readonly first: string | null
  /** What the pictures are compared with, as lib/contracts/baseline.ts writes it; null shows values. */
  readonly delta: string | null
  /** Seeds that a layer's page lists first. */
  readonly pins: readonly number[]
  /** Order, filter and window of a layer's page, as that page writes them. */
  readonly rows: string | null
  /** The moment of the past that is shown: the id of an entry, Unix ms, or ISO 8601 in UTC; null shows the present. */
  readonly at: string | null
  /** How the moment moves on: `4`, `-0.5`; null stands. */
  readonly speed: string | null
}

const MAX_PINS = 32

export const DEFAULT_PAGE_STATE: PageState = Object.freeze({
  runId: null,
  metric: null,
  mode: 'value',
  selection: null,
  inspector: false,
  table: false,
  compare: null,
  first: null,
  delta: null,
  pins: Object.freeze([]),
  rows: null,
  at: null,
  speed: null,
})

/** Names of the parts of a query string that are this state's. */
export const PAGE_STATE_KEYS = [
  'run',
  'metric',
  'mode',
  'layer',
  'seed',
  'inspect',
  'table',
  'compare',
  'first',
  'delta',
  'pins',
  'rows',
  'at',
  'speed',
] as const

const id = (value: string | null): string | null => (value !== null && isWireId(value) ? value : null)

const baseline = (text: string | null): string | null => {
  const found = text === null ? null : parseBaseline(text)
  return found === null ? null : baselineText(found)
}
const seeds = (text: string | null): readonly number[] => {
  const parts = (text ?? '').split(',').filter((part) => /^\d{1,5}$/.test(part))
  return [...new Set(parts.map(Number))].slice(0, MAX_PINS)
}

const moment = (text: string | null): string | null => (text !== null && parseAt(text) !== null ? text : null)
const pace = (text: string | null): string | null =>
  text !== null && parseSpeed(text.replace(/^-/, '')) !== null ? text : null

/** Parses a query string; never throws. */
export function parsePageState(search: string): PageState {
  const query = new URLSearchParams(search)
  const layerId = id(query.get('layer'))
  const seed = query.get('seed')
  const at = moment(query.get('at'))
  const seedId = seed !== null && /^\d{1,8}$/.test(seed) ? Number(seed) : null
  return {
    runId: id(query.get('run')),
    metric: id(query.get('metric')),
    mode: query.get('mode') === 'state' ? 'state' : 'value',
    selection: layerId !== null && seedId !== null ? { layerId, seedId } : null,
    inspector: query.get('inspect') === '1',
    table: query.get('table') === '1',
    compare: id(query.get('compare')),
    first: id(query.get('first')),
    delta: baseline(query.get('delta')),
    pins: seeds(query.get('pins')),
    rows: /^[\w.:;,+-]{1,300}$/.exec(query.get('rows') ?? '')?.[0] ?? null,
    at,
    speed: at === null ? null : pace(query.get('speed')),
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
  if (state.first !== null) query.set('first', state.first)
  if (state.delta !== null) query.set('delta', state.delta)
  if (state.pins.length > 0) query.set('pins', state.pins.join(','))
  if (state.rows !== null) query.set('rows', state.rows)
  if (state.at !== null) query.set('at', state.at)
  if (state.at !== null && state.speed !== null) query.set('speed', state.speed)
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
