/*
 * layerPast: what is kept of a layer's past, in one form: pictures by number, read column by column.
 * In: the history ring of a layer, or its pictures per bucket. Out: times, ticks, columns as bytes or as values.
 * Invariant: a column handed out is of one picture, whole; what is not kept is said with its reason, never made up.
 * Source: docs/architecture.md "history ring"; features A3, A5.
 */
import type { BaselineFound, LayerPast } from '../../lib/contracts/httpLayer.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { stateByte } from '../../lib/frames/layerMirror.ts'
import { dequantize, quantizeColumn } from '../../lib/frames/quantize.ts'
import type { ByteHistory } from '../ingest/byteHistory.ts'
import type { HistoryRing } from '../ingest/historyRing.ts'
import type { KnownRun } from './runBook.ts'

export interface Past {
  readonly rows: number
  readonly kept: 'ticks' | 'buckets'
  /** The least time between two pictures; null where every tick is kept. */
  readonly bucketMs: number | null
  range(): readonly [from: number, end: number]
  atMs(index: number): number
  tick(index: number): number
  /** Bytes of a column: the state's own, or quantised; false when this picture can not be had any more. */
  bytes(index: number, column: number, target: Uint8Array): boolean
  /** Values of a column, NaN where unmeasured. */
  values(index: number, column: number, target: Float32Array): boolean
}

const isState = (columns: readonly MetricColumn[], column: number): boolean => columns[column]?.name === 'state'

function ofTicks(ring: HistoryRing, rows: number, columns: readonly MetricColumn[]): Past {
  const scratch = new Float32Array(rows)
  return {
    rows,
    kept: 'ticks',
    bucketMs: null,
    range: () => ring.range(),
    atMs: (index) => ring.atMs(index),
    tick: (index) => ring.tick(index),
    bytes(index, column, target) {
      const whole = ring.copy(index, column * rows, scratch)
      if (isState(columns, column)) for (let row = 0; row < rows; row++) target[row] = stateByte(scratch[row]!)
      else quantizeColumn(scratch, columns[column]!, target)
      return whole
    },
    values: (index, column, target) => ring.copy(index, column * rows, target),
  }
}

function ofBuckets(pictures: ByteHistory, rows: number, columns: readonly MetricColumn[]): Past {
  const scratch = new Uint8Array(rows)
  return {
    rows,
    kept: 'buckets',
    bucketMs: pictures.shape.bucketMs,
    range: () => pictures.range(),
    atMs: (index) => pictures.atMs(index),
    tick: (index) => pictures.tick(index),
    bytes: (index, column, target) => pictures.copy(index, column, target),
    values(index, column, target) {
      if (!pictures.copy(index, column, scratch)) return false
      for (let row = 0; row < rows; row++) target[row] = dequantize(scratch[row]!, columns[column]!) ?? Number.NaN
      return true
    },
  }
}

/** Opens what is kept; null when nothing is kept per seed. */
export function openPast(run: KnownRun, layer: number): Past | null {
  const { rows } = run.tables[layer]!.shape
  const ring = run.history[layer]
  const columns = run.descriptor.seed_columns
  if (ring && ring.shape.mode === 'full') return ofTicks(ring, rows, columns)
  const pictures = run.pictures[layer]
  return pictures ? ofBuckets(pictures, rows, columns) : null
}

/** When the oldest picture is of; null when there is none. */
export function firstKept(past: Past | null): number | null {
  const [from, end] = past?.range() ?? [0, 0]
  return end > from ? past!.atMs(from) : null
}

/** Whether memory has all of a window. */
export function reachesBack(past: Past | null, fromMs: number, intervalMs: number): boolean {
  const first = firstKept(past)
  return first !== null && first <= fromMs + 2 * intervalMs
}

/** Says what is kept, for people. */
export function tellPast(run: KnownRun, past: Past | null): LayerPast {
  if (past === null)
    return {
      kept: 'none',
      bucket_ms: null,
      from_ms: null,
      none_because:
        'No past of single seeds is kept: the run is too large for the memory of the history, which holds about 90,000 seeds.',
    }
  const [from, end] = past.range()
  const intervalMs = run.descriptor.expected_interval_ms
  return {
    kept: past.kept,
    bucket_ms: past.bucketMs ?? intervalMs,
    from_ms: end > from ? past.atMs(from) : null,
    none_because: null,
  }
}

/** Finds the picture nearest to a moment; null when there is none at all. */
export function nearestIndex(past: Past, distance: (index: number) => number): number | null {
  const [from, end] = past.range()
  let best: number | null = null
  let least = Number.POSITIVE_INFINITY
  for (let index = from; index < end; index++) {
    const far = distance(index)
    if (far < least) {
      least = far
      best = index
    }
  }
  return best
}

/** Finds the newest picture that was there at a moment; null when none of them is kept. */
export function indexAt(past: Past, atMs: number): number | null {
  const [from, end] = past.range()
  for (let index = end - 1; index >= from; index--) if (past.atMs(index) <= atMs) return index
  return null
}

/** A column at the kept moment nearest to a time or a tick, and which moment that is. */
export function readBaseline(
  run: KnownRun,
  layer: number,
  metric: string,
  near: { readonly atMs: number } | { readonly tick: number },
): { readonly found: BaselineFound; readonly values: Float32Array | null } {
  const past = openPast(run, layer)
  const none = (because: string) => ({
    found: {
      run_id: run.descriptor.run_id,
      at_ms: null,
      step: null,
      tick: null,
      source: 'none' as const,
      none_because: because,
    },
    values: null,
  })
  if (past === null) return none(tellPast(run, null).none_because ?? '')
  const index = nearestIndex(past, (at) =>
    'atMs' in near ? Math.abs(past.atMs(at) - near.atMs) : Math.abs(past.tick(at) - near.tick),
  )
  if (index === null) return none('Nothing of its past is kept yet.')
  const values = new Float32Array(past.rows)
  const [atMs, tick] = [past.atMs(index), past.tick(index)]
  if (!past.values(index, columnIndex(run.descriptor.seed_columns, metric), values))
    return none('That moment was let go while it was read.')
  return {
    found: {
      run_id: run.descriptor.run_id,
      at_ms: atMs,
      step: tick * run.descriptor.steps_per_tick,
      tick,
      source: 'history',
      none_because: null,
    },
    values,
  }
}
