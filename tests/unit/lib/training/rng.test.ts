import { expect, test } from 'vitest'
import { createRng } from '../../../../lib/training/rng.ts'

test('the first draws of seed 1 never change', () => {
  const rng = createRng(1)
  expect([rng.next(), rng.next(), rng.int(1_000)]).toEqual(GOLDEN)
})

test('a restored stream goes on exactly, the waiting half of a normal pair included', () => {
  const rng = createRng(5)
  rng.normal()
  const saved = rng.save()
  const expected = [rng.normal(), rng.normal(), rng.next()]
  rng.restore(saved)
  expect([rng.normal(), rng.normal(), rng.next()]).toEqual(expected)
})

test('normal draws have mean 0 and variance 1', () => {
  const rng = createRng(11)
  const draws = Array.from({ length: 20_000 }, () => rng.normal())
  const mean = draws.reduce((sum, v) => sum + v, 0) / draws.length
  expect(Math.abs(mean)).toBeLessThan(0.03)
  expect(draws.reduce((sum, v) => sum + v * v, 0) / draws.length).toBeCloseTo(1, 1)
})

const GOLDEN = [0.5150678458157927, 0.35080243763513863, 90]
