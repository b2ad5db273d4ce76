import { expect, test } from 'vitest'
import { createMemoryBus } from '../../../../../../lib/bus/drivers/memory/memoryBus.ts'
import type { TrimGap } from '../../../../../../lib/bus/messageBus.ts'
import { createManualClock } from '../../../../../support/manualClock.ts'

const entry = (text: string) => ({ type: 'Note', data: new TextEncoder().encode(text) })

test('retries after 20, 40, 80 and 160 ms of the clock, then buries', async () => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const atMs: number[] = []
  const consumer = (): void => {
    atMs.push(clock.monotonicMs())
    throw new Error('no')
  }
  await bus.subscribe('t', consumer, { mode: 'shared', group: 'role' })
  await bus.publish('t', entry('x'))
  await clock.advance(1_000)
  expect(atMs).toEqual([0, 20, 60, 140, 300])
  expect(bus.health().deadLettered).toBe(1)
  await bus.stop()
  expect(clock.openTimers).toBe(0)
})

test('cursors grow when the clock goes back, and several entries of one ms are told apart', async () => {
  let wallMs = 1_000
  const bus = createMemoryBus({ clock: { ...createManualClock(), wallMs: () => wallMs } })
  await bus.start()
  const cursors = [await bus.publish('t', entry('a')), await bus.publish('t', entry('b'))]
  wallMs = 400
  cursors.push(await bus.publish('t', entry('c')))
  wallMs = 2_000
  cursors.push(await bus.publish('t', entry('d')))
  expect(cursors).toEqual(['1000-0', '1000-1', '1000-2', '2000-0'])
  await bus.stop()
})

test('a group that trimming overtook is told the exact number', async () => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  const gaps: TrimGap[] = []
  const got: string[] = []
  const options = { mode: 'shared', group: 'role', onGap: (gap: TrimGap) => gaps.push(gap) } as const
  const first = await bus.subscribe('t', () => undefined, options)
  await first.stop()
  for (let i = 0; i < 30; i++) await bus.publish('t', entry(String(i)), { maxLen: 10 })
  await bus.subscribe('t', (d) => void got.push(new TextDecoder().decode(d.data)), options)
  await clock.advance(0)
  expect(got).toEqual(Array.from({ length: 10 }, (_, i) => String(i + 20)))
  expect(gaps).toMatchObject([{ missing: 20 }])
  await bus.stop()
})

test('a cursor at the newest trimmed entry is no gap, one before it is', async () => {
  const bus = createMemoryBus({ clock: createManualClock() })
  await bus.start()
  const cursors: string[] = []
  for (let i = 0; i < 8; i++) cursors.push(await bus.publish('t', entry(String(i)), { maxLen: 5 }))
  expect((await bus.read('t', { after: cursors[2] as string })).kind).toBe('entries')
  expect((await bus.read('t', { after: cursors[1] as string })).kind).toBe('gap')
  await bus.stop()
})

test('stop gives up on a consumer that never ends when its deadline passes', async () => {
  const clock = createManualClock()
  const bus = createMemoryBus({ clock })
  await bus.start()
  await bus.subscribe('t', () => new Promise(() => undefined), { mode: 'broadcast' })
  await bus.publish('t', entry('x'))
  await clock.advance(0)
  let stopped = false
  void bus.stop(500).then(() => (stopped = true))
  await clock.advance(499)
  expect(stopped).toBe(false)
  await clock.advance(1)
  expect([stopped, clock.openTimers]).toEqual([true, 0])
})
