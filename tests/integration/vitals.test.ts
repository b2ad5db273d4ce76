/*
 * Vitals of a real server on a real Redis: what Redis tells, what threads use, what a heartbeat of a stranger tells.
 * In: a server, a heartbeat on the bus. Out: proof that figures come from where they say.
 * Invariant: no skip without a printed reason; in CI a missing server is a failure.
 * Source: docs/protocol.md "vitals".
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { Vitals } from '../../lib/contracts/httpVitals.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createMessageWriter, encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`vitals over Redis skipped: ${missing}\n`)

describe.skipIf(missing !== null)('vitals over a real Redis', () => {
  let redis: RedisServer
  let server: TestServer
  beforeAll(async () => {
    redis = await startRedis()
    server = await startTestServer({ BUS: 'redis', REDIS_URL: redis.url })
  })
  afterAll(async () => {
    await server.end()
    await redis.stop()
  })
  const read = async (): Promise<Vitals> => Vitals.parse((await server.get('/api/vitals')).body)

  test('Redis, the threads and the process are measured, with rates from the second reading on', async () => {
    await waitUntil('Redis tells', async () => (await read()).redis !== null, 30_000)
    await waitUntil('rates are known', async () => {
      const { over_ms, redis: told, threads, process: own } = await read()
      return over_ms !== null && told?.cpu_cores != null && threads[0]?.busy_ratio != null && own.cpu_cores !== null
    })
    const told = await read()
    expect(told.redis?.memory_bytes).toBeGreaterThan(100_000)
    expect(told.threads.map(({ name }) => name)).toContain('ingest')
  })

  test('a heartbeat of a producer carries its machine, GPU included, to the answer', async () => {
    const bus = createRedisBus({ url: redis.url, clock, name: 'stranger' })
    await bus.start()
    const body = {
      service_id: 'gpu-host',
      uptime_seconds: 5,
      metrics: { cpu: 1.5, rss: 3e9, gpu_util: 0.5, gpu_mem: 8e9 },
    }
    const data = encodeJson(createMessageWriter('gpu-host', clock).compose('Heartbeat', body))
    await bus.publish('kasmina.service', { type: 'Heartbeat', enc: 'json', data, src: 'gpu-host:service', epoch: 1 })
    await bus.stop()
    await waitUntil('the producer is told', async () => (await read()).producers.length > 0)
    expect((await read()).producers[0]).toMatchObject({
      source: 'gpu-host',
      cpu_cores: 1.5,
      rss_bytes: 3e9,
      gpu_util_ratio: 0.5,
      gpu_memory_bytes: 8e9,
    })
  })
})
