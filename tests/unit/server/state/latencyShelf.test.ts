import { expect, test } from 'vitest'
import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { LATENCY_LIMITS } from '../../../../lib/contracts/httpLatency.ts'
import { createLatencyBuffer } from '../../../../lib/primitives/latencyBook.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { bucketOf, shownBucket } from '../../../../lib/primitives/latencyBuckets.ts'
import { createLatencyApi } from '../../../../server/http/apiLatency.ts'
import { createLatencyRecorder } from '../../../../server/ingest/latencyRecorder.ts'
import { createLatencyShelf } from '../../../../server/state/latencyShelf.ts'
import { sumSlices } from '../../../../server/state/latencySums.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'

/** One thread's recorder and the server's shelf, on a clock that is moved by hand. */
function open(series = 256) {
  let nowMs = 1_700_000_000_000
  const runs = createRunBook()
  runs.nameTopic(3, 'kasmina.telemetry.shard.0')
  const shelf = createLatencyShelf({ nowMs: () => nowMs, topicOf: (index) => runs.topicOf(index) })
  const buffer = createLatencyBuffer(series)
  shelf.open('ingest', buffer)
  const start = () => createLatencyRecorder({ buffer, nowMs: () => nowMs, note: (note) => shelf.note('ingest', note) })
  const recorder = start()
  const api = createLatencyApi({ clock: { ...systemClock, wallMs: () => nowMs }, shelf, runs, replayed: () => 2 })
  const turn = (ms = 5_000): void => {
    nowMs += ms
    shelf.turn()
  }
  const ask = async (query = {}) => HTTP_API.latency.output.parse(await api.latency(query))
  const stage = async (name: string, query = {}) => (await ask(query)).stages.find((one) => one.stage === name)!
  return { recorder, shelf, api, turn, ask, stage, start, nowMs: () => nowMs }
}

test('nothing measured is null in every figure, and the window says how little of it was measured', async () => {
  const { ask, turn } = open()
  turn()
  const report = await ask()
  for (const stage of report.stages)
    expect(stage).toMatchObject({ n: 0, p50_ms: null, p99_ms: null, max_ms: null, mean_ms: null, buckets: [] })
  expect(report.objective).toMatchObject({ n: 0, late: 0, budget_left: null })
  expect(report.objective.burn.every((one) => one.rate === null)).toBe(true)
  expect(report).toMatchObject({ covered_ms: 5_000, replayed: 2 })
})

test('stages, layers and topics are told apart, and slices keep when it was', async () => {
  const { recorder, turn, stage, ask } = open()
  const queue = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0')
  const other = recorder.seriesOf('queue', 'reports', 'run-1', 'layer_1')
  for (let at = 0; at < 99; at++) recorder.writer.record(queue, 2)
  recorder.writer.record(queue, 300)
  turn()
  recorder.writer.record(other, 8)
  turn()
  expect(await stage('queue')).toMatchObject({ n: 101, max_ms: 300 })
  expect((await stage('queue', { layer: 'layer_0' })).n).toBe(100)
  expect(await stage('queue', { topic: 'reports' })).toMatchObject({ n: 1, max_ms: 8 })
  expect((await stage('queue', { run: 'run-2' })).n).toBe(0)
  expect((await stage('handle')).n).toBe(0)
  const report = await ask({ stage: 'queue' })
  expect(report.slices.map((slice) => [slice.to_ms - slice.from_ms, slice.n])).toEqual([
    [5_000, 100],
    [5_000, 1],
  ])
  expect(report.layers.map((row) => [row.layer_id, row.stages[0]!.n])).toEqual([
    ['layer_0', 100],
    ['layer_1', 1],
  ])
  expect(report.layers[0]!.stages[0]!.mean_ms).toBeCloseTo((99 * 2 + 300) / 100)
  expect(report.topics.map((row) => String(row.topic)).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'reports',
    'telemetry',
  ])
})

test('the objective counts what took 10 ms or longer, exactly, and the burn is a multiple of the budget', async () => {
  const { recorder, turn, ask } = open()
  const total = recorder.seriesOf('total', 'telemetry', 'run-1', 'layer_0')
  for (let at = 0; at < 196; at++) recorder.writer.record(total, 9.999)
  for (let at = 0; at < 4; at++) recorder.writer.record(total, 10)
  turn()
  const { objective } = await ask()
  expect(objective).toMatchObject({ stage: 'total', target_ms: 10, n: 200, late: 4 })
  expect(objective.burn[0]!.rate).toBeCloseTo(2)
  expect(objective.budget_left).toBeCloseTo(-1)
})

test('a slice that is older than the window is let go, however long it goes on', async () => {
  const { recorder, turn, shelf, stage } = open()
  const series = recorder.seriesOf('handle', 'telemetry', 'run-1', 'layer_0')
  for (let at = 0; at < 400; at++) {
    recorder.writer.record(series, 0.02)
    turn()
  }
  const kept = shelf.slices(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).length
  expect(kept).toBeLessThanOrEqual(LATENCY_LIMITS.windowS / 5 + 2)
  expect((await stage('handle')).n).toBe(LATENCY_LIMITS.windowS / 5)
  expect((await stage('handle', { window: 60 })).n).toBe(12)
})

test('exemplars of a bucket and of a span of time lead to the entry, slowest first, and stay few', async () => {
  const { recorder, turn, api, nowMs } = open()
  const series = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0')
  recorder.writer.mark(1_700_000_000_123, 4, 3, 1_700_000_000_124)
  for (let at = 0; at < 1_000; at++) recorder.writer.record(series, 1 + (at % 7) / 100)
  recorder.writer.record(series, 90)
  turn()
  const whole = HTTP_API.latencyExemplars.output.parse(await api.latencyExemplars({ stage: 'queue' }))
  expect(whole.n).toBe(1_001)
  expect(whole.exemplars.length).toBeLessThanOrEqual(12)
  expect(whole.exemplars[0]).toMatchObject({
    latency_ms: 90,
    layer_id: 'layer_0',
    entry: { topic: 'kasmina.telemetry.shard.0', entry_id: '1700000000123-4' },
  })
  const at = shownBucket(bucketOf(90))
  expect(await api.latencyExemplars({ stage: 'queue', low: at, high: at })).toMatchObject({
    n: 1,
    exemplars: [{ latency_ms: 90 }],
  })
  turn()
  const later = await api.latencyExemplars({ stage: 'queue', from: nowMs() - 5_000, to: nowMs() })
  expect(later).toMatchObject({ n: 0, exemplars: [] })
})

test('a clock that is ahead is counted as skew and never as a latency', async () => {
  const { recorder, turn, stage } = open()
  const series = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0')
  recorder.writer.record(series, -40)
  recorder.writer.record(series, 3)
  turn()
  expect(await stage('queue')).toMatchObject({ n: 1, skewed: 1, skew_ms: -40 })
})

test('layers beyond the bound are counted together, and a series is given on only after its run was told', async () => {
  const { recorder, turn, stage, ask } = open(48 + 2)
  const first = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0')
  recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_1')
  const beyond = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_2')
  recorder.writer.record(first, 1)
  recorder.writer.record(beyond, 2)
  recorder.forget('run-1')
  expect(recorder.seriesOf('queue', 'telemetry', 'run-2', 'layer_0')).toBe(beyond)
  turn()
  expect((await stage('queue')).n).toBe(2)
  expect((await ask()).layers.map((row) => row.layer_id)).toContain(null)
  turn(20_000)
  const again = recorder.seriesOf('queue', 'telemetry', 'run-2', 'layer_0')
  expect(again).toBe(first)
  recorder.writer.record(again, 5)
  turn()
  expect((await stage('queue', { run: 'run-1' })).n).toBe(1)
  expect((await stage('queue', { run: 'run-2' })).n).toBe(1)
})

test('a thread that is started again goes on in the same buffer, and what was counted before it is told once', async () => {
  const { recorder, shelf, start, turn, stage } = open()
  recorder.writer.record(recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0'), 1)
  shelf.note('ingest', { kind: 'began' })
  const next = start()
  next.writer.record(next.seriesOf('handle', 'telemetry', 'run-1', 'layer_0'), 1)
  turn()
  expect([(await stage('queue')).n, (await stage('handle')).n]).toEqual([1, 1])
})

test('a short window still tells the burn of the longer ones, and the same question asked meanwhile is answered once', async () => {
  const { recorder, turn, api, ask } = open()
  const total = recorder.seriesOf('total', 'telemetry', 'run-1', 'layer_0')
  for (let slice = 0; slice < 100; slice++) {
    recorder.writer.record(total, 20)
    turn()
  }
  const { objective, slices } = await ask({ window: 60 })
  expect(slices).toHaveLength(12)
  expect(objective).toMatchObject({ n: 12, late: 12 })
  expect(objective.burn.map(({ seconds, n }) => [seconds, n])).toEqual([
    [60, 12],
    [300, 60],
    [900, 100],
  ])
  const [one, other] = await Promise.all([api.latency({ window: 300 }), api.latency({ window: 300 })])
  expect(one).toBe(other)
})

test('an answer may pause after every slice: no turn is longer than the sums of one', () => {
  const { recorder, turn, shelf } = open()
  const series = recorder.seriesOf('queue', 'telemetry', 'run-1', 'layer_0')
  for (let slice = 0; slice < 9; slice++) {
    recorder.writer.record(series, 1)
    turn()
  }
  const slices = shelf.slices(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)
  const work = sumSlices(slices, {
    filter: {},
    stage: 'queue',
    ofSlice: (_, tally) => tally.n,
    objective: 'total',
    windows: [],
  })
  for (let pause = 0; pause < 9; pause++) expect(work.next().done).toBe(false)
  const end = work.next()
  expect(end.done && [...end.value.slices]).toEqual(Array.from({ length: 9 }, () => 1))
})
