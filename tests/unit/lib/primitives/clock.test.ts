import { expect, test } from 'vitest'
import { systemClock } from '../../../../lib/primitives/clock.ts'

test('monotonic time never goes back, wall time is Unix ms', () => {
  let last = systemClock.monotonicMs()
  for (let i = 0; i < 1_000; i++) {
    const now = systemClock.monotonicMs()
    expect(now).toBeGreaterThanOrEqual(last)
    last = now
  }
  expect(systemClock.wallMs()).toBeGreaterThan(Date.UTC(2024, 0, 1))
})

test('sleep resolves after its time', async () => {
  const started = systemClock.monotonicMs()
  await systemClock.sleep(15)
  expect(systemClock.monotonicMs() - started).toBeGreaterThanOrEqual(13)
})

test('sleep rejects with the reason when aborted, before and during', async () => {
  const reason = new Error('stop')
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  const abort = new AbortController()
  const sleeping = systemClock.sleep(60_000, abort.signal)
  abort.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
})

test('after and every can be undone', async () => {
  const calls: string[] = []
  const undoAfter = systemClock.after(5, () => calls.push('after'))
  undoAfter()
  const undoEvery = systemClock.every(3, () => calls.push('every'))
  await systemClock.sleep(40)
  undoEvery()
  const seen = calls.length
  await systemClock.sleep(20)
  expect(calls).toHaveLength(seen)
  expect(seen).toBeGreaterThan(1)
  expect(calls).not.toContain('after')
})
