import { expect, test } from 'vitest'
import { createClockOffset } from '../../../../lib/live/clockOffset.ts'

test('one slow probe does not move the offset', () => {
  const offset = createClockOffset()
  for (let n = 0; n < 8; n++) offset.add(n * 100, n * 100 + 4, n * 100 + 2 + 5_000)
  offset.add(900, 2_900, 900 + 5_000)
  expect(offset.offsetMs()).toBe(5_000)
  expect(offset.uncertaintyMs()).toBe(2)
})

test('knows nothing before the first probe, and refuses impossible ones', () => {
  const offset = createClockOffset()
  offset.add(100, 50, 1_000)
  offset.add(100, 150, Number.NaN)
  expect(offset.offsetMs()).toBe(0)
  expect(offset.uncertaintyMs()).toBe(null)
})
