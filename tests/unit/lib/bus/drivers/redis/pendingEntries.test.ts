import { expect, test } from 'vitest'
import { AppError } from '../../../../../../lib/contracts/appError.ts'
import { createPendingEntries } from '../../../../../../lib/bus/drivers/redis/pendingEntries.ts'
import type { ReaderContext } from '../../../../../../lib/bus/drivers/redis/readerContext.ts'
import { createManualClock } from '../../../../../support/manualClock.ts'

const delivery = {
  topic: 'kasmina.control.layer.a',
  cursor: '5-0',
  acceptedAtMs: 5,
  deliveryCount: 5,
  type: 'NoOp',
  data: new Uint8Array(0),
}
const failure = new AppError('INTERNAL', 'the consumer failed')

function open() {
  const calls: string[] = []
  const burials: { accept: () => void; refuse: () => void }[] = []
  const counters = { delivered: 0, redelivered: 0, deadLettered: 0 }
  const context = {
    clock: createManualClock(),
    counters,
    maxDeliveries: 5,
    claimIdleMs: 30_000,
    admin: {
      call: (args: readonly string[]) => {
        calls.push(args[0]!)
        return Promise.resolve(1)
      },
    },
    publishDead: () =>
      new Promise<void>((resolve, reject) => void burials.push({ accept: resolve, refuse: () => reject(failure) })),
  } as unknown as ReaderContext
  const pending = createPendingEntries(context, {
    group: 'g',
    member: 'm',
    again: () => undefined,
    onTrimmed: () => undefined,
  })
  return { pending, burials, calls, counters }
}
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

test('a dead letter under way is not written a second time by the tick that passes meanwhile', async () => {
  const { pending, burials, calls, counters } = open()
  pending.take(delivery)
  pending.fail(delivery, failure)
  const ticked = pending.tick([], 0)
  await settled()
  for (const burial of burials) burial.accept()
  await ticked
  await settled()
  expect(burials).toHaveLength(1)
  expect(counters.deadLettered).toBe(1)
  expect(calls).toEqual(['XACK'])
})

test('a dead letter that was refused is tried again by the next tick, and the entry stays until it is taken', async () => {
  const { pending, burials, calls, counters } = open()
  pending.take(delivery)
  pending.fail(delivery, failure)
  burials[0]!.refuse()
  await settled()
  expect(calls).toEqual([])
  expect(pending.take(delivery)).toBe(false)
  const ticked = pending.tick([], 0)
  await settled()
  burials[1]!.accept()
  await ticked
  await settled()
  expect(counters.deadLettered).toBe(1)
  expect(calls).toEqual(['XACK'])
})
