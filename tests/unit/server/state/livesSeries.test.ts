import { expect, test } from 'vitest'
import { scoreAgainst, siblingsOf } from '../../../../server/state/livesScore.ts'
import { MinMaxBins } from '../../../../server/state/livesSeries.ts'

const collect = (points: readonly (readonly [number, number])[], binMs: number) => {
  const bins = new MinMaxBins(0, binMs)
  for (const [atMs, value] of points) bins.add(atMs, value)
  bins.end()
  return bins
}

test('of each bin the least and the greatest value stay, at their own times', () => {
  const bins = collect(
    [
      [1, 5],
      [2, 9],
      [3, 1],
      [11, 4],
      [12, 4],
    ],
    10,
  )
  expect(bins.at_ms).toEqual([2, 3, 11])
  expect(bins.values).toEqual([9, 1, 4])
  expect([bins.of, bins.shown]).toEqual([5, 3])
})

test('a bin with only unmeasured values breaks the line once; single ones between measured values do not', () => {
  const none = Number.NaN
  expect(
    collect(
      [
        [1, 5],
        [2, none],
        [11, none],
        [21, none],
        [31, 6],
      ],
      10,
    ).values,
  ).toEqual([5, null, 6])
  expect(
    collect(
      [
        [1, none],
        [11, none],
      ],
      10,
    ).values,
  ).toEqual([])
  expect(
    collect(
      [
        [1, Number.POSITIVE_INFINITY],
        [2, 3],
      ],
      10,
    ),
  ).toMatchObject({ values: [3], of: 1 })
})

test('robust z: distance from the median in deviations; too few or all alike give none', () => {
  const siblings = Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9])
  // median 5, MAD 2
  expect(scoreAgainst(11, siblings, 'layer')).toEqual({ scope: 'layer', n: 9, median: 5, mad: 2, z: 0.6745 * 3 })
  expect(scoreAgainst(null, siblings, 'layer').z).toBeNull()
  expect(scoreAgainst(1, siblings.subarray(0, 7), 'run')).toEqual({
    scope: 'run',
    n: 7,
    median: null,
    mad: null,
    z: null,
  })
  expect(scoreAgainst(9, new Float64Array(10).fill(3), 'layer')).toMatchObject({ median: 3, mad: 0, z: null })
})

test('a seed is not its own sibling, unmeasured ones are none, and many are taken evenly', () => {
  expect([...siblingsOf(Float32Array.from([1, Number.NaN, 3, 4]), 2)]).toEqual([1, 4])
  expect(siblingsOf(new Float32Array(65_536).fill(1), 0).length).toBeLessThanOrEqual(2_048)
})
