import { expect, test } from 'vitest'
import { HealthWindow, gradientHealth } from '../../../../lib/training/health.ts'

/** Two chunks of two units, four rows; chunk 0 is [a, b] as given, chunk 1 is 1..4 in both units. */
function observed(a: readonly number[], b: readonly number[], flow = 1) {
  const window = new HealthWindow(1, 2, 2)
  const activations = Float32Array.from(a.flatMap((value, n) => [value, b[n]!, n + 1, n + 1]))
  const gradient = new Float32Array(16).fill(1)
  const behind = Float32Array.from(gradient, (_, i) => (i % 4 < 2 ? flow : 1))
  window.observe(0, activations, gradient, behind, 4)
  window.finish()
  return window.readings
}

test('mean, variance, sparsity and gradient norms are what the formulas say', () => {
  const r = observed([0, 2, 0, 2], [0, 0, 2, 2])
  expect([r.mean[0], r.variance[0], r.sparsity[0], r.deadRatio[0]]).toEqual([1, 1, 0.5, 0])
  expect(r.demand[0]).toBeCloseTo(Math.sqrt(8))
  expect([r.correlation[0], r.rank[0]]).toEqual([0, 1])
})

test('two units that say the same have correlation 1 and rank 1/2', () => {
  const r = observed([1, 2, 3, 4], [2, 4, 6, 8])
  expect(r.correlation[0]).toBeCloseTo(1)
  expect(r.correlation[1]).toBeCloseTo(1)
  expect(r.rank[1]).toBeCloseTo(0.5)
})

test('a dead chunk that is still wanted scores 0: demand does not count, flow does', () => {
  const r = observed([0, 0, 0, 0], [0, 0, 0, 0], 0)
  expect([r.deadRatio[0], r.flow[0], r.score[0]]).toEqual([1, 0, 0])
  expect(r.demand[0]).toBeGreaterThan(0)
  expect([r.rank[0], r.correlation[0]]).toEqual([NaN, NaN])
})

test('anything non-finite scores 0', () => {
  expect(observed([NaN, 1, 1, 1], [1, 1, 1, 1]).score[0]).toBe(0)
})

test('health is 0.4 live units, 0.2 variance and 0.3 flow against the layer median, 0.1 rank', () => {
  // Variances 1 and 1.25: the median of two is 1.125.
  const r = observed([0, 2, 0, 2], [0, 0, 2, 2])
  expect(r.score[0]).toBeCloseTo(0.4 + 0.2 * (2 / 2.125) + 0.3 + 0.1)
})

test('a broken chunk does not take the health of its neighbours away', () => {
  const r = observed([NaN, 1, 1, 1], [1, 1, 1, 1])
  expect([r.score[0], r.score[1]! > 0.9]).toEqual([0, true])
})

test('gradient health is 1 within a decade of the median and falls by one per decade', () => {
  expect([1, 0.1, 10].map((flow) => gradientHealth(flow, 1))).toEqual([1, 1, 1])
  expect(gradientHealth(Math.sqrt(1_000), 1)).toBeCloseTo(0.5)
  expect([gradientHealth(0, 1), gradientHealth(NaN, 1), gradientHealth(1_000, 1)]).toEqual([0, 0, 0])
})
