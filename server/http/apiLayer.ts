/*
 * apiLayer: the answers behind a layer's page: its seeds in an order, and their past as a grid.
 * In: ids and queries that were already validated. Out: rows as JSON, grids as bytes, in the shapes of lib/contracts/httpLayer.ts.
 * Invariant: only what is asked for leaves the server; no turn of the event loop is longer than a few ms, whatever the layer has.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; docs/ux.md "pages: layer".
 */
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import type { Baseline } from '../../lib/contracts/baselineWords.ts'
import { evaluateFreshness, FRESHNESS_LIMITS } from '../../lib/contracts/freshnessRule.ts'
import {
  LAYER_LIMITS,
  type GridMark,
  type LayerGridHead,
  type LayerRows,
  type LayerRowsQuery,
} from '../../lib/contracts/httpLayer.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { LayerSummary, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { baselineCells, changeKey } from '../../lib/frames/deltaCells.ts'
import { encodeHeaded } from '../../lib/frames/headedBytes.ts'
import { NEVER_STATE_ID } from '../../lib/frames/layerMirror.ts'
import { orderRows, robustScores } from '../../lib/frames/rowOrder.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { LayerHandle } from '../handle.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import type { HistoryQuestions } from '../history/historyProtocol.ts'
import { inTurns } from '../state/inTurns.ts'
import { makeGrid } from '../state/layerGrid.ts'
import { firstKept, openPast, reachesBack, tellPast } from '../state/layerPast.ts'
import type { LayerReader } from '../state/layerReader.ts'
import {
  copyRowColumns,
  createOrderBook,
  distributionOf,
  matchingRows,
  pastRowColumns,
  rowAge,
  stateNameOf,
  type KeptOrder,
  type RowColumns,
} from '../state/layerRows.ts'
import { MIN_SIBLINGS } from '../state/livesScore.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import type { BaselineReader } from './apiBaseline.ts'
import { toMark } from './apiSeed.ts'
import { createLayerFinder, notFound, type FoundLayer } from './findLayer.ts'
import { createMomentFinder, type FoundMoment } from './findMoment.ts'
import { createSimilarJudge, SIMILAR_POINTS } from './judgeSimilar.ts'

export interface LayerApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly baselines: BaselineReader
  /** Moments before the memory, and runs that are not live any more. */
  readonly past: Pick<HistoryDesk, 'ask'>
}

const DEFAULT_SECONDS = 300
const DEFAULT_ROWS = 100
const BUCKETS_MS = [1_000, 2_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000]

const orNull = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null

/** Creates the functions of the layer page's routes. */
export function createLayerApi({ clock, runs, reader, baselines, past: record }: LayerApiSources): LayerHandle {
  const orders = createOrderBook()
  const find = createLayerFinder({
    runs,
    summaryOf: (run, layer) => reader.summary(run, layer, { nowMs: clock.wallMs(), lost: 0 }),
  })
  const findAt = createMomentFinder({ find, runs, reader, record, clock })
  const breathe = () => new Promise<void>((resolve) => void clock.after(0, resolve))
  const columnOf = (run: KnownRun, metric: string): MetricColumn => {
    const column = run.descriptor.seed_columns[columnIndex(run.descriptor.seed_columns, metric)]
    if (column === undefined) throw notFound('metric', 'metric')
    return column
  }
  const scopeOf = ({ run, layer }: FoundLayer): string => `${run.index} ${run.shapeVersion} ${layer}`

  /** Null when nothing of it is recorded. */
  const recordedGrid = async (ask: HistoryQuestions['grid']['ask']) => {
    try {
      return await record.ask('grid', ask)
    } catch (error) {
      if (isAppError(error, 'STATE_NOT_FOUND') || isAppError(error, 'BUS_UNAVAILABLE')) return null
      throw error
    }
  }

  const judge = createSimilarJudge(clock, recordedGrid)

  /** Makes the order that was asked for. */
  const makeOrder = async (
    found: FoundMoment,
    query: LayerRowsQuery,
    copy: RowColumns,
    scores: Float32Array,
    base: Float32Array | null,
  ): Promise<Omit<KeptOrder, 'id'>> => {
    const pins = [...new Set(query.pins ?? [])].filter((row) => row < copy.rows)
    const matching = matchingRows(copy, scores, query)
    const finish = (order: Uint32Array, said: string | null = null, groups: readonly number[] = []) => ({
      order: Uint32Array.from([...pins, ...order]),
      pinned: pins.length,
      said,
      groups,
    })
    const seeds = (): Uint32Array => (query.down ? matching.toReversed() : matching)
    switch (query.sort) {
      case 'seed':
        return finish(seeds())
      case 'similar': {
        const seconds = query.seconds ?? DEFAULT_SECONDS
        const similar = await judge(found, query.metric, seconds, query.at)
        if (similar === null || similar.groups.length === 0)
          return finish(seeds(), 'No past of single seeds is kept to compare: by seed.')
        const wanted = new Set(matching)
        let from = 0
        const groups = similar.groups.map((size) => {
          const kept = similar.order.subarray(from, from + size).filter((row) => wanted.has(row)).length
          from += size
          return kept
        })
        const order = similar.order.filter((row) => wanted.has(row))
        const said = `Groups of seeds whose last ${seconds < 60 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} look alike: k-means over ${SIMILAR_POINTS} points, judged anew every 10 s.`
        return finish(query.down ? order.toReversed() : order, said, query.down ? groups.toReversed() : groups)
      }
      case 'state':
        return finish(orderRows(Float32Array.from(copy.state), matching, query.down))
      case 'value':
        return finish(orderRows(copy.value, matching, query.down))
      case 'health':
        return finish(orderRows(copy.health.length > 0 ? copy.health : copy.value, matching, query.down))
      case 'z':
        return finish(orderRows(scores, matching, query.down))
      case 'ticks':
        return finish(copy.ticks.length > 0 ? orderRows(copy.ticks, matching, query.down) : seeds())
      case 'delta': {
        if (base === null) return finish(seeds())
        const column = columnOf(found.run, query.metric)
        const change = copy.value.map((value, row) => changeKey(value, base[row] ?? Number.NaN, column))
        return finish(orderRows(change, matching, query.down))
      }
    }
  }

  const baseOf = async (
    found: FoundLayer,
    {
      metric,
      base,
      at,
    }: { readonly metric: string; readonly base?: Baseline | undefined; readonly at?: number | undefined },
  ) => {
    if (base === undefined) return null
    // What is compared with is looked for in memory, also when the moment itself came from the record.
    const known = runs.get(found.run.descriptor.run_id)
    const layer = known?.layerIndex.get(found.run.descriptor.layers[found.layer]!.layer_id)
    return known === undefined || layer === undefined
      ? baselines.ofLayer(found.run, found.layer, metric, base, at)
      : baselines.ofLayer(known, layer, metric, base, at)
  }

  return {
    async layerRows(layerId, query): Promise<LayerRows> {
      const found = await findAt(layerId, query)
      const { run, layer, summary } = found
      const { metric } = query
      const column = columnOf(run, metric)
      const base = await baseOf(found, query)
      const then = query.at === undefined || found.asOfMs !== null ? null : pastRowColumns(run, layer, metric, query.at)
      const copy = then?.columns ?? copyRowColumns(run, layer, metric)
      const nowMs = clock.wallMs()
      const agesAtMs = then === null ? found.endMs : query.at!
      const ageMs = then === null ? summary.age_ms : agesAtMs - then.atMs
      const { scores, median, mad } = robustScores(copy.value, MIN_SIBLINGS + 1)
      await breathe()
      const distribution = distributionOf(copy.value, copy.rows, column, { median, mad })
      const scope = scopeOf(found)
      const held = query.order === undefined ? undefined : orders.get(scope, query.order)
      const kept = held ?? orders.keep(scope, await makeOrder(found, query, copy, scores, base?.values ?? null))
      await breathe()
      const matching = kept.order.length - kept.pinned
      const first = Math.min(query.first ?? 0, Math.max(0, matching - 1))
      const count = query.count ?? DEFAULT_ROWS
      const seeds = [
        ...kept.order.subarray(0, kept.pinned),
        ...kept.order.subarray(kept.pinned + first, kept.pinned + first + count),
      ]
      const pick = (values: ArrayLike<number>) => seeds.map((row) => orNull(values[row]))
      return {
        layer_id: layerId,
        run_id: run.descriptor.run_id,
        origin: run.descriptor.origin,
        producer: run.descriptor.source,
        freshness: then === null ? summary.freshness : evaluateFreshness({ ageMs, intervalMs: summary.interval_ms }),
        age_ms: ageMs,
        interval_ms: summary.interval_ms,
        server_ms: nowMs,
        ages_at_ms: agesAtMs,
        as_of_ms: then?.atMs ?? found.asOfMs,
        step: then === null ? summary.step : then.tick * run.descriptor.steps_per_tick,
        tick: then === null ? summary.tick : then.tick,
        metric,
        total: copy.rows,
        matching,
        pinned: kept.pinned,
        order: { id: kept.id, sort: query.sort, down: query.down, said: kept.said, groups: [...kept.groups] },
        first,
        rows: {
          seed_id: seeds,
          state: seeds.map((row) => stateNameOf(copy.state[row]!)),
          value: pick(copy.value),
          z: pick(scores),
          ticks: pick(copy.ticks),
          generation: pick(copy.generation),
          age_ms: seeds.map((row) => rowAge(copy, row, agesAtMs)),
          base: pick(base?.values ?? []),
        },
        states: then === null ? toldStates(summary) : countStates(copy.state),
        distribution,
        past: found.isRecord ? recordedPast(found) : tellPast(run, openPast(run, layer)),
        base: base?.found ?? null,
      }
    },

    async layerGrid(layerId, query) {
      const found = await findAt(layerId, query)
      const { run, layer, summary } = found
      const { metric } = query
      const column = columnOf(run, metric)
      const kept = orders.get(scopeOf(found), query.order)
      if (kept === undefined)
        throw new AppError('STATE_NOT_FOUND', 'this order is not kept any more: ask for the rows again', {
          path: 'order',
        })
      const base = await baseOf(found, query)
      const past = openPast(run, layer)
      const matching = kept.order.length - kept.pinned
      const first = Math.min(query.first ?? 0, matching)
      const count = Math.min(query.count ?? matching, matching - first)
      const order = Uint32Array.from([
        ...kept.order.subarray(0, kept.pinned),
        ...kept.order.subarray(kept.pinned + first, kept.pinned + first + count),
      ])
      const intervalMs = summary.interval_ms ?? run.descriptor.expected_interval_ms
      const least = Math.max((query.seconds * 1_000) / query.columns, past?.bucketMs ?? 0, intervalMs)
      // Ticks that come a little late must not leave every second column empty.
      const bucketMs = BUCKETS_MS.find((ms) => ms >= least * 0.999) ?? Math.ceil(least / 60_000) * 60_000
      const columns = Math.max(1, Math.ceil((query.seconds * 1_000) / bucketMs))
      const untilMs = query.at ?? found.endMs
      const toMs = (Math.floor(untilMs / bucketMs) + 1) * bucketMs
      const fromMs = toMs - columns * bucketMs
      const room = Math.max(1, Math.min(query.bins, Math.floor(LAYER_LIMITS.cells / columns) - kept.pinned))
      const binSize = Math.max(1, Math.ceil(count / room))
      const { late, lateMs } = { late: FRESHNESS_LIMITS.lateIntervals, lateMs: FRESHNESS_LIMITS.lateMs }
      const request = {
        column: columnIndex(run.descriptor.seed_columns, metric),
        stateColumn: columnIndex(run.descriptor.seed_columns, 'state'),
        worst: column.worst,
        order,
        pinned: kept.pinned,
        binSize,
        fromMs,
        bucketMs,
        columns,
        untilMs,
        holdMs: Math.max(bucketMs + intervalMs, Math.min(lateMs, late * intervalMs)),
        base: base === null ? null : baselineCells(base.values, column, run.tables[layer]!.shape.rows),
      }
      const recorded = reachesBack(past, fromMs, intervalMs)
        ? null
        : await recordedGrid({ ...request, run: run.descriptor.run_id, layerId })
      // A whole column more, not a few milliseconds: the record of a young run begins a report before the memory of it.
      const isEarlier = recorded?.firstMs != null && recorded.firstMs + bucketMs <= (firstKept(past) ?? Infinity)
      const useDisk = recorded !== null && (isEarlier || found.isRecord)
      const grid = useDisk ? recorded.grid : past === null ? null : await inTurns(makeGrid({ ...request, past }), clock)
      const { marks, of: marksOf } = marksIn(runs.get(run.descriptor.run_id)?.events ?? run.events, layerId, order, {
        pinned: kept.pinned,
        binSize,
        fromMs,
        toMs: query.at ?? toMs,
      })
      const head: LayerGridHead = {
        layer_id: layerId,
        run_id: run.descriptor.run_id,
        metric,
        order: kept.id,
        from_ms: fromMs,
        bucket_ms: bucketMs,
        columns,
        rows: grid?.rows ?? 0,
        pinned: kept.pinned,
        bin_size: binSize,
        first,
        count,
        seed_id: grid === null ? [] : firstSeeds(order, kept.pinned, binSize),
        ticks: [...(grid?.ticks ?? [])],
        of: grid?.of ?? 0,
        past: useDisk
          ? { kept: 'ticks', bucket_ms: intervalMs, from_ms: recorded.firstMs, none_because: null }
          : tellPast(run, past),
        gaps: (useDisk ? recorded.gaps : run.gaps)
          .filter((gap) => gap.to_ms >= fromMs && gap.from_ms <= (query.at ?? toMs))
          .slice(-256),
        marks,
        marks_of: marksOf,
        base: base?.found ?? null,
      }
      return encodeHeaded(head, grid === null ? [] : [grid.seed, grid.state, grid.low, grid.high, grid.last])
    },

    runBaseline: (runId, { metric, base, at }) => baselines.ofRun(runId, metric, base, at),
  }
}

/** What is kept of a layer whose moment was told from the record. */
const recordedPast = ({ run, recordedFromMs }: FoundMoment): LayerRows['past'] => ({
  kept: 'ticks',
  bucket_ms: run.descriptor.expected_interval_ms,
  from_ms: recordedFromMs,
  none_because: recordedFromMs === null ? 'Nothing of this layer is recorded.' : null,
})

const toldStates = ({ states, unknown_states: unknown }: LayerSummary): LayerRows['states'] =>
  unknown > 0 ? { ...states, UNKNOWN: unknown } : { ...states }

function countStates(bytes: Uint8Array): LayerRows['states'] {
  const counts: Record<string, number> = Object.fromEntries(SEED_STATES.map((state) => [state, 0]))
  for (const byte of bytes) {
    const name = stateNameOf(byte)
    // What never reported is in no state.
    if (byte !== NEVER_STATE_ID) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** The first seed of each row of cells. */
function firstSeeds(order: Uint32Array, pinned: number, binSize: number): number[] {
  const seeds = [...order.subarray(0, pinned)]
  for (let at = pinned; at < order.length; at += binSize) seeds.push(order[at]!)
  return seeds
}

/** What happened to the seeds that are shown, or to their layer or run, and in which row of cells. */
function marksIn(
  events: readonly LiveRecord[],
  layerId: string,
  order: Uint32Array,
  window: { readonly pinned: number; readonly binSize: number; readonly fromMs: number; readonly toMs: number },
): { readonly marks: GridMark[]; readonly of: number } {
  const { pinned, binSize, fromMs, toMs } = window
  const places = new Map<number, number>()
  order.forEach((seed, at) => places.set(seed, at < pinned ? at : pinned + Math.floor((at - pinned) / binSize)))
  const marks = events.flatMap((record): GridMark[] => {
    if (record.at_ms < fromMs || record.at_ms > toMs) return []
    // A probe asks every layer every few seconds: its answers are no events of the seeds, and would be lines across all of them.
    if (record.kind === 'command' && record.command_type === 'NoOp') return []
    const named = record as { readonly layer_id?: string | null; readonly seed_id?: number | null }
    if ((named.layer_id ?? layerId) !== layerId) return []
    const seedId = named.seed_id ?? null
    const row = seedId === null ? -1 : places.get(seedId)
    const mark = row === undefined ? null : toMark(record)
    return mark === null || row === undefined ? [] : [{ ...mark, row, seed_id: seedId }]
  })
  return { marks: marks.slice(-LAYER_LIMITS.marks), of: marks.length }
}
