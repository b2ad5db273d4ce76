import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { createOutbox, type OutboxEvent } from '../../../../lib/telemetry/outbox.ts'
import { createFlakyBus } from '../../../support/flakyBus.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function setUp(limit?: number) {
  const clock = createManualClock()
  const inner = createMemoryBus({ clock })
  await inner.start()
  const bus = createFlakyBus(inner)
  const events: OutboxEvent[] = []
  const outbox = createOutbox({
    bus,
    clock,
    src: 'agent',
    epoch: 1,
    onEvent: (event) => events.push(event),
    ...(limit === undefined ? {} : { limit }),
  })
  const read = async (topic: string) => {
    const result = await inner.read(topic, {})
    return result.kind === 'entries'
      ? result.entries.map((entry) => ({ src: entry.src, seq: entry.seq, text: new TextDecoder().decode(entry.data) }))
      : []
  }
  return { clock, bus, outbox, events, read }
}

test('keeps order and seq per topic across an outage and loses nothing', async () => {
  const { clock, bus, outbox, read } = await setUp()
  const first = outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes('1'))
  expect(await first).toBe(true)
  bus.setMode('reject')
  const rest = ['2', '3', '4'].map((text) => outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes(text)))
  const other = outbox.put('kasmina.event.layer.b', 'event:b', 'T', bytes('x'))
  await clock.advance(500)
  expect(outbox.counters().pending).toBe(4)
  bus.setMode('up')
  expect(await Promise.all([...rest, other])).toEqual([true, true, true, true])
  expect(await read('kasmina.event.layer.a')).toEqual(
    ['1', '2', '3', '4'].map((text, i) => ({ src: 'agent:event:a', seq: i + 1, text })),
  )
  expect(await read('kasmina.event.layer.b')).toEqual([{ src: 'agent:event:b', seq: 1, text: 'x' }])
  await outbox.stop(10)
  expect(clock.openTimers).toBe(0)
})

test('overflow gives up the oldest, says so, and leaves a seq gap', async () => {
  const { clock, bus, outbox, events, read } = await setUp(3)
  bus.setMode('reject')
  const all = ['1', '2', '3', '4', '5'].map((text) => outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes(text)))
  await clock.advance(100)
  bus.setMode('up')
  const fates = await Promise.all(all)
  expect(fates.filter((fate) => !fate).length).toBe(2)
  expect(outbox.counters().overflowed).toBe(2)
  expect(events.filter((event) => event.kind === 'overflow').length).toBe(2)
  const seqs = (await read('kasmina.event.layer.a')).map(({ seq }) => seq)
  expect(seqs.length).toBe(3)
  expect(Math.max(...seqs.map(Number))).toBe(5)
  await outbox.stop(10)
})

test('an entry the bus will never take is refused loudly and its neighbours go on', async () => {
  const { outbox, events, read } = await setUp()
  const big = outbox.put('kasmina.event.layer.a', 'event:a', 'T', new Uint8Array(2_000_000))
  const small = outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes('ok'))
  expect(await Promise.all([big, small])).toEqual([false, true])
  expect(events.map((event) => event.kind)).toEqual(['refused'])
  expect((await read('kasmina.event.layer.a')).map(({ seq }) => seq)).toEqual([2])
  await outbox.stop(10)
})

test('stop sends what it can, gives up the rest, and refuses what comes later', async () => {
  const { clock, bus, outbox } = await setUp()
  bus.setMode('hang')
  const stuck = outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes('1'))
  const stopping = outbox.stop(50)
  await clock.advance(60)
  await stopping
  expect(await stuck).toBe(false)
  expect(await outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes('2'))).toBe(false)
  expect(clock.openTimers).toBe(0)
})

test('a letter given up at the stop is not counted again when its answer comes late', async () => {
  const { clock, bus, outbox } = await setUp()
  let accept: (cursor: string) => void = () => undefined
  bus.publish = () => new Promise((resolve) => (accept = resolve))
  const fate = outbox.put('kasmina.event.layer.a', 'event:a', 'T', bytes('1'))
  const stopped = outbox.stop(100)
  await clock.advance(100)
  await stopped
  expect(await fate).toBe(false)
  accept('1-0')
  await clock.advance(0)
  expect(outbox.counters()).toMatchObject({ accepted: 0, overflowed: 1, pending: 0 })
})
