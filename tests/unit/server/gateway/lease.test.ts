import { expect, test } from 'vitest'
import type { SignedEntry } from '../../../../server/gateway/entries.ts'
import { createLeaseRenewer } from '../../../../server/gateway/lease.ts'
import type { Outgoing } from '../../../../server/gateway/outgoing.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function setUp() {
  const clock = createManualClock()
  const sent: number[] = []
  const state = { why: null as string | null, brain: true }
  const outgoing: Outgoing = {
    publish: () => Promise.resolve(),
    urgent: (_topic, entry) => void sent.push(Number(entry.id)),
    line: () => 0,
    controlTopic: () => '',
  }
  const lease = createLeaseRenewer({
    clock,
    outgoing,
    entries: { lease: (counter) => ({ id: String(counter) }) as SignedEntry, command: () => ({}) as SignedEntry },
    pulse: (done) => void (state.brain && queueMicrotask(done)),
    reason: () => state.why,
    onChange: () => undefined,
  })
  return { clock, sent, state, lease }
}

test('a lease leaves at once and then four times a second', async () => {
  const { clock, sent, lease } = setUp()
  lease.start()
  await clock.advance(1_000)
  expect(sent).toEqual([1, 2, 3, 4, 5])
  lease.stop()
  expect(clock.openTimers).toBe(0)
})

test('a queue that does not answer ends the renewal although the timer runs, and its answer takes it up again', async () => {
  const { clock, sent, state, lease } = setUp()
  lease.start()
  state.brain = false
  await clock.advance(1_000)
  expect(sent).toEqual([1, 2])
  expect(lease.unhealthy()).toContain('did not answer')
  state.brain = true
  await clock.advance(500)
  expect(sent).toEqual([1, 2, 3])
  expect(lease.unhealthy()).toBeNull()
})

test('a reason of another part ends the renewal for as long as it lasts', async () => {
  const { clock, sent, state, lease } = setUp()
  lease.start()
  state.why = 'the disk is gone'
  await clock.advance(1_000)
  expect(sent).toEqual([1])
  expect(lease.unhealthy()).toBe('the disk is gone')
  state.why = null
  await clock.advance(250)
  expect(sent).toEqual([1, 2])
})
