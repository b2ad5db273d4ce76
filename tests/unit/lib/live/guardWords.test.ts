import { expect, test } from 'vitest'
import { guardText } from '../../../../lib/live/guardWords.ts'

test.each([
  [{ name: 'active_seeds', value: 2, threshold: 3, passed: true }, '2 of 3 slots were in use'],
  [{ name: 'shadow_gain', value: 0.0061, threshold: 0.002, passed: true }, 'shadow gain 0.0061, needs 0.002'],
  [{ name: 'performance_delta', value: 0.0151, threshold: 0.005, passed: true }, 'contribution 1.51 pp, needs 0.50 pp'],
  [{ name: 'ticks_in_state', value: 7, threshold: 6, passed: true }, '7 ticks in its state, at least 6'],
  [{ name: 'stability', value: 0.71, threshold: 0.8, passed: false }, 'stability 0.71, needs 0.8, not passed'],
  [{ name: 'some_new_check', value: 3, threshold: null, passed: true }, 'some new check 3'],
  [{ name: 'shadow_gain', value: null, threshold: 0.002, passed: false }, 'shadow gain unmeasured, not passed'],
])('reads %o as %s', (guard, words) => {
  expect(guardText(guard)).toBe(words)
})

test('without a reading there are no words', () => {
  expect(guardText(null)).toBe('')
})
