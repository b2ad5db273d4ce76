import { expect, test } from 'vitest'
import { grownAge, layerAgeWords, seedAgeWords } from '../../../../components/layer/layerAge.ts'
import { pausedWords } from '../../../../components/layer/layerWords.ts'

const told = { age_ms: 400, ages_at_ms: 10_000, interval_ms: 1_000, freshness: 'fresh' } as const
const past = { kept: 'ticks', bucket_ms: 1_000, from_ms: 0, none_because: null } as const

test('an age grows between two answers, through late and stale to silent', () => {
  expect(grownAge(400, 10_000, 10_900)).toBe(1_300)
  expect(layerAgeWords(told, 10_000)).toBe('fresh, 0.4 s old')
  expect(layerAgeWords(told, 14_000)).toBe('late, 4.4 s old')
  expect(layerAgeWords(told, 21_000)).toBe('stale, 11 s old')
  expect(layerAgeWords(told, 100_000)).toBe('silent, 1 m 30 s old')
})

test('at the paused moment an age stands, and a moment before the answer makes nothing younger than it was', () => {
  expect(layerAgeWords(told, 10_250)).toBe(layerAgeWords(told, 10_250))
  expect(grownAge(400, 10_000, 9_000)).toBe(400)
})

test('who said goodbye is silent whatever the age, and who never reported has none', () => {
  expect(layerAgeWords({ ...told, freshness: 'silent' }, 10_000)).toBe('silent, 0.4 s old')
  expect(layerAgeWords({ ...told, age_ms: null, freshness: 'never' }, 10_000)).toBe('never reported')
})

test('a seed without an age never reported, or its time was not kept', () => {
  expect(seedAgeWords(null, false, 0, 0)).toBe('never')
  expect(seedAgeWords(null, true, 0, 0)).toBe('not kept')
  expect(seedAgeWords(1_000, true, 0, 500)).toBe('1.5 s')
})

test('a paused page says which moment its rows are of, or that nothing of it is kept', () => {
  const at = Date.UTC(2026, 0, 1, 12, 0, 1)
  const data = { as_of_ms: at, server_ms: at + 9_000, past }
  expect(pausedWords(data, true)).toBe(', as of 12:00:01 UTC')
  expect(pausedWords({ ...data, past: { ...past, kept: 'buckets' } }, true)).toContain('to 1/254')
  expect(pausedWords({ ...data, as_of_ms: null }, true)).toBe(
    ', values of 12:00:10 UTC: nothing of the paused moment is kept',
  )
  expect(pausedWords({ ...data, as_of_ms: null }, false)).toBe('')
})
