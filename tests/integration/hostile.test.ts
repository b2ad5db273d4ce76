import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { parseTopic } from '../../lib/contracts/topics.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createColumnPublisher, type ColumnPublisher } from '../support/columnPublisher.ts'
import { hostileCorpus } from '../support/hostileCorpus.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { connected, hello, startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`hostile stream skipped: ${missing}\n`)

let redis: RedisServer
let server: TestServer
let bus: MessageBus
let publisher: ColumnPublisher
let client: Redis

beforeAll(async () => {
  if (missing !== null) return
  redis = await startRedis()
  server = await startTestServer({ REDIS_URL: redis.url })
  bus = createRedisBus({ url: redis.url, clock: systemClock, name: 'test-neighbour' })
  await bus.start()
  client = new Redis({ path: new URL(redis.url).pathname, protocol: 2 })
  client.on('error', () => undefined)
  publisher = createColumnPublisher({ bus, layers: 2, seedsPerLayer: 16 })
  await publisher.publishRun()
  await waitUntil('run known', async () =>
    JSON.stringify((await server.get('/api/layers')).body).includes(publisher.run.run_id),
  )
})
afterAll(async () => {
  if (missing !== null) return
  client.disconnect()
  await bus.stop()
  await server.end()
  await redis.stop()
})

interface BusAnswer {
  refused: { total: number; by_reason: Record<string, number> }
  recent_refusals: { code: string; topic: string; cursor: string }[]
}
const busReport = async () => (await server.get('/api/bus')).body as BusAnswer

test('nothing put on the stream stops the server: each refusal is counted by its reason, the neighbours go on', async (context) => {
  if (missing !== null) return context.skip(missing)
  const corpus = hostileCorpus().filter((entry) => {
    // What travels elsewhere is not read here: control streams belong to layers, foreign topics to their adapter.
    const family = parseTopic(entry.topic)?.family
    return family !== undefined && !String(family).startsWith('control')
  })
  expect(corpus.length).toBeGreaterThanOrEqual(200)
  await publisher.publishTick()
  await waitUntil('first tick', async () => ((await server.get('/api/overview')).body as { lost: number }).lost === 0)
  const before = await busReport()
  const pid = process.pid
  const expected = new Map<string, number>()
  let neighbours = 0
  const topics = new Set(corpus.map((entry) => entry.topic))
  await client.sadd('kasmina.topics', ...topics)
  // The registry is looked at once a second at most: after that every stream of the corpus is read from its next entry.
  for (const topic of topics) await client.xadd(topic, '*', 'type', 'Warmup', 'data', '{}')
  await waitUntil('streams found', async () => {
    for (const topic of topics) await client.xadd(topic, '*', 'type', 'Warmup', 'data', '{}')
    const { streams } = (await server.get('/api/bus')).body as { streams: { topic: string }[] }
    const read = new Set(streams.map((stream) => stream.topic))
    return [...topics].every((topic) => read.has(topic))
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const base = await busReport()
  for (const entry of corpus) {
    const fields = Object.entries(entry.fields).flatMap(([name, value]) => [
      name,
      typeof value === 'string' ? value : Buffer.from(value),
    ])
    await client.xadd(entry.topic, '*', ...fields)
    const reason = entry.serverReason ?? entry.expectReason
    if (reason !== 'accepted') expected.set(reason, (expected.get(reason) ?? 0) + 1)
    neighbours += await publisher.publishTick()
  }
  await waitUntil('neighbours all merged', async () => {
    const layer = (await server.get('/api/layers/' + publisher.run.layers[0]!.layer_id)).body as {
      seeds: { metrics: Record<string, number[]> }
    }
    return layer.seeds.metrics['ticks_in_state']?.[0] === (publisher.tick & 31)
  })
  // Frames nobody described are given up after three seconds.
  await waitUntil('waiting frames settled', async () => {
    const { buffers } = (await server.get('/api/bus')).body as { buffers: { used: number }[] }
    return buffers[0]!.used === 0
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const after = await busReport()
  const counted = Object.fromEntries(
    Object.entries(after.refused.by_reason)
      .map(([code, count]) => [code, count - (base.refused.by_reason[code] ?? 0)] as const)
      .filter(([, count]) => count > 0),
  )
  process.stdout.write(
    `hostile: ${corpus.length} entries, ${neighbours} neighbours, refused ${JSON.stringify(counted)}, expected ${JSON.stringify(Object.fromEntries(expected))}\n`,
  )
  expect(process.pid).toBe(pid)
  expect(after.refused.total).toBeGreaterThan(before.refused.total)
  expect(counted).toEqual(Object.fromEntries(expected))
  expect(after.recent_refusals.length).toBeGreaterThan(0)
  expect(after.recent_refusals[0]).toMatchObject({ topic: expect.any(String), cursor: expect.any(String) })
  const overview = (await server.get('/api/overview')).body as { lost: number; event_loop: { max_ms: number } }
  expect(overview.lost).toBe(0)
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
}, 60_000)

test('malformed socket events are answered or ignored, never fatal', async (context) => {
  if (missing !== null) return context.skip(missing)
  const socket = server.viewer()
  expect(await connected(socket)).toBe('connected')
  await hello(socket)
  const emit = socket.emit.bind(socket) as unknown as (event: string, ...values: unknown[]) => void
  const deep: unknown[] = []
  for (let at: unknown[] = deep, depth = 0; depth < 2_000; depth++) {
    const next: unknown[] = []
    at.push(next)
    at = next
  }
  const values = [
    null,
    0,
    -1,
    Number.NaN,
    'x',
    '',
    [],
    {},
    deep,
    { run_id: '__proto__' },
    { protocol: {} },
    Buffer.from('x'),
  ]
  const codes = new Set<string>()
  for (const event of ['hello', 'view', 'inspect', 'history', 'clock', 'nope', '__proto__', 'constructor']) {
    emit(event)
    emit(event, () => undefined)
    emit(event, 1, 2, 3, () => undefined)
    for (const value of values) emit(event, value)
  }
  await new Promise((resolve) => setTimeout(resolve, 1_200))
  for (const value of values)
    for (const event of ['inspect', 'history']) {
      const answer = await new Promise<{ ok: boolean; problem?: { code: string } }>((resolve) =>
        emit(event, value, resolve),
      )
      expect(answer.ok).toBe(false)
      codes.add(answer.problem?.code ?? 'none')
    }
  expect([...codes]).toEqual(['CONTRACT_INVALID'])
  const rate = await Promise.all(
    Array.from(
      { length: 120 },
      () => new Promise<{ ok: boolean; problem?: { code: string } }>((resolve) => emit('clock', 1, resolve)),
    ),
  )
  expect(rate.filter((answer) => answer.problem?.code === 'GUARD_RATE').length).toBeGreaterThan(50)
  expect((await server.get('/api/health/live')).status).toBe(200)
  const big = server.viewer()
  await connected(big)
  const gone = new Promise((resolve) => void big.once('disconnect', resolve))
  ;(big as unknown as { emit(event: string, ...values: unknown[]): void }).emit('hello', 'x'.repeat(200_000))
  await gone
  expect((await server.get('/api/health/live')).status).toBe(200)
})
