import { expect, test } from 'vitest'
import { createConsumerLane, type Place } from '../../../../lib/bus/consumerLane.ts'
import type { Delivery } from '../../../../lib/bus/messageBus.ts'

const place = (): Place => ({ topic: 't', cursor: null, open: [] })
const entry = (cursor: string): Delivery => ({
  topic: 't',
  cursor,
  acceptedAtMs: 0,
  deliveryCount: 1,
  type: 'x',
  data: new Uint8Array(0),
})

test('a synchronous consumer is settled before hand returns', () => {
  const settled: string[] = []
  const lane = createConsumerLane(
    () => undefined,
    1,
    (d) => settled.push(d.cursor),
  )
  const at = place()
  lane.hand(entry('1-0'), at)
  lane.hand(entry('2-0'), at)
  expect([settled, at.cursor, lane.inFlight]).toEqual([['1-0', '2-0'], '2-0', 0])
})

test('after close late settlements are ignored and waiters are released', async () => {
  let finish: () => void = () => undefined
  const settled: string[] = []
  const lane = createConsumerLane(
    () => new Promise((resolve) => (finish = resolve)),
    1,
    (d) => settled.push(d.cursor),
  )
  const at = place()
  lane.hand(entry('1-0'), at)
  expect([lane.full, lane.free]).toEqual([true, 0])
  const free = lane.whenFree()
  lane.close()
  await free
  finish()
  await lane.whenIdle()
  await new Promise((resolve) => setImmediate(resolve))
  expect([settled, at.cursor]).toEqual([[], null])
})

test('a failure settles once, with what was thrown', async () => {
  const failures: unknown[] = []
  const consumers = [
    () => {
      throw new Error('sync')
    },
    () => Promise.reject(new Error('async')),
    // A falsy throwable is a failure too.
    () => Promise.reject(undefined as unknown as Error),
  ]
  for (const consumer of consumers) {
    const lane = createConsumerLane(consumer, 1, (_d, _p, failure) => failures.push(failure))
    lane.hand(entry('1-0'), place())
    await lane.whenIdle()
  }
  expect(failures).toEqual([{ error: new Error('sync') }, { error: new Error('async') }, { error: undefined }])
})
