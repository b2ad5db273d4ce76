import { expect, test } from 'vitest'
import { normalCumulative, normalMidpoints, normalQuantile } from '../../../../lib/loadgen/normal.ts'

test('the cumulative distribution has its known values', () => {
  expect(normalCumulative(0)).toBeCloseTo(0.5, 6)
  expect(normalCumulative(1.959964)).toBeCloseTo(0.975, 6)
  expect(normalCumulative(-3)).toBeCloseTo(0.0013499, 6)
})

test('the quantile undoes the cumulative distribution', () => {
  for (let p = 0.0005; p < 1; p += 0.0101) expect(normalCumulative(normalQuantile(p))).toBeCloseTo(p, 6)
})

test('midpoints have mean 0 and variance 1', () => {
  const draws = normalMidpoints(2_048)
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length
  const square = draws.reduce((sum, value) => sum + value * value, 0) / draws.length
  expect(mean).toBeCloseTo(0, 6)
  expect(square).toBeCloseTo(1, 6)
})
