import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { createSequenceGuard } from '../../../../lib/bus/sequenceGuard.ts'
import { AppError } from '../../../../lib/contracts/appError.ts'
import { decodeWireHeader } from '../../../../lib/frames/wireFrame.ts'
import { createTelemetryPublisher, type PublisherEvent } from '../../../../lib/telemetry/publisher.ts'
import { createSharedRing, ringReader, ringWriter } from '../../../../lib/telemetry/sharedRing.ts'
import { createTickEncoder } from '../../../../lib/telemetry/tickEncoder.ts'
import { createFlakyBus } from '../../../support/flakyBus.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const TOPIC = 'kasmina.telemetry.shard.0'

async function setUp(options: { slots?: number; maxPendingTicks?: number; maxPendingBytes?: number } = {}) {
  const clock = createManualClock()
  const inner = createMemoryBus({ clock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const encoder = createTickEncoder({ schemaId: 7, seedsPerLayer: [2, 3], seedColumns: 2, layerColumns: 1 })
  const ring = createSharedRing(options.slots ?? 64, encoder.tickBytes)
  const writer = ringWriter(ring.buffer)
  const events: PublisherEvent[] = []
  const { slots: _, ...bounds } = options
  const publisher = createTelemetryPublisher({
    bus,
    clock,
    ring: ringReader(ring.buffer),
    topic: TOPIC,
    src: 'trainer-test',
    epoch: 5,
    expectedIntervalMs: 133,
    onEvent: (event) => events.push(event),
    ...bounds,
  })
  let tick = 0
  /** Writes ticks; each carries its own number as step, so that what arrived can be told exactly. */
  const write = (count: number): void => {
    for (let i = 0; i < count; i++) {
      tick++
      const head = { seq: 0, step: tick, tick, publishedAtS: 0, flags: 0, windowMs: 133 }
      writer.tryWrite((slot) =>
        [2, 3].reduce(
          (offset, seeds, layer) =>
            encoder.encodeLayer(
              slot,
              offset,
              layer,
              head,
              new Float32Array(seeds * 2).fill(tick),
              new Float32Array([tick]),
            ),
          0,
        ),
      )
    }
  }
  const arrived = async () => {
    const result = await inner.read(TOPIC, { limit: 20_000 })
    if (result.kind !== 'entries') throw new Error('trimmed')
    return result.entries.map((entry) => ({ entry, header: decodeWireHeader(entry.data, 0), seq: entry.seq ?? -1 }))
  }
  return { clock, bus, publisher, write, arrived, events, writer, encoder }
}

test('publishes each tick as one entry with contiguous seq, stamped in every frame', async () => {
  const { clock, publisher, write, arrived, encoder } = await setUp()
  publisher.start()
  write(5)
  await clock.advance(50)
  const entries = await arrived()
  expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  for (const { entry, seq, header } of entries) {
    expect([entry.type, entry.enc, entry.src, entry.epoch]).toEqual(['TelemetryFrames', 'columns', 'trainer-test', 5])
    expect(entry.data.length).toBe(encoder.tickBytes)
    expect(header.seq).toBe(seq)
    expect(header.publishedAtS).toBeGreaterThan(1_600_000_000)
    expect(decodeWireHeader(entry.data, encoder.layerBytes(0)).seq).toBe(seq)
  }
  expect(publisher.counters()).toMatchObject({ published: 5, resent: 0, droppedRing: 0, droppedBuffer: 0, pending: 0 })
  await publisher.stop(100)
  expect(clock.openTimers).toBe(0)
})

test('a full ring shows as a gap of exactly the dropped ticks', async () => {
  const { clock, publisher, write, arrived, events } = await setUp({ slots: 4 })
  write(10)
  publisher.start()
  await clock.advance(20)
  write(2)
  await clock.advance(20)
  const entries = await arrived()
  expect(entries.map(({ header, seq }) => [header.step, seq])).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
    [11, 11],
    [12, 12],
  ])
  expect(publisher.counters().droppedRing).toBe(6)
  expect(events).toContainEqual({ kind: 'dropped', where: 'ring', count: 6, firstSeq: 5 })
  await publisher.stop(100)
})

test('an outage within the buffer loses nothing and changes no seq', async () => {
  const { clock, bus, publisher, write, arrived, events } = await setUp()
  publisher.start()
  write(3)
  await clock.advance(20)
  bus.setMode('reject')
  for (let i = 0; i < 10; i++) {
    write(5)
    await clock.advance(30)
  }
  expect(publisher.counters().pending).toBe(50)
  expect(publisher.counters().failingSinceMs).not.toBeNull()
  bus.setMode('up')
  await clock.advance(5)
  const entries = await arrived()
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 53 }, (_, i) => i + 1))
  expect(publisher.counters()).toMatchObject({ published: 53, pending: 0, droppedBuffer: 0, failingSinceMs: null })
  expect(publisher.counters().resent).toBeGreaterThan(0)
  expect(events.map((event) => event.kind)).toEqual(['outage', 'recovered'])
  await publisher.stop(100)
})

test('a lost reply is re-sent with the same seq, which readers drop as a duplicate', async () => {
  const { clock, bus, publisher, write, arrived } = await setUp()
  publisher.start()
  bus.setMode('lose-reply')
  write(1)
  await clock.advance(25)
  bus.setMode('up')
  write(3)
  await clock.advance(25)
  const guard = createSequenceGuard()
  const kinds = (await arrived()).map(({ seq }) => guard.check('trainer-test', 5, seq).kind)
  expect(kinds.filter((kind) => kind === 'duplicate').length).toBeGreaterThan(0)
  expect(guard.counters()).toMatchObject({ accepted: 4, lost: 0 })
  await publisher.stop(100)
})

test('beyond the buffer the oldest go, and the gap is exactly what was counted', async () => {
  const { clock, bus, publisher, write, arrived, events } = await setUp({ maxPendingTicks: 10 })
  publisher.start()
  write(2)
  await clock.advance(20)
  bus.setMode('reject')
  for (let i = 0; i < 10; i++) {
    write(4)
    await clock.advance(30)
  }
  bus.setMode('up')
  await clock.advance(20)
  const guard = createSequenceGuard()
  for (const { seq } of await arrived()) guard.check('trainer-test', 5, seq)
  const { droppedBuffer, published } = publisher.counters()
  expect(droppedBuffer).toBe(30)
  expect(published).toBe(12)
  expect(guard.counters().lost).toBe(droppedBuffer)
  const told = events.reduce((sum, event) => (event.kind === 'dropped' ? sum + event.count : sum), 0)
  expect(told).toBe(droppedBuffer)
  await publisher.stop(100)
})

test('the byte bound holds while a publish hangs, and the entry under way is kept', async () => {
  const { clock, bus, publisher, write, encoder } = await setUp({ maxPendingBytes: 2_000 })
  publisher.start()
  bus.setMode('hang')
  for (let i = 0; i < 10; i++) {
    write(10)
    await clock.advance(20)
  }
  const counters = publisher.counters()
  expect(counters.pendingBytes).toBeLessThanOrEqual(2_000)
  expect(counters.pending).toBe(Math.floor(2_000 / encoder.tickBytes))
  expect(counters.droppedBuffer + counters.pending).toBe(100)
  expect(bus.attempts.get(TOPIC)).toBe(1)
  const stopping = publisher.stop(50)
  await clock.advance(100)
  await stopping
  expect(publisher.counters()).toMatchObject({ pending: 0, droppedBuffer: 100 })
  expect(clock.openTimers).toBe(0)
})

test('a slot that holds no frames is refused and counted; its neighbours go on', async () => {
  const { clock, publisher, write, arrived, writer, events } = await setUp()
  publisher.start()
  write(1)
  writer.tryWrite((slot) => {
    slot.fill(1, 0, 70)
    return 70
  })
  writer.tryWrite(() => 0)
  write(1)
  await clock.advance(30)
  expect((await arrived()).map(({ seq }) => seq)).toEqual([1, 4])
  expect(publisher.counters().refused).toBe(2)
  expect(events.filter((event) => event.kind === 'refused').map((event) => event.error?.code)).toEqual([
    'CONTRACT_FRAME',
    'CONTRACT_FRAME',
  ])
  await publisher.stop(100)
})

test('buffers of accepted ticks are used again, those of repeated ones are not', async () => {
  const clock = createManualClock()
  const seen: { buffer: Uint8Array; steps: number[] }[] = []
  let failNext = false
  const bus = {
    ...createMemoryBus({ clock }),
    onState: () => () => undefined,
    publish: (_topic: string, message: { readonly data: Uint8Array }) => {
      const step = decodeWireHeader(message.data, 0).step
      const known = seen.find((each) => each.buffer === message.data)
      if (known) known.steps.push(step)
      else seen.push({ buffer: message.data, steps: [step] })
      if (!failNext) return Promise.resolve('1-0')
      failNext = false
      return Promise.reject(new AppError('BUS_UNAVAILABLE', 'away'))
    },
  }
  const encoder = createTickEncoder({ schemaId: 7, seedsPerLayer: [2], seedColumns: 2, layerColumns: 0 })
  const ring = createSharedRing(8, encoder.tickBytes)
  const writer = ringWriter(ring.buffer)
  const publisher = createTelemetryPublisher({
    bus,
    clock,
    ring: ringReader(ring.buffer),
    topic: TOPIC,
    src: 'trainer-test',
    epoch: 5,
    expectedIntervalMs: 133,
  })
  publisher.start()
  const tick = async (step: number): Promise<void> => {
    const head = { seq: 0, step, tick: step, publishedAtS: 0, flags: 0, windowMs: 133 }
    writer.tryWrite((slot) =>
      encoder.encodeLayer(slot, 0, 0, head, new Float32Array(4).fill(step), new Float32Array(0)),
    )
    await clock.advance(100)
  }
  await tick(1)
  await tick(2)
  failNext = true
  await tick(3)
  await tick(4)
  expect(seen.map((each) => each.steps)).toEqual([[1, 2, 3, 3], [4]])
  expect(publisher.counters()).toMatchObject({ published: 4, resent: 1 })
  const stopping = publisher.stop(100)
  await clock.advance(200)
  await stopping
})

test.each(['accepted', 'refused'] as const)('an answer after the stop, %s, changes no account', async (answer) => {
  const { clock, bus, publisher, write, events } = await setUp()
  const replies: { accepted: (cursor: string) => void; refused: (error: Error) => void }[] = []
  bus.publish = () => new Promise((accepted, refused) => void replies.push({ accepted, refused }))
  publisher.start()
  write(2)
  await clock.advance(5)
  const stopped = publisher.stop(100)
  await clock.advance(100)
  await stopped
  const before = publisher.counters()
  const told = events.length
  expect(before).toMatchObject({ published: 0, droppedBuffer: 2, pending: 0, pendingBytes: 0 })
  if (answer === 'accepted') replies[0]!.accepted('1-0')
  else replies[0]!.refused(new AppError('BUS_UNAVAILABLE', 'stopped'))
  await clock.advance(0)
  expect(publisher.counters()).toEqual(before)
  expect(events).toHaveLength(told)
  expect(clock.openTimers).toBe(0)
})
