import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { HTTP_API } from '../../lib/contracts/httpApi.ts'
import type { LatencyReport } from '../../lib/contracts/httpLatency.ts'
import { bucketOf } from '../../lib/primitives/latencyBuckets.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createColumnPublisher } from '../support/columnPublisher.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { connected, hello, startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`latency on redis skipped: ${missing}\n`)

const SLOW_MS = 400

describe.skipIf(missing !== null)('latency over a real Redis', () => {
  let redis: RedisServer
  let server: TestServer
  let bus: MessageBus

  beforeAll(async () => {
    redis = await startRedis()
    server = await startTestServer({ REDIS_URL: redis.url })
    bus = createRedisBus({ url: redis.url, clock, name: 'latency-test' })
    await bus.start()
  }, 60_000)
  afterAll(async () => {
    await bus.stop(1_000)
    await server.end()
    await redis.stop()
  })

  const report = async (query = ''): Promise<LatencyReport> => {
    const { status, body } = await server.get(`/api/latency${query}`)
    expect(status).toBe(200)
    return HTTP_API.latency.output.parse(body)
  }
  const stageOf = async (stage: string, query = '') => (await report(query)).stages.find((one) => one.stage === stage)!
  const merged = async (): Promise<number> => {
    const { body } = await server.get('/api/layers')
    const { layers } = body as { layers: { layer_id: string }[] }
    return layers.length
  }

  test('n of every stage of the ingest is the number of messages merged, and nobody else is said to be measured', async () => {
    const publisher = createColumnPublisher({ bus, layers: 3, seedsPerLayer: 8, runId: 'prompt' })
    await publisher.publishRun()
    await waitUntil('the run', async () => (await merged()) === 3)
    for (let tick = 0; tick < 20; tick++) await publisher.publishTick()
    await waitUntil('a slice with all of them', async () => (await stageOf('total', '?run=prompt')).n === 60, 20_000)
    for (const stage of ['queue', 'deliver', 'handle', 'total']) {
      const told = await stageOf(stage, '?run=prompt')
      expect(told.n).toBe(60)
      expect(told.skewed).toBe(0)
      expect(told.buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(60)
      expect(told.p50_ms).not.toBeNull()
    }
    expect((await stageOf('total', '?run=prompt&layer=load_1')).n).toBe(20)
    expect((await stageOf('total', '?run=prompt&topic=reports')).n).toBe(0)
    for (const stage of ['produce', 'frame', 'paint', 'ack'])
      expect(await stageOf(stage, '?run=prompt')).toMatchObject({ n: 0, p99_ms: null })
  }, 40_000)

  test('a publisher that holds its messages back shows in queue and total, and nowhere else; its exemplar is that entry', async () => {
    // It stamps early and sends late: its own clock is this one, only behind by what it waits.
    const late = { ...clock, wallMs: () => clock.wallMs() - SLOW_MS }
    const publisher = createColumnPublisher({ bus, layers: 1, seedsPerLayer: 4, runId: 'late', clock: late })
    await publisher.publishRun()
    await waitUntil('the run', async () => (await merged()) === 4)
    for (let tick = 0; tick < 5; tick++) await publisher.publishTick()
    await waitUntil('its slice', async () => (await stageOf('queue', '?run=late')).n === 5, 20_000)
    const queue = await stageOf('queue', '?run=late')
    expect(queue.floor_ms!).toBeGreaterThanOrEqual(SLOW_MS * 0.95)
    expect((await stageOf('total', '?run=late')).floor_ms!).toBeGreaterThanOrEqual(SLOW_MS * 0.95)
    expect((await stageOf('handle', '?run=late')).max_ms!).toBeLessThan(SLOW_MS)
    expect((await report('?run=late')).objective).toMatchObject({ n: 5, late: 5 })

    const answer = await server.get('/api/latency/exemplars?stage=queue&run=late')
    const { n, exemplars } = HTTP_API.latencyExemplars.output.parse(answer.body)
    expect(n).toBe(5)
    const { entry, source, layer_id } = exemplars[0]!
    expect({ source, layer_id }).toEqual({ source: 'loadgen-late', layer_id: 'load_0' })
    expect(await redis.command('XRANGE', entry!.topic, entry!.entry_id, entry!.entry_id)).toHaveLength(1)
  }, 40_000)

  test('frames to a viewer and what it says it drew are counted, for layers that exist, within bounds', async () => {
    const publisher = createColumnPublisher({ bus, layers: 1, seedsPerLayer: 4, runId: 'seen' })
    await publisher.publishRun()
    await waitUntil('the run', async () => (await merged()) === 5)
    const viewer = server.viewer()
    await connected(viewer)
    await hello(viewer)
    let frames = 0
    viewer.on('frame', () => void frames++)
    const view = { run_id: 'seen', precision: 'exact', metric: 'health_score', max_hz: 20 } as const
    await new Promise<void>((resolve) => void viewer.emit('view', view, () => resolve()))
    await publisher.publishTick()
    await waitUntil('the first picture', () => frames > 0)
    const before = frames
    await publisher.publishTick()
    await waitUntil('the second', () => frames > before)
    const slowest = { ms: 12, at_ms: clock.wallMs() }
    const counts: [number, number][] = [[bucketOf(12), 3]]
    const layers = [
      { layer_id: 'load_0', counts, slowest, skewed: 0, skew_ms: 0 },
      { layer_id: 'nowhere', counts, slowest, skewed: 0, skew_ms: 0 },
    ]
    const answer = await new Promise((resolve) => void viewer.emit('paint', { run_id: 'seen', layers }, resolve))
    expect(answer).toMatchObject({ ok: true })
    const refused = await new Promise(
      (resolve) =>
        void viewer.emit(
          'paint',
          { run_id: 'seen', layers: [{ ...layers[0]!, counts: [[bucketOf(12), 99_999_999]] }] },
          resolve,
        ),
    )
    expect(refused).toMatchObject({ ok: false, problem: { code: 'CONTRACT_INVALID' } })
    await waitUntil('both stages', async () => (await stageOf('paint', '?run=seen')).n === 3, 20_000)
    expect(await stageOf('paint', '?run=seen')).toMatchObject({ n: 3, max_ms: 12 })
    const frame = await stageOf('frame', '?run=seen')
    // The first picture waited for its viewer: what it took is no latency. The second may be told in two frames or one.
    expect(frame.n).toBeGreaterThanOrEqual(1)
    expect(frame.max_ms!).toBeLessThan(2_000)
  }, 40_000)

  test('a query that is no query is refused with its path', async () => {
    for (const [query, path] of [
      ['?stage=nothing', 'stage'],
      ['?window=99999', 'window'],
      ['/exemplars?low=900', 'low'],
    ] as const) {
      const { status, body } = await server.get(`/api/latency${query}`)
      expect(status).toBe(422)
      expect(body).toMatchObject({ code: 'CONTRACT_INVALID', detail: expect.stringContaining(path) })
    }
  })
})

test('with the trainer on, every stage up to the columns is measured, and commands are acknowledged', async () => {
  const server = await startTestServer({ TRAINER: 'on' })
  const stage = async (name: string) => {
    const { body } = await server.get('/api/latency')
    return HTTP_API.latency.output.parse(body).stages.find((one) => one.stage === name)!
  }
  await waitUntil('an answered command', async () => (await stage('ack')).n > 0, 60_000)
  for (const name of ['produce', 'queue', 'deliver', 'handle', 'total'])
    expect((await stage(name)).n).toBeGreaterThan(0)
  expect((await stage('ack')).max_ms).toBeGreaterThan(0)
  await server.end()
}, 90_000)
