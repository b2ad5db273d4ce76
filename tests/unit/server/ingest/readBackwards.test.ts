import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import type { MessageBus } from '../../../../lib/bus/messageBus.ts'
import { readBackwards } from '../../../../server/ingest/readBackwards.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const TOPIC = 'kasmina.event.layer.layer_0'

async function busOf(times: readonly number[]): Promise<MessageBus> {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  let atMs = 0
  for (const time of times) {
    await clock.advance(time - atMs)
    atMs = time
    await bus.publish(TOPIC, { type: 'NoOp', data: new Uint8Array([1]) })
  }
  return bus
}
const all = () => true
const far = '999999999999999-0'

test('newest first, to the beginning of what is retained', async () => {
  const bus = await busOf([1, 2, 3, 100_000, 100_001])
  const answer = await readBackwards(bus, { topic: TOPIC, before: far, wanted: 10, maxLook: 100, accept: all })
  expect(answer.found).toHaveLength(5)
  const ids = answer.found.map((one) => one.acceptedAtMs)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  expect(answer.floor).toBeNull()
  await bus.stop()
})

test('pages meet without a hole and without a repetition', async () => {
  const bus = await busOf(Array.from({ length: 300 }, (_, at) => at * 700))
  const seen: string[] = []
  let before: string | undefined = far
  for (let page = 0; page < 100 && before !== undefined; page++) {
    const answer = await readBackwards(bus, { topic: TOPIC, before, wanted: 20, maxLook: 2_000, accept: all })
    seen.push(...answer.found.map((one) => one.cursor))
    before = answer.floor ?? undefined
  }
  expect(seen).toHaveLength(300)
  expect(new Set(seen).size).toBe(300)
  await bus.stop()
})

test('a crowd in one stretch is not cut at its newest end', async () => {
  const bus = await busOf(Array.from({ length: 3_000 }, (_, at) => at))
  const answer = await readBackwards(bus, { topic: TOPIC, before: far, wanted: 5, maxLook: 10_000, accept: all })
  const newest = (await bus.read(TOPIC, { limit: 10_000 })) as { entries: readonly { cursor: string }[] }
  expect(answer.found[0]!.cursor).toBe(newest.entries.at(-1)!.cursor)
  await bus.stop()
})

test('more of one millisecond than a window holds: the newest is still the first', async () => {
  const bus = await busOf(Array.from({ length: 700 }, () => 5))
  const answer = await readBackwards(bus, { topic: TOPIC, before: far, wanted: 5, maxLook: 10_000, accept: all })
  expect(answer.found[0]!.cursor.endsWith('-699')).toBe(true)
  await bus.stop()
})

test('the look has a ceiling, and says how far it came', async () => {
  const bus = await busOf(Array.from({ length: 1_500 }, (_, at) => at * 1_000))
  const answer = await readBackwards(bus, { topic: TOPIC, before: far, wanted: 5, maxLook: 50, accept: () => false })
  expect(answer.found).toEqual([])
  expect(answer.looked).toBeGreaterThanOrEqual(50)
  expect(answer.looked).toBeLessThan(50 + 512)
  expect(answer.floor).not.toBeNull()
  await bus.stop()
})

test('a topic nobody wrote to is empty, to its beginning', async () => {
  const bus = await busOf([])
  expect(await readBackwards(bus, { topic: TOPIC, before: far, wanted: 5, maxLook: 50, accept: all })).toMatchObject({
    found: [],
    floor: null,
  })
  await bus.stop()
})
