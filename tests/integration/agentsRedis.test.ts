/*
 * Telemetry across a dying Redis: killed with -9 under load and restarted, on the real driver and a real server.
 * In: a publisher fed at about 1,000 ticks a second. Out: every seq in the stream, and the counters of the publisher.
 * Invariant: when the buffer suffices nothing is lost; when it does not, the gap is exactly what was counted.
 * Source: docs/architecture.md "the two flows"; docs/bus.md "how it is tested".
 */
import { expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import { decodeWireHeader } from '../../lib/frames/wireFrame.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createTelemetryPublisher } from '../../lib/telemetry/publisher.ts'
import { createSharedRing, ringReader, ringWriter } from '../../lib/telemetry/sharedRing.ts'
import { createTickEncoder } from '../../lib/telemetry/tickEncoder.ts'
import { startLiveTrainer } from '../support/liveTrainer.ts'
import { redisMissing, startRedis } from '../support/redisHarness.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`skipped: telemetry across a dying Redis: ${missing}\n`)

const TOPIC = 'kasmina.telemetry.shard.0'
const SRC = 'trainer-redis-test'

function createFeed(bus: MessageBus, maxPendingTicks: number) {
  const encoder = createTickEncoder({ schemaId: 1, seedsPerLayer: [4, 4, 4], seedColumns: 24, layerColumns: 10 })
  const ring = createSharedRing(1_024, encoder.tickBytes)
  const writer = ringWriter(ring.buffer)
  const shared = { bus, clock, ring: ringReader(ring.buffer), topic: TOPIC, src: SRC, epoch: 1, expectedIntervalMs: 1 }
  const publisher = createTelemetryPublisher({ ...shared, maxPendingTicks })
  const seeds = new Float32Array(4 * 24)
  const summary = new Float32Array(10)
  let ticks = 0
  const undo = clock.every(5, () => {
    for (let i = 0; i < 5; i++) {
      ticks++
      const head = { seq: 0, step: ticks, tick: ticks, publishedAtS: 0, flags: 0, windowMs: 1 }
      writer.tryWrite((slot) =>
        [0, 1, 2].reduce((at, layer) => encoder.encodeLayer(slot, at, layer, head, seeds, summary), 0),
      )
    }
  })
  publisher.start()
  return { publisher, ticks: () => ticks, stopFeeding: undo }
}

/** Everything that is in the stream, judged as a reader would: the stream keeps at least 10,000 entries at this interval. */
async function judge(bus: MessageBus) {
  const guard = createSequenceGuard()
  let after: string | undefined
  for (;;) {
    const page = await bus.read(TOPIC, after === undefined ? { limit: 500 } : { after, limit: 500 })
    if (page.kind === 'gap') throw new Error('the stream was trimmed')
    for (const entry of page.entries) {
      expect(decodeWireHeader(entry.data, 0).seq).toBe(entry.seq)
      guard.check(entry.src ?? '', entry.epoch ?? 0, entry.seq ?? 0)
    }
    after = page.entries.at(-1)?.cursor ?? after
    if (page.entries.length === 0 || page.next === null) return guard
  }
}

/** Feeds a little on, stops, and waits until everything the feed made was sent or counted as dropped. */
async function settle({ publisher, ticks, stopFeeding }: ReturnType<typeof createFeed>): Promise<void> {
  const target = ticks() + 200
  await waitUntil('ticks', () => ticks() >= target)
  stopFeeding()
  await waitUntil(
    'an empty buffer',
    () => publisher.counters().pending === 0 && publisher.counters().lastSeq === ticks(),
  )
}

test('kill -9 under load, the buffer suffices: not one entry is lost', { timeout: 90_000 }, async (context) => {
  if (missing) return context.skip(missing)
  const redis = await startRedis({ appendonly: true })
  const bus = createRedisBus({ url: redis.url, clock, name: 'feed' })
  await bus.start()
  const feed = createFeed(bus, 4_096)
  const { publisher, ticks } = feed
  for (let round = 0; round < 3; round++) {
    const target = ticks() + 300
    await waitUntil('ticks', () => ticks() >= target)
    await redis.kill()
    const outage = ticks() + 200
    await waitUntil('ticks during the outage', () => ticks() >= outage)
    await redis.restart()
  }
  await settle(feed)
  const guard = await judge(bus)
  expect(guard.counters()).toMatchObject({ lost: 0, accepted: ticks() })
  expect(publisher.counters()).toMatchObject({ droppedBuffer: 0, droppedRing: 0, published: ticks() })
  process.stdout.write(
    `kill -9 x3: ${ticks()} ticks, 0 lost, ${guard.counters().duplicates} duplicates told apart by seq\n`,
  )
  await publisher.stop(1_000)
  await bus.stop(1_000)
  await redis.stop()
})

test(
  'kill -9 under load, the buffer is too small: the gap is exactly what was counted',
  { timeout: 90_000 },
  async (context) => {
    if (missing) return context.skip(missing)
    const redis = await startRedis({ appendonly: true })
    const bus = createRedisBus({ url: redis.url, clock, name: 'feed' })
    await bus.start()
    const feed = createFeed(bus, 50)
    const { publisher, ticks } = feed
    await waitUntil('ticks', () => ticks() >= 300)
    await redis.kill()
    const outage = ticks() + 400
    await waitUntil('ticks during the outage', () => ticks() >= outage)
    await redis.restart()
    await settle(feed)
    const guard = await judge(bus)
    const { droppedBuffer, published } = publisher.counters()
    expect(droppedBuffer).toBeGreaterThan(200)
    expect(guard.counters().lost).toBe(droppedBuffer)
    expect(published + droppedBuffer).toBe(ticks())
    process.stdout.write(
      `kill -9, small buffer: ${ticks()} ticks, ${droppedBuffer} counted lost, gap seen ${guard.counters().lost}\n`,
    )
    await publisher.stop(1_000)
    await bus.stop(1_000)
    await redis.stop()
  },
)

test(
  'trainer and controller on Redis: a seed germinates by command, and the descriptor returns after a flush',
  { timeout: 120_000 },
  async (context) => {
    if (missing) return context.skip(missing)
    const redis = await startRedis()
    const agentBus = createRedisBus({ url: redis.url, clock, name: 'agent' })
    const controllerBus = createRedisBus({ url: redis.url, clock, name: 'controller' })
    await Promise.all([agentBus.start(), controllerBus.start()])
    const live = await startLiveTrainer(agentBus, { controllerBus, stepsPerS: null, maxSteps: 4_000 })
    await Promise.race([live.exited, live.failed])
    const applied = () =>
      live.controllerEvents.filter((event) => event.kind === 'settled' && event.settled.kind === 'applied')
    await waitUntil('an applied command', () => applied().length > 0, 30_000)
    expect(live.agentEvents.some((event) => event.kind === 'command' && event.handled.kind === 'applied')).toBe(true)
    const runs = async () => {
      const result = await agentBus.read('kasmina.run', {})
      return result.kind === 'entries' ? result.entries.length : 0
    }
    expect(await runs()).toBe(1)
    await redis.kill()
    await redis.restart()
    // This server keeps nothing: after its death the stream is gone, as after FLUSHALL.
    await waitUntil('the descriptor again', async () => (await runs().catch(() => 0)) === 1, 30_000)
    await live.stop()
    await Promise.all([agentBus.stop(1_000), controllerBus.stop(1_000)])
    await redis.stop()
  },
)
