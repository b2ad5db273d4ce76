/*
 * Freshness: every boundary of the state machine, and that age can only make things look older.
 * In: ages around each limit. Out: the table of states, properties.
 * Invariant: unknown, negative-infinite or not-a-number input never looks fresh.
 * Source: docs/protocol.md "freshness".
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Freshness } from '../../../../lib/contracts/freshness.ts'
import { evaluateFreshness, FRESHNESS_LIMITS, worstFreshness } from '../../../../lib/contracts/freshnessRule.ts'

const RANK: Readonly<Record<Freshness, number>> = { fresh: 0, late: 1, stale: 2, silent: 3, never: 4 }

describe('evaluateFreshness', () => {
  test.each<[number | null, number | null, Freshness]>([
    [0, 100, 'fresh'],
    [750, 100, 'fresh'],
    [750.1, 100, 'late'],
    [2_500, 100, 'late'],
    [2_500.1, 100, 'stale'],
    [60_000, 100, 'stale'],
    [60_000.1, 100, 'silent'],
    [3_000, 1_000, 'fresh'],
    [3_000.1, 1_000, 'late'],
    [10_000, 1_000, 'late'],
    [10_000.1, 1_000, 'stale'],
    [5_000, 60_000, 'fresh'],
    [5_000.1, 60_000, 'late'],
    [15_000, 60_000, 'late'],
    [15_000.1, 60_000, 'stale'],
    [60_000.1, 60_000, 'silent'],
    [750, null, 'fresh'],
    [750.1, null, 'late'],
    [-1, 100, 'fresh'],
    [-1_001, 100, 'late'],
    [750.1, Number.NaN, 'late'],
    [null, 100, 'never'],
    [Number.NaN, 100, 'never'],
  ])('age %s ms at interval %s ms is %s', (ageMs, intervalMs, state) => {
    expect(evaluateFreshness({ ageMs, intervalMs })).toBe(state)
  })

  test('a producer that said goodbye is silent at any age, and never stays never', () => {
    expect(evaluateFreshness({ ageMs: 0, intervalMs: 100, declaredGone: true })).toBe('silent')
    expect(evaluateFreshness({ ageMs: null, intervalMs: 100, declaredGone: true })).toBe('never')
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 0])(
    'a wrong interval (%s) is treated as unknown or bounded',
    (intervalMs) => {
      expect(evaluateFreshness({ ageMs: 60_001, intervalMs })).toBe('silent')
      expect(evaluateFreshness({ ageMs: 15_001, intervalMs })).toBe('stale')
    },
  )

  test('a larger age never looks fresher', () => {
    const age = fc.double({ min: 0, max: 200_000, noNaN: true })
    const interval = fc.option(fc.double({ min: -1_000, max: 120_000 }))
    fc.assert(
      fc.property(age, age, interval, (a, b, intervalMs) => {
        const younger = evaluateFreshness({ ageMs: Math.min(a, b), intervalMs })
        const older = evaluateFreshness({ ageMs: Math.max(a, b), intervalMs })
        expect(RANK[older]).toBeGreaterThanOrEqual(RANK[younger])
      }),
      { numRuns: 500 },
    )
  })

  test('an age that is not a number, or infinite, is never fresh', () => {
    for (const ageMs of [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      for (const intervalMs of [null, 1, Number.NaN, 1e9])
        expect(evaluateFreshness({ ageMs, intervalMs })).not.toBe('fresh')
  })

  test('the limits are ordered', () => {
    expect(FRESHNESS_LIMITS.lateMs).toBeLessThan(FRESHNESS_LIMITS.staleMs)
    expect(FRESHNESS_LIMITS.staleMs).toBeLessThan(FRESHNESS_LIMITS.silentMs)
  })
})

describe('worstFreshness', () => {
  test.each<[Freshness[], Freshness]>([
    [[], 'never'],
    [['fresh'], 'fresh'],
    [['fresh', 'late'], 'late'],
    [['late', 'stale', 'fresh'], 'stale'],
    [['stale', 'silent'], 'silent'],
    [['fresh', 'never'], 'never'],
  ])('%j gives %s', (states, worst) => {
    expect(worstFreshness(states)).toBe(worst)
  })
})
