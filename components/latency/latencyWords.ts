/*
 * latencyWords: latencies, windows and places on the axis of buckets, as they are written and drawn.
 * In: milliseconds, bounds of buckets. Out: short text with its unit; a place on the axis; the ticks of the axis.
 * Invariant: not measured is said in words, never as 0; the axis is fixed, so that two looks can be compared.
 * Source: docs/ux.md "pages: latency".
 */
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'

export const NOT_MEASURED = 'not measured'
/** Shown buckets of one row of the picture over time: a power of two. */
export const BUCKETS_PER_ROW = 4

/** Writes a latency with three digits at most and its unit. */
export function latencyText(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NOT_MEASURED
  const [value, unit] = ms < 1 ? [ms * 1_000, 'µs'] : ms < 1_000 ? [ms, 'ms'] : [ms / 1_000, 's']
  if (value === 0) return '0 µs'
  return `${value < 9.95 ? value.toFixed(1) : formatCount(Math.round(value))} ${unit}`
}

/** Writes a bound of a bucket: like a latency, without digits that say nothing. */
export function boundText(ms: number): string {
  return latencyText(ms).replace('.0 ', ' ')
}

/** Finds the place of a latency on the axis of buckets, fraction included; clamped to the axis. */
export function placeOf(ms: number, bounds: readonly number[]): number {
  const last = bounds.length - 1
  if (!(ms > bounds[0]!)) return 0
  if (ms >= bounds[last]!) return last
  let at = 0
  while (bounds[at + 1]! <= ms) at++
  return at + (ms - bounds[at]!) / (bounds[at + 1]! - bounds[at]!)
}

/** Latencies the axis is labelled at, ms. */
const TICKS_MS = [0.001, 0.01, 0.1, 1, 10, 100, 1_000, 10_000, 60_000]
export interface AxisTick {
  readonly at: number
  readonly label: string
}
/** Places and labels of the axis; `sparse` leaves out what a phone has no room for. */
export function axisTicks(bounds: readonly number[], sparse = false): readonly AxisTick[] {
  return TICKS_MS.filter((_, index) => !sparse || index % 2 === 0).map((ms) => ({
    at: placeOf(ms, bounds),
    label: boundText(ms),
  }))
}

/** Writes which latencies a span of buckets holds. */
export function spanText(low: number, high: number, bounds: readonly number[]): string {
  const upper = boundText(bounds[high + 1]!)
  if (low === 0) return `below ${upper}`
  return high >= bounds.length - 2 ? `${boundText(bounds[low]!)} and more` : `${boundText(bounds[low]!)} to ${upper}`
}

/** Writes which time a slice holds. */
export function timeText(fromMs: number, toMs: number): string {
  return `${formatUtc(fromMs)} to ${formatUtc(toMs)} UTC`
}

/** Writes a burn rate: how many times the budget. */
export function burnText(rate: number | null): string {
  if (rate === null) return NOT_MEASURED
  return rate === 0 ? 'none' : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} ×`
}
