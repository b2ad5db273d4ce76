import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../lib/bus/drivers/memory/memoryBus.ts'
import { systemClock as clock } from '../../../../lib/primitives/clock.ts'
import { createLagWatch } from '../../../../server/ingest/lagWatch.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

const entry = { type: 'Heartbeat', enc: 'json' as const, data: new TextEncoder().encode('{}') }

async function open() {
  const bus = createMemoryBus({ clock })
  await bus.start()
  return bus
}

test('what waits behind a slow reader is its lag; before the first round nothing is known', async () => {
  const bus = await open()
  const gate = Promise.withResolvers<void>()
  const subscription = await bus.subscribe('kasmina.service', () => gate.promise, { mode: 'broadcast' })
  const watch = createLagWatch({ bus, subscriptions: [subscription], clock })
  for (let count = 0; count < 4; count++) await bus.publish('kasmina.service', entry)
  expect(watch.lagOf('kasmina.service')).toBeNull()
  await waitUntil('three entries wait', async () => {
    await watch.ask()
    return watch.lagOf('kasmina.service') === 3
  })
  gate.resolve()
  await waitUntil('none waits', async () => {
    await watch.ask()
    return watch.lagOf('kasmina.service') === 0
  })
  expect(watch.lagOf('kasmina.other')).toBeNull()
  await bus.stop()
})

test('groups come with what they hold; a bus that ended leaves their figures unknown', async () => {
  const bus = await open()
  const gate = Promise.withResolvers<void>()
  const topic = 'kasmina.control.layer.a'
  await bus.subscribe(topic, () => gate.promise, { mode: 'shared', group: 'agent', from: 'earliest' })
  const watch = createLagWatch({ bus, subscriptions: [], clock })
  await bus.publish(topic, entry)
  await bus.publish(topic, entry)
  await waitUntil('the group works on one', async () => {
    await watch.ask()
    return watch.groups()[0]?.pending === 1
  })
  expect(watch.groups()).toEqual([{ topic, group: 'agent', pending: 1, lag: 1 }])
  gate.resolve()
  await bus.stop()
  await watch.ask()
  expect(watch.groups()).toEqual([{ topic, group: 'agent', pending: null, lag: null }])
})

test('one round at a time; a subscription that fails takes nothing from the others', async () => {
  const bus = await open()
  const gate = Promise.withResolvers<void>()
  let asked = 0
  const good = {
    lag: async () => {
      asked++
      await gate.promise
      return [{ topic: 'a', cursor: null, newest: null, entries: 7, behindMs: null, unsettled: 0 }]
    },
  }
  const bad = { lag: () => Promise.reject(new Error('refused')) }
  const watch = createLagWatch({ bus, subscriptions: [good, bad], clock })
  const first = watch.ask()
  await watch.ask()
  expect(asked).toBe(1)
  gate.resolve()
  await first
  expect(watch.lagOf('a')).toBe(7)
  await bus.stop()
})
