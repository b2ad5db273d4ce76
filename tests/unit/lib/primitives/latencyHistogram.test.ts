import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  binOf,
  binStart,
  BUCKET_BOUNDS_MS,
  bucketOf,
  countAbove,
  HISTOGRAM_BINS,
  HISTOGRAM_WORDS,
  negativeOf,
  quantileOf,
  recordLatency,
  toBuckets,
  totalOf,
} from '../../../../lib/primitives/latencyHistogram.ts'

const inRange = fc.double({ min: 0.001, max: 65_000, noNaN: true })

test('a duration lies in its bin, and the middle of the bin is off by at most 1.6 %', () => {
  fc.assert(
    fc.property(inRange, (ms) => {
      const bin = binOf(ms)
      expect(binStart(bin)).toBeLessThanOrEqual(ms)
      expect(binStart(bin + 1)).toBeGreaterThan(ms)
      expect(Math.abs((binStart(bin) + binStart(bin + 1)) / 2 - ms) / ms).toBeLessThanOrEqual(0.016)
    }),
  )
})

test('quantiles are those of the sorted durations, within the width of a bin', () => {
  fc.assert(
    fc.property(fc.array(inRange, { minLength: 1, maxLength: 400 }), fc.constantFrom(0.5, 0.95, 0.99, 1), (all, at) => {
      const counts = new Uint32Array(HISTOGRAM_WORDS)
      for (const ms of all) recordLatency(counts, ms)
      const exact = all.toSorted((a, b) => a - b)[Math.ceil(at * all.length) - 1]!
      expect(Math.abs(quantileOf(counts, at)! - exact) / exact).toBeLessThanOrEqual(0.016)
      expect(totalOf(counts)).toBe(all.length)
    }),
  )
})

test('what is out of range is counted in the outer bins, negative apart, unmeasured not at all', () => {
  const counts = new Uint32Array(HISTOGRAM_WORDS)
  for (const ms of [0, 1e-9, 1e9, -1, -0.001, Number.NaN]) recordLatency(counts, ms)
  expect([counts[0], counts[HISTOGRAM_BINS - 1], negativeOf(counts), totalOf(counts)]).toEqual([2, 1, 2, 3])
  expect(quantileOf(new Uint32Array(HISTOGRAM_WORDS), 0.5)).toBeNull()
})

test('shown buckets are fixed, grow by the square root of two, begin where bins begin, and lose nothing', () => {
  // A change of these numbers is a new version of the buckets.
  expect(BUCKET_BOUNDS_MS.length).toBe(41)
  expect(BUCKET_BOUNDS_MS.slice(0, 4).map((ms) => Number(ms.toFixed(4)))).toEqual([0, 0.0996, 0.1406, 0.1992])
  fc.assert(
    fc.property(fc.array(inRange, { maxLength: 200 }), (all) => {
      const counts = new Uint32Array(HISTOGRAM_WORDS)
      for (const ms of all) recordLatency(counts, ms)
      expect(toBuckets(counts).reduce((sum, count) => sum + count, 0)).toBe(all.length)
      for (const ms of all) {
        const bucket = bucketOf(ms)
        expect(BUCKET_BOUNDS_MS[bucket]).toBeLessThanOrEqual(ms)
        expect(BUCKET_BOUNDS_MS[bucket + 1] ?? Infinity).toBeGreaterThan(ms)
      }
    }),
  )
})

test('durations above a limit are counted to the width of a bin', () => {
  const counts = new Uint32Array(HISTOGRAM_WORDS)
  for (const ms of [1, 9.7, 10.4, 11, 500]) recordLatency(counts, ms)
  expect(countAbove(counts, 10)).toBe(3)
})
