import { expect, test } from 'vitest'
import {
  createLatencyBuffer,
  LatencyReader,
  LatencyWriter,
  type LatencySample,
} from '../../../../lib/primitives/latencyBook.ts'
import {
  bucketFloorMs,
  bucketOf,
  countAtOrAbove,
  LATENCY_BUCKETS,
  lowestMs,
  percentileMs,
  SHOWN_BUCKETS,
  shownBoundsMs,
  shownBucket,
  toShown,
} from '../../../../lib/primitives/latencyBuckets.ts'

/** A small generator of its own: the same numbers on every machine. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function open(series = 4) {
  const buffer = createLatencyBuffer(series)
  return { writer: new LatencyWriter(buffer), reader: new LatencyReader(buffer) }
}

const take = (reader: LatencyReader, series: number) => {
  const counts = new Float64Array(LATENCY_BUCKETS)
  const delta = reader.take(series, (bucket, count) => void (counts[bucket]! += count))
  return { counts, delta }
}
const samplesOf = (reader: LatencyReader): LatencySample[] => {
  const all: LatencySample[] = []
  reader.samples((sample) => all.push(sample))
  return all
}

test('every latency lies in the bucket whose bounds hold it, and buckets are at most 3.2 % wide', () => {
  const next = numbers(1)
  for (let at = 0; at < 20_000; at++) {
    const ms = 10 ** (next() * 8 - 3.9)
    const bucket = bucketOf(ms)
    expect(bucketFloorMs(bucket)).toBeLessThanOrEqual(ms)
    expect(bucketFloorMs(bucket + 1)).toBeGreaterThan(ms)
    if (bucket > 0) expect(bucketFloorMs(bucket + 1) / bucketFloorMs(bucket)).toBeLessThanOrEqual(1.032)
  }
})

test('0.1 ms and 10 ms are bounds exactly, and what is out of range lies in the first and the last bucket', () => {
  expect(bucketFloorMs(bucketOf(0.1))).toBe(0.1)
  expect(bucketFloorMs(bucketOf(10))).toBe(10)
  expect(bucketOf(9.999_999)).toBe(bucketOf(10) - 1)
  expect([bucketOf(0), bucketOf(1e-9), bucketOf(1e9)]).toEqual([0, 0, LATENCY_BUCKETS - 1])
  const bounds = shownBoundsMs()
  expect(bounds).toHaveLength(SHOWN_BUCKETS + 1)
  expect(bounds.every((bound, at) => at === 0 || bound > bounds[at - 1]!)).toBe(true)
  expect(bounds).toContain(0.1)
  expect(bounds.at(-1)).toBeGreaterThan(60_000)
  expect([shownBucket(0), shownBucket(LATENCY_BUCKETS - 1)]).toEqual([0, SHOWN_BUCKETS - 1])
})

test('percentiles are those of the sorted values, at most 1.6 % off', () => {
  const next = numbers(7)
  for (const shape of [(x: number) => 0.02 + x, (x: number) => 10 ** (x * 5 - 2), (x: number) => 3 / (1.001 - x)]) {
    const values = Array.from({ length: 5_000 }, () => shape(next()))
    const counts = new Float64Array(LATENCY_BUCKETS)
    for (const value of values) counts[bucketOf(value)]!++
    const sorted = values.toSorted((a, b) => a - b)
    for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
      const exact = sorted[Math.ceil(sorted.length * share) - 1]!
      expect(Math.abs(percentileMs(counts, values.length, share)! / exact - 1)).toBeLessThanOrEqual(0.016)
    }
    expect(countAtOrAbove(counts, 10)).toBe(values.filter((value) => value >= 10).length)
    expect(toShown(counts).reduce((sum, [, count]) => sum + count, 0)).toBe(values.length)
    expect(lowestMs(counts)).toBeLessThanOrEqual(sorted[0]!)
  }
  expect(percentileMs(new Float64Array(LATENCY_BUCKETS), 0, 0.99)).toBeNull()
  expect(lowestMs(new Float64Array(LATENCY_BUCKETS))).toBeNull()
})

test('what a reader takes is what was counted since it took before, of that series alone', () => {
  const { writer, reader } = open()
  writer.record(0, 1)
  writer.record(0, 2)
  writer.record(1, 500)
  const first = take(reader, 0)
  expect(first.delta).toEqual({ n: 2, sumMs: 3, skewed: 0 })
  expect(first.counts[bucketOf(1)]).toBe(1)
  expect(take(reader, 0).delta).toBeNull()
  writer.record(0, 1)
  writer.add(0, bucketOf(4), 10, 4)
  const second = take(reader, 0)
  expect(second.delta).toEqual({ n: 11, sumMs: 41, skewed: 0 })
  expect(second.counts[bucketOf(4)]).toBe(10)
  expect(take(reader, 1).delta?.n).toBe(1)
})

test('half a millisecond below zero is the resolution of an entry id; more is skew, counted apart with its worst', () => {
  const { writer, reader } = open()
  writer.record(2, -0.4)
  writer.record(2, -1.5)
  writer.record(2, -250)
  writer.record(2, Number.NaN)
  const { counts, delta } = take(reader, 2)
  expect(delta).toEqual({ n: 1, sumMs: 0, skewed: 2 })
  expect(counts[0]).toBe(1)
  expect(reader.skewWorstMs(2)).toBe(-250)
})

test('each bucket of a series is sampled once per slice, and each new greatest value again', () => {
  const { writer, reader } = open()
  writer.mark(1_000, 3, 7, 1_234)
  for (let at = 0; at < 100; at++) writer.record(1, 1.01)
  writer.record(1, 40)
  writer.record(1, 40.5)
  const seen = samplesOf(reader)
  expect(seen.map((sample) => sample.ms)).toEqual([1.01, 40, 40.5])
  expect(seen[0]).toEqual({ series: 1, ms: 1.01, entryMs: 1_000, entrySeq: 3, topic: 7, atMs: 1_234 })
  writer.record(1, 1.01)
  expect(samplesOf(reader)).toEqual([])
  reader.turn()
  writer.record(1, 1.01)
  expect(samplesOf(reader).map((sample) => sample.ms)).toEqual([1.01])
})

test('samples of one slice are bounded, and the counts stay exact beyond them', () => {
  const { writer, reader } = open(400)
  for (let series = 0; series < 400; series++)
    for (let step = 0; step < 100; step++) writer.record(series, 0.01 * 1.19 ** step)
  const seen = samplesOf(reader)
  expect(seen.length).toBeLessThanOrEqual(7_168)
  expect(seen.length).toBeGreaterThan(4_000)
  let n = 0
  for (let series = 0; series < 400; series++) n += take(reader, series).delta!.n
  expect(n).toBe(40_000)
})

test('a buffer of another size is refused', () => {
  expect(() => new LatencyWriter(new SharedArrayBuffer(1_000))).toThrow('no latency book')
})
