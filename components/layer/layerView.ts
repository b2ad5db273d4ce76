/*
 * Layer view: order, filter and window of a layer's page, as one short text in its address and as a query.
 * In: the text of the address. Out: a view and back; the query that asks for its rows.
 * Invariant: reading and writing is the identity; what is malformed falls back to what shows everything.
 * Source: docs/ux.md "pages: layer"; features A6, H7.
 */
import { SORT_KEYS, type SortKey } from '../../lib/contracts/layerSorts.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'

export const WINDOWS_S = [300, 900] as const
/** From here on a value is unusual among its siblings. */
export const UNUSUAL = 3.5

export interface LayerView {
  readonly sort: SortKey
  readonly down: boolean
  readonly seconds: (typeof WINDOWS_S)[number]
  /** Names of states; none means all. */
  readonly states: readonly string[]
  readonly min: number | null
  readonly max: number | null
  readonly unusual: boolean
  /** "3,17,40-59", or empty. */
  readonly ids: string
}

export const DEFAULT_LAYER_VIEW: LayerView = Object.freeze({
  sort: 'seed',
  down: false,
  seconds: 300,
  states: Object.freeze([]),
  min: null,
  max: null,
  unusual: false,
  ids: '',
})

const IDS = /^\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*$/
const STATE_NAMES: ReadonlySet<string> = new Set([...SEED_STATES, 'UNKNOWN'])

const numberOf = (text: string | undefined): number | null => {
  const value = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

/** Brings what somebody typed into the form that is asked for; null when it names no seeds. */
export function parseIds(text: string): string | null {
  const plain = text.replaceAll(/\s/g, '')
  return plain === '' || IDS.test(plain) ? plain : null
}

/** Reads a view. */
export function parseLayerView(text: string | null): LayerView {
  const parts = new Map((text ?? '').split(';').map((part) => [part.split(':')[0], part.slice(part.indexOf(':') + 1)]))
  const [key, direction] = (parts.get('s') ?? '').split('.')
  const ids = parts.get('i') ?? ''
  return {
    sort: SORT_KEYS.find((sort) => sort === key) ?? 'seed',
    down: direction === 'd',
    seconds: parts.get('w') === '900' ? 900 : 300,
    states: (parts.get('t') ?? '').split(',').filter((state) => STATE_NAMES.has(state)),
    min: numberOf(parts.get('min')),
    max: numberOf(parts.get('max')),
    unusual: parts.get('u') === '1',
    ids: IDS.test(ids) ? ids : '',
  }
}

/** Writes a view; null when it is the default. */
export function layerViewText(view: LayerView): string | null {
  const parts = [
    view.sort === 'seed' && !view.down ? '' : `s:${view.sort}${view.down ? '.d' : ''}`,
    view.seconds === 300 ? '' : `w:${view.seconds}`,
    view.states.length === 0 ? '' : `t:${view.states.join(',')}`,
    view.min === null ? '' : `min:${view.min}`,
    view.max === null ? '' : `max:${view.max}`,
    view.unusual ? 'u:1' : '',
    view.ids === '' ? '' : `i:${view.ids}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? null : parts.join(';')
}

/** Whether anything is left out. */
export function isFiltered(view: LayerView): boolean {
  return view.states.length > 0 || view.min !== null || view.max !== null || view.unusual || view.ids !== ''
}

/** What asks for the rows of a view. */
export function rowsQuery(
  view: LayerView,
  asked: {
    readonly run: string | null
    readonly metric: string
    readonly pins: readonly number[]
    readonly delta: string | null
    readonly first: number
    readonly count: number
    readonly order: string | null
    /** The moment that is shown, Unix ms; null for now. */
    readonly at: number | null
    /** It is one of the past, told from the record. */
    readonly isPast: boolean
  },
): string {
  const query = new URLSearchParams({ metric: asked.metric, sort: view.sort, down: view.down ? '1' : '0' })
  if (asked.run !== null) query.set('run', asked.run)
  if (asked.first > 0) query.set('first', String(asked.first))
  query.set('count', String(asked.count))
  if (asked.pins.length > 0) query.set('pins', asked.pins.join(','))
  if (view.states.length > 0) query.set('states', view.states.join(','))
  if (view.min !== null) query.set('min', String(view.min))
  if (view.max !== null) query.set('max', String(view.max))
  if (view.unusual) query.set('unusual', String(UNUSUAL))
  if (view.ids !== '') query.set('ids', view.ids)
  if (view.sort === 'similar') query.set('seconds', String(view.seconds))
  if (asked.delta !== null) query.set('base', asked.delta)
  if (asked.order !== null) query.set('order', asked.order)
  if (asked.at !== null) query.set('at', String(asked.at))
  if (asked.isPast) query.set('source', 'record')
  return query.toString()
}
