import { expect, test } from 'vitest'
import { withDeadline } from '../../../../lib/primitives/deadline.ts'
import { createManualClock } from '../../../support/manualClock.ts'

test('says whether the work settled in time and leaves no timer', async () => {
  const clock = createManualClock()
  expect(await withDeadline(clock, Promise.resolve('x'), 50)).toBe(true)
  expect(await withDeadline(clock, Promise.reject(new Error('settled too')), 50)).toBe(true)
  const late = withDeadline(clock, new Promise(() => undefined), 50)
  await clock.advance(50)
  expect([await late, clock.openTimers]).toEqual([false, 0])
})
