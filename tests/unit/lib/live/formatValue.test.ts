import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import {
  formatAge,
  formatCount,
  formatMetric,
  formatLoss,
  formatNumber,
  formatPercent,
  formatUtc,
  formatWithUnit,
  stateText,
} from '../../../../lib/live/formatValue.ts'

const column = (name: string) => {
  const found = SEED_COLUMNS.find((candidate) => candidate.name === name)
  if (!found) throw new Error(name)
  return found
}

test.each([
  [0, '0.0 s'],
  [340, '0.3 s'],
  [14_200, '14 s'],
  [125_000, '2 m 05 s'],
  [3_780_000, '1 h 03 m'],
  [null, 'never'],
])('an age of %s ms reads %s', (ms, text) => expect(formatAge(ms)).toBe(text))

test('unknown is never written as zero', () => {
  expect(formatMetric(null, column('health_score'))).toBe('–')
  expect(formatMetric(Number.NaN, column('health_score'))).toBe('–')
  expect(formatCount(null)).toBe('?')
  expect(formatPercent(null)).toBe('–')
})

test('fractions become percentage points only on screen', () => {
  expect(formatWithUnit(0.011, column('performance_delta'))).toBe('+1.10 pp')
  expect(formatPercent(0.894)).toBe('89.4 %')
})

test('numbers keep the digits that matter for their size', () => {
  expect([0, 0.00005, 0.1234, 5.678, 123.45, 12_345].map(formatNumber)).toEqual([
    '0',
    '5.0e-5',
    '0.123',
    '5.68',
    '123.5',
    '12,345',
  ])
})

test('times are UTC and states are words', () => {
  expect(formatUtc(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe('03:04:05')
  expect(stateText('ROLLED_BACK')).toBe('Rolled back')
  expect(stateText(null)).toBe('Unknown state')
})

test('a loss that is nearly nothing is said so in a sentence, never as a power of ten', () => {
  expect([8.3e-8, 0.014, 0].map(formatLoss)).toEqual(['below 0.001', '0.014', '0'])
})
