import { expect, test } from 'vitest'
import { SeriesRing } from '../../../../lib/live/seriesRing.ts'

const values = (ring: SeriesRing, seed = 0) =>
  Array.from({ length: ring.length }, (_, index) => ring.value(index, seed))
const times = (ring: SeriesRing) => Array.from({ length: ring.length }, (_, index) => ring.atMs(index))
const append = (ring: SeriesRing, atMs: number, value = atMs) =>
  ring.append(
    atMs,
    () => value,
    () => 1,
  )

test('keeps the newest samples and refuses those that are not newer', () => {
  const ring = new SeriesRing(1, 3)
  for (const at of [1, 2, 3, 4]) expect(append(ring, at)).toBe(true)
  expect(append(ring, 4)).toBe(false)
  expect(times(ring)).toEqual([2, 3, 4])
})

test('a history answer is the truth of its interval; older and newer samples stay', () => {
  const ring = new SeriesRing(1, 10)
  for (const at of [1, 5, 9]) append(ring, at)
  ring.backfill([4, 6], [[40, null]], [[2, 2]])
  expect(times(ring)).toEqual([1, 4, 6, 9])
  expect(values(ring)).toEqual([1, 40, Number.NaN, 9])
  expect(ring.state(1, 0)).toBe(2)
})

test('an empty history changes nothing', () => {
  const ring = new SeriesRing(1, 4)
  append(ring, 1)
  ring.backfill([], [], [])
  expect(times(ring)).toEqual([1])
})
