/*
 * limitsBacktest: what a set of limits would have found in the kept history: seeds, minutes, times, and how often it flapped.
 * In: history rings of a run, limits. Out: counts per metric with the window they hold for.
 * Invariant: only values that were measured are judged; a gap is neither inside nor outside; what is skipped to stay within
 * bounds is skipped evenly and counted; layers without history per seed are named.
 * Source: docs/protocol.md "limits"; docs/ux.md "limits".
 */
import type { Backtest, BacktestResult, MetricLimit } from '../../lib/contracts/httpLimits.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { HistorySlot } from '../ingest/historyRing.ts'
import type { KnownRun } from './runBook.ts'

/** Judgements of one answer: about a second of work in small pieces. */
const MAX_JUDGED = 20_000_000
/** A pause longer than this is a gap: nothing is known of it. */
const MAX_STEP_MS = 15_000
const FLAP_MS = 30_000

export type Band = 'inside' | 'warn' | 'alarm'

/** Judges a value with the memory of where it was: leaving a band takes hysteresis, entering it does not. */
export function judge(value: number, limit: MetricLimit, before: Band): Band {
  const beyond = (low: number | null, high: number | null, slack: number): boolean =>
    (low !== null && value < low + slack) || (high !== null && value > high - slack)
  if (beyond(limit.alarm_low, limit.alarm_high, before === 'alarm' ? limit.hysteresis : 0)) return 'alarm'
  return beyond(limit.warn_low, limit.warn_high, before === 'inside' ? 0 : limit.hysteresis) ? 'warn' : 'inside'
}

/** How far outside, to find the worst. */
function distance(value: number, { warn_low, alarm_low, warn_high, alarm_high }: MetricLimit): number {
  const low = warn_low ?? alarm_low
  const high = warn_high ?? alarm_high
  return Math.max(
    low === null ? Number.NEGATIVE_INFINITY : low - value,
    high === null ? Number.NEGATIVE_INFINITY : value - high,
  )
}

interface RowMemory {
  band: Band
  lastMs: number
  clearedMs: number
  seen: boolean
  outside: boolean
  alarm: boolean
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

function createTally(limit: MetricLimit) {
  const result: Mutable<BacktestResult> = {
    metric: limit.metric,
    seeds: 0,
    seeds_outside: 0,
    seeds_alarm: 0,
    minutes_outside: 0,
    minutes_alarm: 0,
    minutes: 0,
    raised: 0,
    flaps: 0,
    first_ms: null,
    last_ms: null,
    worst: null,
  }
  let worst = Number.NEGATIVE_INFINITY
  const enter = (row: RowMemory, atMs: number): void => {
    result.raised++
    if (atMs - row.clearedMs <= FLAP_MS) result.flaps++
    if (result.first_ms === null || atMs < result.first_ms) result.first_ms = atMs
  }
  return {
    result,
    take(row: RowMemory, layerId: string, seedId: number, value: number, atMs: number): void {
      if (!row.seen) result.seeds++
      row.seen = true
      const sinceMs = atMs - row.lastMs
      if (sinceMs > 0 && sinceMs <= MAX_STEP_MS) {
        result.minutes += sinceMs / 60_000
        if (row.band !== 'inside') result.minutes_outside += sinceMs / 60_000
        if (row.band === 'alarm') result.minutes_alarm += sinceMs / 60_000
      }
      const band = judge(value, limit, sinceMs <= MAX_STEP_MS ? row.band : 'inside')
      if (band !== 'inside' && row.band === 'inside') enter(row, atMs)
      if (band === 'inside' && row.band !== 'inside') row.clearedMs = atMs
      row.band = band
      row.lastMs = atMs
      if (band === 'inside') return
      if (!row.outside) result.seeds_outside++
      row.outside = true
      if (band === 'alarm' && !row.alarm) {
        row.alarm = true
        result.seeds_alarm++
      }
      if (result.last_ms === null || atMs > result.last_ms) result.last_ms = atMs
      const far = distance(value, limit)
      if (far > worst) {
        worst = far
        result.worst = { layer_id: layerId, seed_id: seedId, value, at_ms: atMs }
      }
    },
  }
}

export interface BacktestOptions {
  readonly run: KnownRun
  readonly limits: readonly MetricLimit[]
  /** Only this layer. */
  readonly layer?: number | undefined
  /** Lets other work go first; called between layers. */
  readonly rest: () => Promise<void>
}

/** Runs the test, layer by layer. */
export async function backtestLimits({ run, limits, layer: only, rest }: BacktestOptions): Promise<Backtest> {
  const tallies = limits.map((limit) => ({
    limit,
    column: columnIndex(run.descriptor.seed_columns, limit.metric),
    ...createTally(limit),
  }))
  const known = tallies.filter((tally) => tally.column >= 0)
  const layers = run.descriptor.layers.map((_, at) => at).filter((at) => only === undefined || at === only)
  const isKept = (at: number) => run.history[at]?.shape.mode === 'full'
  const kept = layers.filter(isKept)
  const sizeOf = (at: number) =>
    run.tables[at]!.shape.rows * Math.min(run.history[at]!.written(), run.history[at]!.shape.slots)
  const of = kept.reduce((sum, at) => sum + sizeOf(at), 0) * known.length
  const stride = Math.max(1, Math.ceil(of / MAX_JUDGED))
  let judged = 0
  let from = Number.POSITIVE_INFINITY
  let to = Number.NEGATIVE_INFINITY

  for (const at of kept) {
    const { layer_id: layerId } = run.descriptor.layers[at]!
    const { rows } = run.tables[at]!.shape
    const memory = known.map(() =>
      Array.from({ length: rows }, (): RowMemory => ({
        band: 'inside',
        lastMs: Number.NEGATIVE_INFINITY,
        clearedMs: Number.NEGATIVE_INFINITY,
        seen: false,
        outside: false,
        alarm: false,
      })),
    )
    let slots = 0
    const visit = ({ atMs, values }: HistorySlot): void => {
      if (slots++ % stride !== 0) return
      from = Math.min(from, atMs)
      to = Math.max(to, atMs)
      known.forEach((tally, index) => {
        for (let row = 0; row < rows; row++) {
          const value = values[tally.column * rows + row]!
          if (value !== value) continue
          judged++
          tally.take(memory[index]![row]!, layerId, row, value, atMs)
        }
      })
    }
    run.history[at]!.visit(0, Number.POSITIVE_INFINITY, visit)
    await rest()
  }
  return {
    run_id: run.descriptor.run_id,
    from_ms: Number.isFinite(from) ? from : null,
    to_ms: Number.isFinite(to) ? to : null,
    judged,
    of: Math.max(judged, judged * stride),
    layers_without: layers.filter((at) => !isKept(at)).map((at) => run.descriptor.layers[at]!.layer_id),
    results: tallies.map((tally) => tally.result),
  }
}
