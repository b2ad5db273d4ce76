/*
 * layerRows: which seeds of a layer a page lists, and in which order.
 * In: one copy of the columns, a filter, an order. Out: seed numbers, kept under an id; the layer's distribution.
 * Invariant: under one id an order never changes; the same order has the same id; the number kept is bounded, the oldest go first.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; features A6, A8, A17.
 */
import { LAYER_LIMITS, type LayerRows, type LayerRowsQuery } from '../../lib/contracts/httpLayer.ts'
import type { SeedStateName } from '../../lib/contracts/httpShapes.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { NEVER_STATE_ID, stateByte } from '../../lib/frames/layerMirror.ts'
import { CELL_STEPS, quantizeColumn, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { indexAt, openPast } from './layerPast.ts'
import type { KnownRun } from './runBook.ts'

const KEPT_ORDERS = 64
const NO_COLUMN = new Float32Array(0)

/** One copy of the columns that a list needs. */
export interface RowColumns {
  readonly rows: number
  readonly state: Uint8Array
  readonly value: Float32Array
  readonly health: Float32Array
  readonly ticks: Float32Array
  readonly generation: Float32Array
  readonly rowTimes: Float64Array
  readonly meta: Float64Array
}

const columnNames = (metric: string) => ['state', metric, 'health_score', 'ticks_in_state', 'generation'] as const

/** Copies only those columns, whole and of one tick. */
export function copyRowColumns(run: KnownRun, layer: number, metric: string): RowColumns {
  const table = run.tables[layer]!
  const { rows } = table.shape
  const names = columnNames(metric)
  const columns = names.map((name) => columnIndex(run.descriptor.seed_columns, name))
  const copies = columns.map((column) => (column < 0 ? NO_COLUMN : new Float32Array(rows)))
  const meta = new Float64Array(table.meta.length).fill(Number.NaN)
  const rowTimes = new Float64Array(table.rowTimes.length)
  table.read((source) => {
    columns.forEach((column, at) => {
      if (column >= 0) copies[at]!.set(source.seeds.subarray(column * rows, (column + 1) * rows))
    })
    meta.set(source.meta)
    rowTimes.set(source.rowTimes)
  })
  const [state, value, health, ticks, generation] = copies as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const bytes = new Uint8Array(rows).fill(NEVER_STATE_ID)
  for (let row = 0; row < state.length; row++) bytes[row] = stateByte(state[row]!)
  return { rows, state: bytes, value, health, ticks, generation, rowTimes, meta }
}

/** The same columns as they were at a moment, with the time and tick of that picture; null when none of it is kept. */
export function pastRowColumns(
  run: KnownRun,
  layer: number,
  metric: string,
  momentMs: number,
): { readonly columns: RowColumns; readonly atMs: number; readonly tick: number } | null {
  const past = openPast(run, layer)
  const index = past === null ? null : indexAt(past, momentMs)
  if (past === null || index === null) return null
  const { rows } = past
  const [atMs, tick] = [past.atMs(index), past.tick(index)]
  const state = new Uint8Array(rows)
  const stateColumn = columnIndex(run.descriptor.seed_columns, 'state')
  if (stateColumn < 0 || !past.bytes(index, stateColumn, state)) state.fill(NEVER_STATE_ID)
  const [, value, health, ticks, generation] = columnNames(metric).map((name) => {
    const column = columnIndex(run.descriptor.seed_columns, name)
    const values = new Float32Array(column < 0 ? 0 : rows)
    // A column that is not kept is unmeasured then.
    if (column >= 0 && !past.values(index, column, values)) values.fill(Number.NaN)
    return values
  })
  // While it was read the ring may have come round to it.
  if (past.atMs(index) !== atMs) return null
  const { meta: now, rowTimes } = run.tables[layer]!
  const meta = new Float64Array(now.length).fill(Number.NaN)
  meta[TABLE_META.ingestMs] = atMs
  meta[TABLE_META.tick] = tick
  return {
    columns: {
      rows,
      state,
      value: value!,
      health: health!,
      ticks: ticks!,
      generation: generation!,
      // Of seeds that are reported one by one it is not kept when each was.
      rowTimes: new Float64Array(rowTimes.length).fill(Number.NaN),
      meta,
    },
    atMs,
    tick,
  }
}

export const stateNameOf = (byte: number): SeedStateName => SEED_STATES[byte] ?? 'UNKNOWN'

/** Tells which seeds the filter lets through; pinned ones are listed anyway and are not among them. */
export function matchingRows(columns: RowColumns, scores: Float32Array, query: LayerRowsQuery): Uint32Array {
  const { states, min, max, unusual, ids } = query
  const pins = new Set(query.pins ?? [])
  const wanted = states === undefined ? null : new Set<SeedStateName>(states)
  const kept: number[] = []
  for (let row = 0; row < columns.rows; row++) {
    if (pins.has(row)) continue
    if (wanted !== null && !wanted.has(stateNameOf(columns.state[row]!))) continue
    const value = columns.value[row] ?? Number.NaN
    // What is unmeasured lies in no range.
    if (min !== undefined && !(value >= min)) continue
    if (max !== undefined && !(value <= max)) continue
    if (unusual !== undefined && !(Math.abs(scores[row]!) >= unusual)) continue
    if (ids !== undefined && !ids.some(([from, to]) => row >= from && row <= to)) continue
    kept.push(row)
  }
  return Uint32Array.from(kept)
}

export interface KeptOrder {
  readonly id: string
  /** Pinned seeds first. */
  readonly order: Uint32Array
  readonly pinned: number
  readonly groups: readonly number[]
  readonly said: string | null
}

export interface OrderBook {
  /** Gives the order kept under this id for this layer; undefined when it was let go. */
  get(scope: string, id: string): KeptOrder | undefined
  /** Keeps an order; one that is kept already keeps its id. */
  keep(scope: string, order: Omit<KeptOrder, 'id'>): KeptOrder
}

const sameOrder = (a: Omit<KeptOrder, 'id'>, b: Omit<KeptOrder, 'id'>): boolean =>
  a.pinned === b.pinned && a.order.length === b.order.length && a.order.every((row, at) => row === b.order[at])

/** Creates an empty book. */
export function createOrderBook(): OrderBook {
  const kept: { readonly scope: string; readonly order: KeptOrder }[] = []
  let number = 0
  return {
    get(scope, id) {
      const at = kept.findIndex((entry) => entry.scope === scope && entry.order.id === id)
      if (at < 0) return undefined
      const [entry] = kept.splice(at, 1)
      kept.push(entry!)
      return entry!.order
    },
    keep(scope, order) {
      const same = kept.find((entry) => entry.scope === scope && sameOrder(entry.order, order))
      if (same !== undefined) return { ...same.order, said: order.said, groups: order.groups }
      const added = { ...order, id: `o${(++number).toString(36)}` }
      kept.push({ scope, order: added })
      if (kept.length > KEPT_ORDERS) kept.shift()
      return added
    },
  }
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Counts the values in equal classes of the display range, on the metric's own scale. */
export function distributionOf(
  values: Float32Array,
  rows: number,
  column: MetricColumn,
  { median, mad }: { readonly median: number; readonly mad: number },
): LayerRows['distribution'] {
  const cells = new Uint8Array(values.length)
  quantizeColumn(values, column, cells)
  const counts = Array.from({ length: LAYER_LIMITS.classes }, () => 0)
  let [below, above, measured] = [0, 0, 0]
  let [least, greatest] = [Number.NaN, Number.NaN]
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]!
    if (cell === UNMEASURED_CELL) continue
    const value = values[row]!
    measured++
    if (value < column.min) below++
    if (value > column.max) above++
    if (!(least <= value)) least = value
    if (!(greatest >= value)) greatest = value
    counts[Math.min(counts.length - 1, Math.floor((cell / (CELL_STEPS + 1)) * counts.length))]!++
  }
  return {
    counts,
    below,
    above,
    measured,
    unmeasured: rows - measured,
    median: orNull(median),
    mad: orNull(mad),
    least: orNull(least),
    greatest: orNull(greatest),
  }
}

/** Age of one seed: its own where seeds are reported singly, else that of the layer. */
export function rowAge(columns: RowColumns, row: number, nowMs: number): number | null {
  const atMs =
    columns.rowTimes.length > 0
      ? columns.rowTimes[row]!
      : columns.state[row] === NEVER_STATE_ID && !Number.isFinite(columns.value[row] ?? Number.NaN)
        ? Number.NaN
        : columns.meta[TABLE_META.ingestMs]!
  return Number.isFinite(atMs) ? Math.max(0, nowMs - atMs) : null
}
