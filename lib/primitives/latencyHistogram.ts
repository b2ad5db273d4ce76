/*
 * latencyHistogram: durations counted in log-linear bins, 32 to an octave, in memory that two threads can share.
 * In: milliseconds. Out: counts, merged by addition; quantiles; counts in the fixed buckets that pages show.
 * Invariant: a bin is at most 3.2 % wide, so a quantile is off by at most 1.6 %; one writer per histogram; what is negative (two
 * clocks that disagree) is counted apart and never as zero.
 * Source: docs/performance.md "Latency"; features C1, C6.
 */

/** 2^-10 ms is 0.98 us, 2^16 ms is 65.5 s: what lies outside is counted in the first or last bin. */
const LOWEST_EXPONENT = -10
const HIGHEST_EXPONENT = 16
const PER_OCTAVE = 32
export const HISTOGRAM_BINS = (HIGHEST_EXPONENT - LOWEST_EXPONENT) * PER_OCTAVE
/** One word more for negative durations. */
export const HISTOGRAM_WORDS = HISTOGRAM_BINS + 1
const NEGATIVE = HISTOGRAM_BINS

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer)
/** Sign, exponent and the five highest bits of the fraction are the bin: no logarithm is taken. */
const FIRST = (1_023 + LOWEST_EXPONENT) * PER_OCTAVE

/** The bin of a duration; negative and unmeasured ones have none. */
export function binOf(ms: number): number {
  scratch[0] = ms
  const bin = (words[1]! >>> 15) - FIRST
  return bin < 0 ? 0 : bin >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : bin
}

/** Lower bound of a bin, ms; `binStart(HISTOGRAM_BINS)` is the end of the last one. */
export function binStart(bin: number): number {
  const octave = Math.floor(bin / PER_OCTAVE)
  return 2 ** (LOWEST_EXPONENT + octave) * (1 + (bin - octave * PER_OCTAVE) / PER_OCTAVE)
}

/** Counts one duration; NaN counts nothing. */
export function recordLatency(counts: Uint32Array, ms: number): void {
  if (ms >= 0) counts[binOf(ms)]!++
  else if (ms < 0) counts[NEGATIVE]!++
}

/** Durations counted apart because they were negative. */
export const negativeOf = (counts: Uint32Array): number => counts[NEGATIVE]!

/** How many durations were counted, without the negative ones. */
export function totalOf(counts: Uint32Array): number {
  let total = 0
  for (let bin = 0; bin < HISTOGRAM_BINS; bin++) total += counts[bin]!
  return total
}

/** The duration below which the share `at` of all lies, ms; null when nothing was counted. The middle of its bin. */
export function quantileOf(counts: Uint32Array, at: number): number | null {
  const total = totalOf(counts)
  if (total === 0) return null
  const wanted = Math.max(1, Math.ceil(at * total))
  let seen = 0
  for (let bin = 0; bin < HISTOGRAM_BINS; bin++) {
    seen += counts[bin]!
    if (seen >= wanted) return (binStart(bin) + binStart(bin + 1)) / 2
  }
  return null
}

/** Durations above a limit; the bin the limit lies in counts as not above. */
export function countAbove(counts: Uint32Array, limitMs: number): number {
  let above = 0
  for (let bin = binOf(limitMs) + 1; bin < HISTOGRAM_BINS; bin++) above += counts[bin]!
  return above
}

/** Raised when the bounds below change: counts of different versions must not be compared. */
export const BUCKETS_VERSION = 1

/** First bins of the buckets that are shown: two to an octave from 0.1 ms to 60 s, each beginning where a bin begins. */
const bucketBins: readonly number[] = (() => {
  const bins = [0]
  for (let ms = 0.1; ms < 60_000; ms *= Math.SQRT2) bins.push(binOf(ms))
  bins.push(binOf(60_000))
  return bins
})()

/** Lower bounds of the shown buckets, ms; the first begins at 0, the last has no end. */
export const BUCKET_BOUNDS_MS: readonly number[] = Object.freeze(
  bucketBins.map((bin, at) => (at === 0 ? 0 : binStart(bin))),
)

const bucketOfBin: Uint8Array = (() => {
  const of = new Uint8Array(HISTOGRAM_BINS)
  let bucket = 0
  for (let bin = 0; bin < HISTOGRAM_BINS; bin++) {
    while (bucket + 1 < bucketBins.length && bin >= bucketBins[bucket + 1]!) bucket++
    of[bin] = bucket
  }
  return of
})()

/** The shown bucket of a duration. */
export const bucketOf = (ms: number): number => bucketOfBin[binOf(ms)]!

/** Counts in the shown buckets. */
export function toBuckets(counts: Uint32Array): number[] {
  const buckets = bucketBins.map(() => 0)
  for (let bin = 0; bin < HISTOGRAM_BINS; bin++) {
    const count = counts[bin]!
    if (count !== 0) buckets[bucketOfBin[bin]!]! += count
  }
  return buckets
}
