import { expect, test } from 'vitest'
import { orderRows, robustScores } from '../../../../lib/frames/rowOrder.ts'
import { similarRows, type SimilarRows } from '../../../../lib/frames/similarRows.ts'

const none = Number.NaN
const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, row) => row)

test('unmeasured comes last in both directions, and equal keys keep the order of their seeds', () => {
  const keys = Float32Array.of(0.5, none, -2, 0.5, 3, none, 0)
  expect([...orderRows(keys, all(7), false)]).toEqual([2, 6, 0, 3, 4, 1, 5])
  expect([...orderRows(keys, all(7), true)]).toEqual([4, 0, 3, 6, 2, 1, 5])
  expect([...orderRows(keys, Uint32Array.of(6, 4, 1), false)]).toEqual([6, 4, 1])
})

test('the order of any numbers is that of a plain sort, the smallest and the greatest of float32 included', () => {
  let state = 12_345
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31)
  const keys = Float32Array.from({ length: 5_000 }, (_, at) =>
    at % 97 === 0 ? (at % 2 === 0 ? Number.MAX_VALUE : -3.4e38) : (next() / 2 ** 30 - 1) * 10 ** ((next() % 60) - 30),
  )
  for (const down of [false, true]) {
    const expected = [...keys.keys()].toSorted((a, b) => {
      const off = keys[a]! - keys[b]!
      return keys[a] === keys[b] ? a - b : down ? -off : off
    })
    expect([...orderRows(keys, all(keys.length), down)]).toEqual(expected)
  }
})

test('the robust score is not moved by one wild value, and is none where all agree or too few are measured', () => {
  const { scores, median, mad } = robustScores(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 1_000, none), 8)
  expect([median, mad]).toEqual([5, 2])
  expect(scores[8]).toBeCloseTo((0.6745 * 995) / 2, 2)
  expect(scores[4]).toBe(0)
  expect(scores[9]).toBeNaN()
  expect([...robustScores(new Float32Array(9).fill(2), 8).scores].every(Number.isNaN)).toBe(true)
  expect([...robustScores(Float32Array.of(1, 2, 3), 8).scores].every(Number.isNaN)).toBe(true)
})

function similar(series: readonly (readonly number[])[], rows = all(series.length)): SimilarRows {
  const width = series[0]!.length
  const work = similarRows(Uint8Array.from(series.flat()), width, rows)
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

test('seeds whose recent series look alike lie side by side, the same way each time', () => {
  const flat = [20, 20, 21, 20]
  const rising = [20, 90, 160, 230]
  const falling = [230, 160, 90, 20]
  const series = Array.from({ length: 30 }, (_, seed) =>
    [flat, rising, falling][seed % 3]!.map((byte) => byte + (seed % 5)),
  )
  const once = similar(series)
  expect(similar(series)).toEqual(once)
  const kinds = [...once.order].map((seed) => seed % 3)
  // Each kind is one stretch: it changes twice.
  expect(kinds.filter((kind, at) => at > 0 && kind !== kinds[at - 1])).toHaveLength(2)
  expect(kinds[0]).toBe(0)
  expect(once.groups.reduce((sum, size) => sum + size, 0)).toBe(30)
  expect(once.compared).toBe(30)
})

test('a seed without enough measured points is not compared: it comes last, in a group of its own', () => {
  const series = [
    [255, 255, 255, 9],
    [10, 10, 10, 10],
    [10, 255, 11, 10],
    [255, 255, 255, 255],
  ]
  const { order, groups, compared } = similar(series)
  expect([...order].slice(2)).toEqual([0, 3])
  expect(compared).toBe(2)
  expect(groups.at(-1)).toBe(2)
  expect([...similar(series, Uint32Array.of(3)).order]).toEqual([3])
})
