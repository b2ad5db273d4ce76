import { expect, test } from 'vitest'
import { createLatencyBuffer, LatencyReader } from '../../../../lib/primitives/latencyBook.ts'
import { bucketOf } from '../../../../lib/primitives/latencyBuckets.ts'
import { createLatencyRecorder } from '../../../../server/ingest/latencyRecorder.ts'
import { addSums, createLatencyTeller } from '../../../../server/workers/latencyRelay.ts'

test('what one process counted is counted once more by the other, in the same buckets, and never twice', () => {
  const teller = createLatencyTeller()
  const buffer = createLatencyBuffer(64)
  teller.open('agent', buffer)
  const told = createLatencyRecorder({ buffer, nowMs: () => 0, note: (note) => teller.note('agent', note) })
  const produce = told.seriesOf('produce', 'telemetry', 'run-1', 'layer_0')
  told.writer.mark(Number.NaN, Number.NaN, Number.NaN, 77)
  told.writer.record(produce, 4)
  told.writer.record(produce, 9)
  const sums = structuredClone(teller.take())
  expect(sums).toHaveLength(1)
  expect(sums[0]!.slowest).toEqual({ ms: 9, atMs: 77 })
  expect(teller.take()).toEqual([])

  const shown = createLatencyBuffer(64)
  const reader = new LatencyReader(shown)
  const heard = createLatencyRecorder({ buffer: shown, nowMs: () => 0, note: () => undefined })
  addSums(heard, sums)
  const counts: [number, number][] = []
  const series = heard.seriesOf('produce', 'telemetry', 'run-1', 'layer_0')
  expect(reader.take(series, (bucket, count) => void counts.push([bucket, count]))?.n).toBe(2)
  expect(counts).toEqual([
    [bucketOf(4), 1],
    [bucketOf(9), 1],
  ])
  const samples: number[] = []
  reader.samples((sample) => samples.push(sample.ms, sample.atMs))
  expect(samples).toEqual([9, 77])
})

test('a thread that began anew has no labels until it tells them, and layers without a name are not told', () => {
  const teller = createLatencyTeller()
  const buffer = createLatencyBuffer(49)
  teller.open('agent', buffer)
  const told = createLatencyRecorder({ buffer, nowMs: () => 0, note: (note) => teller.note('agent', note) })
  told.writer.record(told.seriesOf('produce', 'telemetry', 'run-1', 'layer_0'), 1)
  teller.note('agent', { kind: 'began' })
  expect(teller.take()).toEqual([])
})
