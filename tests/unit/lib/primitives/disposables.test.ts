import { expect, test } from 'vitest'
import { createDisposables } from '../../../../lib/primitives/disposables.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('runs every clean-up last-in first-out, even when one fails', async () => {
  const order: string[] = []
  const disposables = createDisposables(createManualClock())
  const failure = new Error('stuck')
  disposables.add('first', () => void order.push('first'))
  disposables.add('second', () => {
    order.push('second')
    throw failure
  })
  disposables.add('third', async () => void order.push('third'))
  expect(disposables.stopping).toBe(false)
  const report = await disposables.stop(1_000)
  expect(order).toEqual(['third', 'second', 'first'])
  expect(report).toEqual({ ok: false, failures: [{ name: 'second', error: failure }] })
  expect(disposables.stopping).toBe(true)
})

test('stops once: the second call gets the first one its report', async () => {
  let runs = 0
  const disposables = createDisposables(createManualClock())
  disposables.add('once', () => void runs++)
  const both = [disposables.stop(100), disposables.stop(100)]
  expect(both[0]).toBe(both[1])
  expect(await both[0]).toEqual({ ok: true, failures: [] })
  expect(runs).toBe(1)
})

test('a clean-up that hangs is given up at the deadline, and the rest still runs', async () => {
  const clock = createManualClock()
  const disposables = createDisposables(clock)
  let isReleased = false
  disposables.add('rest', () => void (isReleased = true))
  disposables.add('hangs', () => new Promise<void>(() => undefined))
  const stopping = disposables.stop(500)
  await clock.advance(500)
  const report = await stopping
  expect(report.failures.map((failure) => failure.name)).toEqual(['hangs'])
  expect(isReleased).toBe(true)
  expect(clock.openTimers).toBe(0)
})

test('what is added after the stop is released at once', async () => {
  const disposables = createDisposables(createManualClock())
  await disposables.stop(100)
  let isReleased = false
  disposables.add('late', () => void (isReleased = true))
  expect(isReleased).toBe(true)
})
