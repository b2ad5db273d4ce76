import { expect, test } from 'vitest'
import { bucketRows, outlineOf } from '../../../../components/latency/histogramRows.ts'
import {
  DEFAULT_CHOICE,
  exemplarsUrl,
  parseChoice,
  reportUrl,
  toHash,
  WHOLE_SPAN,
} from '../../../../components/latency/latencyChoice.ts'
import { heatCellAt, rowCounts } from '../../../../components/latency/drawLatencyHeat.ts'
import { axisTicks, burnText, latencyText, placeOf, spanText } from '../../../../components/latency/latencyWords.ts'
import { splitBars } from '../../../../components/latency/splitRows.ts'
import { shownBoundsMs } from '../../../../lib/primitives/latencyBuckets.ts'

const bounds = shownBoundsMs()
const size = bounds.length - 1

test('latencies are written with their unit and three digits, and what is not measured in words', () => {
  expect([0, 0.0234, 0.5, 1.26, 9.97, 42.4, 999.4, 1_240, 61_000, null].map((ms) => latencyText(ms))).toEqual([
    '0 µs',
    '23 µs',
    '500 µs',
    '1.3 ms',
    '10 ms',
    '42 ms',
    '999 ms',
    '1.2 s',
    '61 s',
    'not measured',
  ])
  expect([null, 0, 0.25, 14.6].map((rate) => burnText(rate))).toEqual(['not measured', 'none', '0.3 ×', '15 ×'])
})

test('a latency stands between the bounds of its bucket, and the axis is the same whatever is shown', () => {
  for (const ms of [0.002, 0.1, 0.37, 10, 999, 40_000]) {
    const place = placeOf(ms, bounds)
    const at = Math.floor(place)
    expect(bounds[at]! + (place - at) * (bounds[at + 1]! - bounds[at]!)).toBeCloseTo(ms, 6)
  }
  expect([placeOf(0, bounds), placeOf(1e9, bounds)]).toEqual([0, size])
  expect(axisTicks(bounds).map((tick) => tick.label)).toEqual([
    '1 µs',
    '10 µs',
    '100 µs',
    '1 ms',
    '10 ms',
    '100 ms',
    '1 s',
    '10 s',
    '60 s',
  ])
  expect(spanText(0, 0, bounds)).toMatch(/^below /)
  expect(spanText(size - 1, size - 1, bounds)).toMatch(/ and more$/)
})

test('the outline has a step for every bucket, and the cumulative one ends at all of them', () => {
  const told = {
    n: 4,
    buckets: [
      [3, 1],
      [5, 3],
    ] as [number, number][],
  }
  const outline = outlineOf(told, size, false)
  expect(outline).toHaveLength(size + 1)
  expect(outline.filter((point) => point.count > 0)).toEqual([
    { at: 3, count: 1 },
    { at: 5, count: 3 },
  ])
  expect(outlineOf(told, size, true).at(-1)!.count).toBe(1)
  expect(outlineOf({ n: 0, buckets: [] }, size, true).every((point) => point.count === 0)).toBe(true)
  expect(bucketRows(told)).toEqual([
    { bucket: 3, count: 1, upTo: 0.25 },
    { bucket: 5, count: 3, upTo: 1 },
  ])
})

test('a point of the picture is the slice and the row under it, and beside the field nothing', () => {
  const frame = { width: 464, height: 328, fromMs: 0, toMs: 10_000, bounds }
  const empty = { n: 0, p50_ms: null, p95_ms: null, p99_ms: null, max_ms: null, buckets: [] }
  const slices = [{ ...empty, from_ms: 5_000, to_ms: 10_000 }]
  expect(heatCellAt(frame, slices, 400, 305)).toEqual({ slice: 0, low: 0, high: 3 })
  expect(heatCellAt(frame, slices, 400, 7)!.high).toBe(size - 1)
  expect(heatCellAt(frame, slices, 100, 100)).toBeNull()
  expect(heatCellAt(frame, slices, 10, 100)).toBeNull()
  expect(heatCellAt(frame, slices, 400, 320)).toBeNull()
  expect(
    rowCounts(
      [
        [0, 2],
        [3, 1],
        [4, 5],
      ],
      size,
    ).slice(0, 2),
  ).toEqual([3, 5])
})

test('bars are slowest first, stack means only, and leave open what was not measured', () => {
  const bars = splitBars([
    { run_id: 'a', layer_id: 'layer_0', topic: null, stages: [{ stage: 'queue', n: 3, mean_ms: 2 }] },
    {
      run_id: 'a',
      layer_id: 'layer_1',
      topic: null,
      stages: [
        { stage: 'handle', n: 9, mean_ms: 5 },
        { stage: 'total', n: 9, mean_ms: 700 },
      ],
    },
    { run_id: 'a', layer_id: 'layer_2', topic: null, stages: [{ stage: 'ack', n: 1, mean_ms: 9 }] },
  ])
  expect(bars.map(({ label, sumMs, n }) => [label, sumMs, n])).toEqual([
    ['layer_1', 5, 9],
    ['layer_0', 2, 3],
  ])
  expect(bars[1]!.means).toMatchObject({ queue: 2, handle: null })
})

test('a choice survives its link, and a malformed one is the default', () => {
  const choice = { stage: 'queue', windowS: 60, layer: 'layer_0', topic: 'events' } as const
  expect(parseChoice(toHash(choice))).toEqual(choice)
  expect(toHash(DEFAULT_CHOICE)).toBe('')
  expect(parseChoice('#stage=nothing&window=7&layer=%3Cb%3E&topic=x')).toEqual(DEFAULT_CHOICE)
  expect(reportUrl(choice, 'r')).toBe('/api/latency?stage=queue&window=60&layer=layer_0&topic=events&run=r')
  expect(exemplarsUrl(DEFAULT_CHOICE, null, { ...WHOLE_SPAN, low: 3, high: 4, fromMs: 1.5, toMs: 9 })).toBe(
    '/api/latency/exemplars?stage=total&window=300&low=3&high=4&from=1&to=9',
  )
})
