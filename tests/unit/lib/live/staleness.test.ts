import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluateLayerAge, evaluateSeedAge, summarizeAges } from '../../../../lib/live/staleness.ts'

const NOW = 1_700_000_100_000

test('without a status and without a frame a layer was never seen', () => {
  const age = evaluateLayerAge({ layerId: 'l', summary: null, statusMs: null, frameIngestMs: null, nowMs: NOW })
  expect(age).toMatchObject({ freshness: 'never', ageMs: null })
})

test('ages grow on the server clock after the last status', () => {
  const summary = { age_ms: 100, interval_ms: 250, freshness: 'fresh' } as const
  const at = (laterMs: number) =>
    evaluateLayerAge({ layerId: 'l', summary, statusMs: NOW, frameIngestMs: null, nowMs: NOW + laterMs })
  expect(at(0)).toMatchObject({ ageMs: 100, freshness: 'fresh' })
  expect(at(700)).toMatchObject({ ageMs: 800, freshness: 'late' })
  expect(at(2_500)).toMatchObject({ ageMs: 2_600, freshness: 'stale' })
  expect(at(60_000)).toMatchObject({ freshness: 'silent' })
})

test('the newer of frame and status counts', () => {
  const summary = { age_ms: 30_000, interval_ms: 250, freshness: 'stale' } as const
  const age = evaluateLayerAge({ layerId: 'l', summary, statusMs: NOW, frameIngestMs: NOW - 50, nowMs: NOW })
  expect(age).toMatchObject({ ageMs: 50, freshness: 'fresh' })
})

test('a producer that the server declared gone is silent until something newer arrives', () => {
  const summary = { age_ms: 500, interval_ms: 250, freshness: 'silent' } as const
  const base = { layerId: 'l', summary, statusMs: NOW, nowMs: NOW + 10 }
  expect(evaluateLayerAge({ ...base, frameIngestMs: NOW - 500 }).freshness).toBe('silent')
  expect(evaluateLayerAge({ ...base, frameIngestMs: NOW }).freshness).toBe('fresh')
})

test('never shows as fresh what is older than five seconds, whatever the clocks say', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5_001, max: 10_000_000 }),
      fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: null }),
      fc.integer({ min: 0, max: 1_000_000 }),
      (ageMs, intervalMs, statusDelayMs) => {
        const summary = { age_ms: ageMs, interval_ms: intervalMs, freshness: 'fresh' } as const
        const age = evaluateLayerAge({
          layerId: 'l',
          summary,
          statusMs: NOW,
          frameIngestMs: null,
          nowMs: NOW + statusDelayMs,
        })
        return age.freshness !== 'fresh' && age.freshness !== 'never'
      },
    ),
  )
})

test('the summary names the worst state and the greatest age in it', () => {
  const age = (freshness: 'fresh' | 'stale', ageMs: number) => ({ layerId: 'l', ageMs, intervalMs: 250, freshness })
  expect(summarizeAges([age('fresh', 10), age('stale', 4_000), age('stale', 9_000)])).toEqual({
    worst: 'stale',
    worstAgeMs: 9_000,
    fresh: 1,
    total: 3,
  })
  expect(summarizeAges([])).toMatchObject({ worst: 'never', worstAgeMs: null, total: 0 })
})

test('a seed that is heard of less often than its layer has an age of its own, by the absolute bounds', () => {
  const layer = { layerId: 'layer_0', ageMs: 200, intervalMs: 250, freshness: 'fresh' } as const
  const age = (toldAgeMs: number, nowMs = 1_000) => evaluateSeedAge(layer, toldAgeMs, 1_000, nowMs)
  expect(age(4_000)).toMatchObject({ ageMs: 4_000, freshness: 'fresh' })
  expect(age(6_000)).toMatchObject({ ageMs: 6_000, freshness: 'late' })
  expect(age(16_000).freshness).toBe('stale')
  expect(age(61_000).freshness).toBe('silent')
  // It grows between two statuses, and is never younger or fresher than its layer.
  expect(age(6_000, 11_000)).toMatchObject({ ageMs: 16_000, freshness: 'stale' })
  expect(evaluateSeedAge({ ...layer, ageMs: 90_000, freshness: 'silent' }, 6_000, 1_000, 1_000)).toMatchObject({
    ageMs: 90_000,
    freshness: 'silent',
  })
})
