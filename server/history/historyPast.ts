/*
 * historyPast: the recorded past of a layer in the form that grids and series are made from.
 * In: a history, a layer, a window. Out: pictures by number, read column by column; series of a metric; tables of one moment.
 * Invariant: same forms and same functions as for the past in memory: what is answered does not depend on where it was kept.
 * Source: docs/history.md "layers"; docs/architecture.md "history ring".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { ReplayMoment } from '../../lib/contracts/httpReplay.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { layoutTables, openTables, TABLE_META, type SeedTableShape } from '../../lib/frames/seedTable.ts'
import { createSeriesMaker } from '../state/historyReader.ts'
import type { FlatSeries } from '../state/historyText.ts'
import { makeGrid, type Grid, type GridRequest } from '../state/layerGrid.ts'
import type { Past } from '../state/layerPast.ts'
import { binOf, MinMaxBins, type MetricSeries } from '../state/livesSeries.ts'
import type { RunHistory, Stretch } from './runHistory.ts'
import { findTick, tickBytes, tickValues } from './tickAt.ts'

/** Values of one moment that are put into tables at once: 10,000 seeds with all columns are a quarter of a million. */
const MAX_CELLS = 8_000_000

interface Place {
  readonly stretch: Stretch
  readonly at: number
}

function placesIn(history: RunHistory, layerId: string, fromMs: number, toMs: number): Place[] {
  return history
    .stretches(layerId)
    .filter((stretch) => stretch.toMs >= fromMs && stretch.fromMs <= toMs)
    .flatMap((stretch) =>
      stretch.moments().flatMap(({ atMs }, at): Place[] => (atMs >= fromMs && atMs <= toMs ? [{ stretch, at }] : [])),
    )
}

const layerOf = ({ run }: RunHistory, layerId: string): RunDescriptor['layers'][number] => {
  const layer = run.descriptor.layers.find((one) => one.layer_id === layerId)
  if (layer === undefined) throw new AppError('STATE_NOT_FOUND', 'this layer is not known', { path: 'layer' })
  return layer
}
const columnOf = ({ run }: RunHistory, metric: string): MetricColumn => {
  const column = run.descriptor.seed_columns[columnIndex(run.descriptor.seed_columns, metric)]
  if (column === undefined) throw new AppError('STATE_NOT_FOUND', 'this metric is not known', { path: 'metric' })
  return column
}

/** Opens a window of what is recorded. */
function openRecordedPast(history: RunHistory, layerId: string, fromMs: number, toMs: number): Past {
  const places = placesIn(history, layerId, fromMs, toMs)
  const columns = history.run.descriptor.seed_columns
  const momentAt = (index: number) => places[index]!.stretch.moments()[places[index]!.at]!
  return {
    rows: layerOf(history, layerId).seeds,
    kept: 'ticks',
    bucketMs: null,
    range: () => [0, places.length],
    atMs: (index) => momentAt(index).atMs,
    tick: (index) => momentAt(index).tick,
    bytes(index, column, target) {
      const { stretch, at } = places[index]!
      target.fill(columns[column]?.name === 'state' ? 254 : 255)
      target.set(tickBytes(stretch, at, columns, columns[column]?.name ?? '').subarray(0, target.length))
      return true
    },
    values(index, column, target) {
      const { stretch, at } = places[index]!
      target.fill(Number.NaN)
      target.set(tickValues(stretch, at, columns[column]!).subarray(0, target.length))
      return true
    },
  }
}

export interface RecordedGridRequest extends Omit<GridRequest, 'past'> {
  readonly run: string
  readonly layerId: string
}

/** Makes a grid of what is recorded, and says from when on anything is. @throws STATE_NOT_FOUND */
export function recordedGrid(
  history: RunHistory,
  request: RecordedGridRequest,
): { readonly grid: Grid; readonly firstMs: number | null } {
  const { layerId, fromMs, bucketMs, columns } = request
  const past = openRecordedPast(history, layerId, fromMs, fromMs + columns * bucketMs)
  const work = makeGrid({ ...request, past })
  let step = work.next()
  while (step.done !== true) step = work.next()
  return { grid: step.value, firstMs: history.stretches(layerId)[0]?.fromMs ?? null }
}

export interface RecordedSeriesRequest {
  readonly run: string
  readonly layerId: string
  readonly metric: string
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
  readonly seed: number | undefined
}

/** A series of what is recorded, thinned like one from memory. @throws STATE_NOT_FOUND */
export function recordedSeries(history: RunHistory, request: RecordedSeriesRequest): FlatSeries {
  const { layerId, fromMs, toMs, points, seed } = request
  const { seeds } = layerOf(history, layerId)
  const column = columnOf(history, request.metric)
  if (seed !== undefined && seed >= seeds)
    throw new AppError('STATE_NOT_FOUND', 'this seed is not known', { path: 'seed' })
  const [first, rows] = seed === undefined ? [0, seeds] : [seed, 1]
  const maker = createSeriesMaker({ count: rows, fromMs, toMs, points })
  for (const { stretch, at } of placesIn(history, layerId, fromMs, toMs)) {
    const values = tickValues(stretch, at, column).subarray(first, first + rows)
    maker.add(stretch.moments()[at]!.atMs, values, () => 254)
  }
  const series = maker.end()
  const flat = new Float32Array(rows * series.at_ms.length)
  series.values.forEach((row, at) =>
    flat.set(
      row.map((value) => value ?? Number.NaN),
      at * series.at_ms.length,
    ),
  )
  return { atMs: series.at_ms, values: flat, rows, of: series.of }
}

export interface RecordedSeedRequest {
  readonly run: string
  readonly layerId: string
  readonly seed: number
  readonly metrics: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  /** At most this many points per metric. */
  readonly points: number
}

/** Several metrics of one seed as recorded, in the bins of livesSeries; and from when on anything is. @throws STATE_NOT_FOUND */
export function recordedSeed(
  history: RunHistory,
  request: RecordedSeedRequest,
): { readonly series: readonly MetricSeries[]; readonly firstMs: number | null } {
  const { layerId, seed, metrics, fromMs, toMs } = request
  if (seed >= layerOf(history, layerId).seeds)
    throw new AppError('STATE_NOT_FOUND', 'this seed is not known', { path: 'seed' })
  const binMs = binOf(request)
  const places = placesIn(history, layerId, fromMs, toMs)
  // A metric at a time: its column is unpacked once, and may be let go before the next.
  const series = metrics.map((metric): MetricSeries => {
    const column = columnOf(history, metric)
    const bins = new MinMaxBins(fromMs, binMs)
    for (const { stretch, at } of places)
      bins.add(stretch.moments()[at]!.atMs, tickValues(stretch, at, column)[seed] ?? Number.NaN)
    bins.end()
    return { metric, at_ms: bins.at_ms, values: bins.values, of: bins.of, shown: bins.shown }
  })
  return { series, firstMs: history.stretches(layerId)[0]?.fromMs ?? null }
}

export interface MomentTables {
  readonly descriptor: RunDescriptor
  readonly firstSeenMs: number
  readonly shapes: readonly SeedTableShape[]
  readonly tables: SharedArrayBuffer
  /** Newest arrival among the layers; null when nothing was recorded by then. */
  readonly atMs: number | null
  /** By layer: since when anything of it is recorded. */
  readonly firstMs: readonly (number | null)[]
}

/** All columns of a run at a moment, as tables like the live ones. @throws CONTRACT_INVALID for a run too large for that */
export function momentTables(history: RunHistory, moment: ReplayMoment | undefined): MomentTables {
  const { descriptor, run_id: runId, first_seen_ms: firstSeenMs } = history.run
  const { seed_columns: columns, layer_columns: layerColumns } = descriptor
  const cells = descriptor.layers.reduce((sum, layer) => sum + layer.seeds * columns.length, 0)
  if (cells > MAX_CELLS)
    throw new AppError('CONTRACT_INVALID', `a moment of ${cells} values is not told as rows; ask for frames`, {
      path: 'run',
    })
  const shapes = descriptor.layers.map((layer) => ({
    rows: layer.seeds,
    seedColumns: columns.length,
    layerColumns: layerColumns.length,
    rowTimes: false,
  }))
  const tables = new SharedArrayBuffer(layoutTables(shapes).bytes)
  let newestMs: number | null = null
  const firstMs: (number | null)[] = []
  openTables(tables, shapes).forEach((table, layer) => {
    table.clear()
    const stretches = history.stretches(descriptor.layers[layer]!.layer_id)
    firstMs[layer] = stretches[0]?.fromMs ?? null
    const found = findTick(stretches, moment ?? { ms: Number.MAX_SAFE_INTEGER, seq: null })
    if (found === null) return
    const { stretch, at } = found
    const own = stretch.moments()[at]!
    table.begin()
    columns.forEach((column, place) => {
      const values = tickValues(stretch, at, column)
      table.seeds.set(values.subarray(0, table.shape.rows), place * table.shape.rows)
    })
    layerColumns.forEach((_, place) => (table.layer[place] = stretch.layerValue(at, place)))
    table.meta[TABLE_META.ingestMs] = own.atMs
    table.meta[TABLE_META.step] = own.step
    table.meta[TABLE_META.tick] = own.tick
    table.meta[TABLE_META.flags] = own.flags
    table.meta[TABLE_META.intervalMs] = descriptor.expected_interval_ms
    table.meta[TABLE_META.entryMs] = own.entryMs
    table.meta[TABLE_META.entrySeq] = own.entrySeq
    table.end()
    newestMs = Math.max(newestMs ?? 0, own.atMs)
  })
  return { descriptor: { ...descriptor, run_id: runId }, firstSeenMs, shapes, tables, atMs: newestMs, firstMs }
}
