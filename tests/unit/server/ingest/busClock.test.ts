import { expect, test } from 'vitest'
import { createBusClock } from '../../../../server/ingest/busClock.ts'

test('a difference that the way of the question can explain is none', () => {
  const clock = createBusClock()
  expect(clock.add(1_000, 1_040, 1_035)).toBe(0)
  expect(clock.add(2_000, 2_001, 2_001)).toBe(0)
})

test('the fastest of the last questions counts, whatever slow ones say, until a minute has passed', () => {
  const clock = createBusClock()
  expect(clock.add(1_000, 1_002, 1_501)).toBe(500)
  for (let at = 0; at < 11; at++) expect(clock.add(2_000, 2_900, 2_000)).toBe(500)
  expect(clock.add(3_000, 3_010, 3_005)).toBe(0)
})

test('a clock that stepped back while the question was under way tells nothing', () => {
  const clock = createBusClock()
  expect(clock.add(5_000, 4_000, 9_000)).toBe(0)
  expect(clock.add(5_000, 5_001, 8_000.5)).toBe(3_000)
})
