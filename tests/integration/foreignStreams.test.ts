import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createIngest } from '../../server/ingest/ingest.ts'
import type { IngestMessage } from '../../server/ingest/ingestMessages.ts'
import { redisMissing, startRedis, type RedisServer } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing !== null) process.stdout.write(`foreign streams skipped: ${missing}\n`)

const STREAMS = 561
const OTHER_KEYS = 20_000
const IDLE_MS = 3_000

describe.skipIf(missing !== null)('one key per seed', () => {
  let redis: RedisServer
  let client: Redis
  beforeAll(async () => {
    redis = await startRedis()
    client = new Redis(redis.url.replace('unix://', ''))
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })

  const publish = async (from: number, to: number): Promise<void> => {
    const pipeline = client.pipeline()
    for (let seed = from; seed < to; seed++) {
      const message = {
        message_id: globalThis.crypto.randomUUID(),
        timestamp: clock.wallMs() / 1_000,
        source: 'kasmina_layer_layer_0',
        version: '1.0',
        message_type: 'StateTransitionEvent',
        layer_id: 'layer_0',
        seed_id: seed,
        from_state: 'DORMANT',
        to_state: 'GERMINATED',
      }
      const topic = `morphogenetic.event.transition.layer.layer_0.seed.${seed}`
      pipeline.xadd(topic, '*', 'data', JSON.stringify(message), 'type', 'StateTransitionEvent')
    }
    await pipeline.exec()
  }
  const redisCpuS = async (): Promise<number> => {
    const text = String(await redis.command('INFO', 'cpu'))
    const read = (name: string) => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1])
    return read('used_cpu_user') + read('used_cpu_sys')
  }

  test(`${STREAMS} foreign streams among ${OTHER_KEYS} other keys are found and cost little when idle`, async () => {
    const others = client.pipeline()
    for (let at = 0; at < OTHER_KEYS; at++) others.set(`other:${at}`, '1')
    await others.exec()
    await publish(0, 400)
    const bus = createRedisBus({ url: redis.url, clock, name: 'streams', scanForeign: true })
    await bus.start()
    let transitions = 0
    const post = (message: IngestMessage): void => {
      if (message.kind === 'records') transitions += message.records.filter((one) => one.kind === 'transition').length
    }
    const ingest = createIngest({ bus, clock, historySeconds: 60, post })
    const startedMs = clock.monotonicMs()
    await ingest.start()
    await waitUntil('those that were there', () => transitions === 400)
    const firstMs = clock.monotonicMs() - startedMs
    const newMs = clock.monotonicMs()
    await publish(400, STREAMS)
    await waitUntil('those that came', () => transitions === STREAMS)
    const foundMs = clock.monotonicMs() - newMs

    const [redisBefore, cpuBefore, wallBefore] = [await redisCpuS(), process.cpuUsage(), clock.monotonicMs()]
    await clock.sleep(IDLE_MS)
    const used = process.cpuUsage(cpuBefore)
    const wallMs = clock.monotonicMs() - wallBefore
    const ingestShare = (used.user + used.system) / 1_000 / wallMs
    const redisShare = ((await redisCpuS()) - redisBefore) / (wallMs / 1_000)
    process.stdout.write(
      `400 existing streams read after ${firstMs.toFixed(0)} ms, 161 new ones after ${foundMs.toFixed(0)} ms; idle: ` +
        `${(ingestShare * 100).toFixed(1)} % of a core here, ${(redisShare * 100).toFixed(1)} % in Redis\n`,
    )
    // Hang guards, ten times the aim; the figures above are what counts.
    expect(foundMs).toBeLessThan(20_000)
    expect(ingestShare).toBeLessThan(0.5)
    await ingest.stop(1_000)
    await bus.stop()
  })
})
