/*
 * latencyBuckets: the fixed log-linear buckets of every latency of this product, and what can be read off their counts.
 * In: milliseconds, counts per bucket. Out: bucket numbers and bounds, percentiles, shares above a bound.
 * Invariant: version 1 never changes: 32 buckets per power of two from 0.1 us to 105 s, so a percentile is at most 1.6 % off;
 * 0.1 ms and 10 ms are bounds exactly. Histograms of one version merge by addition and differ by subtraction.
 * Source: docs/performance.md "latency"; docs/protocol.md "latency".
 */

/** Raised when a bound moves; histograms of two versions are never added. */
export const LATENCY_SCHEME = 1
const PER_OCTAVE = 32
const OCTAVES = 30
/** 0.1 ms is 2 to the 0; the first bucket begins ten powers below it. */
const FIRST_OCTAVE = -10
const UNITS_PER_MS = 10
export const LATENCY_BUCKETS = OCTAVES * PER_OCTAVE
/** A float64's upper word, shifted by this, is its exponent and the first five bits behind the point. */
export const BUCKET_SHIFT = 15
export const BUCKET_BASE = (1_023 + FIRST_OCTAVE) * PER_OCTAVE
export const BUCKET_UNITS = UNITS_PER_MS

/** Fine buckets that one shown bucket sums: four shown ones per power of two. */
const FINE_PER_SHOWN = 8
export const SHOWN_SHIFT = 3
export const SHOWN_ALL = LATENCY_BUCKETS / FINE_PER_SHOWN
/** Shown are 0.8 us to 65.5 s; what lies beyond is in the first or the last of them. */
const SHOWN_FROM = 12
const SHOWN_TO = 117
export const SHOWN_BUCKETS = SHOWN_TO - SHOWN_FROM

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer)

/** Gives the bucket of a latency of 0 or more. */
export function bucketOf(ms: number): number {
  scratch[0] = ms * UNITS_PER_MS
  const at = (words[1]! >>> BUCKET_SHIFT) - BUCKET_BASE
  return at < 0 ? 0 : at >= LATENCY_BUCKETS ? LATENCY_BUCKETS - 1 : at
}

/** Gives the lower bound of a bucket, ms; the first bucket begins at 0. */
export function bucketFloorMs(bucket: number): number {
  if (bucket <= 0) return 0
  const octave = Math.floor(bucket / PER_OCTAVE)
  const step = bucket % PER_OCTAVE
  return (2 ** (octave + FIRST_OCTAVE) * (1 + step / PER_OCTAVE)) / UNITS_PER_MS
}

/** Gives the shown bucket (0 to SHOWN_BUCKETS - 1) a bucket is summed into. */
export function shownBucket(bucket: number): number {
  return Math.min(SHOWN_TO - 1, Math.max(SHOWN_FROM, bucket >> SHOWN_SHIFT)) - SHOWN_FROM
}

/** Lists the lower bounds of the shown buckets, ms, and behind them the upper bound of the last. */
export function shownBoundsMs(): number[] {
  return Array.from({ length: SHOWN_BUCKETS + 1 }, (_, at) => bucketFloorMs((at + SHOWN_FROM) * FINE_PER_SHOWN))
}

/** Sums counts into the shown buckets, as pairs of number and count; empty ones are left out. */
export function toShown(counts: ArrayLike<number>): [number, number][] {
  const shown = new Float64Array(SHOWN_BUCKETS)
  for (let at = 0; at < LATENCY_BUCKETS; at++) if (counts[at]! > 0) shown[shownBucket(at)]! += counts[at]!
  return Array.from(shown, (count, at): [number, number] => [at, count]).filter(([, count]) => count > 0)
}

/** Reads the latency that a share (0..1) of the n counted does not exceed, as the middle of its bucket; null when n is 0. */
export function percentileMs(counts: ArrayLike<number>, n: number, share: number): number | null {
  if (n <= 0) return null
  const rank = Math.max(1, Math.ceil(n * share))
  let seen = 0
  for (let at = 0; at < LATENCY_BUCKETS; at++) {
    seen += counts[at]!
    if (seen >= rank) return (bucketFloorMs(at) + bucketFloorMs(at + 1)) / 2
  }
  return null
}

/** Counts what lies at or above a bound; exact when the bound is one of a bucket, as 10 ms is. */
export function countAtOrAbove(counts: ArrayLike<number>, ms: number): number {
  let sum = 0
  for (let at = bucketOf(ms); at < LATENCY_BUCKETS; at++) sum += counts[at]!
  return sum
}

/** Gives the lower bound of the lowest bucket that counted anything, ms; null when none did. */
export function lowestMs(counts: ArrayLike<number>): number | null {
  for (let at = 0; at < LATENCY_BUCKETS; at++) if (counts[at]! > 0) return bucketFloorMs(at)
  return null
}
