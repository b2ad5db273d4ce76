import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import {
  baselineCells,
  changeKey,
  deltaByte,
  deltaCells,
  deltaOfByte,
  differenceOf,
  NO_DIFFERENCE,
} from '../../../../lib/frames/deltaCells.ts'

const health = SEED_COLUMNS.find((column) => column.name === 'health_score')!
const demand = SEED_COLUMNS.find((column) => column.name === 'demand_grad_norm')!

test('equal is exactly zero, more is above, less is below, and the ends are clipped', () => {
  for (let byte = 0; byte < 255; byte++) expect(deltaByte(byte, byte)).toBe(NO_DIFFERENCE)
  expect(deltaByte(101, 100)).toBeGreaterThan(NO_DIFFERENCE)
  expect(deltaByte(99, 100)).toBeLessThan(NO_DIFFERENCE)
  expect([deltaByte(254, 0), deltaByte(0, 254)]).toEqual([254, 0])
  // Symmetric: there and back are the same distance from none.
  for (const [a, b] of [
    [10, 40],
    [120, 90],
    [3, 250],
  ] as const)
    expect(deltaByte(a, b) + deltaByte(b, a)).toBe(2 * NO_DIFFERENCE)
})

test('what lacks one side has no difference, and is never zero', () => {
  const target = new Uint8Array(4)
  deltaCells(Uint8Array.of(255, 10, 255, 10), Uint8Array.of(10, 255, 255, 10), target)
  expect([...target]).toEqual([255, 255, 255, NO_DIFFERENCE])
  expect([...baselineCells(Float32Array.of(0.5), health, 3)]).toEqual([127, 255, 255])
  expect([...baselineCells(null, health, 2)]).toEqual([255, 255])
})

test('a difference is said in the unit of the metric, of a log metric as a factor', () => {
  expect(differenceOf(0.7, 0.5, health)).toEqual({ kind: 'difference', value: expect.closeTo(0.2, 6) })
  expect(differenceOf(2, 0.5, demand)).toEqual({ kind: 'factor', value: 4 })
  expect(differenceOf(Number.NaN, 1, health)).toBeNull()
  expect(deltaOfByte(NO_DIFFERENCE, health)).toEqual({ kind: 'difference', value: 0, clipped: false })
  expect(deltaOfByte(254, health)).toEqual({ kind: 'difference', value: expect.closeTo(0.25, 6), clipped: true })
  expect(deltaOfByte(NO_DIFFERENCE, demand)).toEqual({ kind: 'factor', value: 1, clipped: false })
  expect(deltaOfByte(0, demand)).toEqual({ kind: 'factor', value: expect.closeTo(0.1, 6), clipped: true })
  expect(deltaOfByte(255, health)).toBeNull()
})

test('changes are put in order on the scale they are coloured on: of a log metric by their factor', () => {
  const keys = (pairs: readonly (readonly [number, number])[], column: typeof health) =>
    pairs.map(([now, before]) => changeKey(now, before, column))
  // From 100 to 150 is more in numbers, from 0.1 to 0.4 more on its scale.
  const [large = 0, small = 0] = keys(
    [
      [demand.min * 150, demand.min * 100],
      [demand.min * 4, demand.min],
    ],
    demand,
  )
  expect(small).toBeGreaterThan(large)
  expect(changeKey(0, demand.min * 10, demand)).toBeCloseTo(-Math.log(10), 6)
  expect(keys([[0.7, 0.5]], health)[0]).toBeCloseTo(0.2, 6)
  expect(changeKey(Number.NaN, 1, demand)).toBeNaN()
  expect(changeKey(1, Number.NaN, health)).toBeNaN()
})
