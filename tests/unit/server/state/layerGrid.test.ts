import { expect, test } from 'vitest'
import { deltaByte } from '../../../../lib/frames/deltaCells.ts'
import { makeGrid, rowStarts, type Grid, type GridRequest } from '../../../../server/state/layerGrid.ts'
import type { Past } from '../../../../server/state/layerPast.ts'

const STATE = 0
const VALUE = 1
type Picture = readonly [atMs: number, values: readonly number[], states?: readonly number[]]

/** A past of these pictures; bytes as they are. */
function pastOf(rows: number, pictures: readonly Picture[]): Past {
  return {
    rows,
    kept: 'ticks',
    bucketMs: null,
    range: () => [0, pictures.length],
    atMs: (index) => pictures[index]![0],
    tick: (index) => index,
    bytes(index, column, target) {
      const [, values, states] = pictures[index]!
      target.set(column === STATE ? (states ?? values.map(() => 2)) : values)
      return true
    },
    values: () => false,
  }
}

function gridOf(pictures: readonly Picture[], change: Partial<GridRequest> = {}): Grid {
  const rows = pictures[0]?.[1].length ?? 1
  const work = makeGrid({
    past: pastOf(rows, pictures),
    column: VALUE,
    stateColumn: STATE,
    worst: 'low',
    order: Uint32Array.from({ length: rows }, (_, row) => row),
    pinned: 0,
    binSize: 1,
    fromMs: 0,
    bucketMs: 1_000,
    columns: 4,
    untilMs: Number.POSITIVE_INFINITY,
    holdMs: 0,
    base: null,
    ...change,
  })
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
const row = (plane: ArrayLike<number>, at: number, columns = 4) =>
  Array.from(plane).slice(at * columns, (at + 1) * columns)

test('of each bucket the least, the greatest and the newest value stay, whatever lies between', () => {
  const grid = gridOf([
    [0, [50]],
    [300, [200]],
    [600, [9]],
    [900, [100]],
    [2_100, [70]],
  ])
  expect(row(grid.low, 0)).toEqual([9, 255, 70, 255])
  expect(row(grid.high, 0)).toEqual([200, 255, 70, 255])
  expect(row(grid.last, 0)).toEqual([100, 255, 70, 255])
  expect([[...grid.ticks], grid.of]).toEqual([[4, 0, 1, 0], 5])
})

test('a picture holds until it would be late; then there is a gap, and nothing is drawn before the first', () => {
  const grid = gridOf([[1_100, [40]]], { columns: 6, holdMs: 2_000 })
  expect(row(grid.last, 0, 6)).toEqual([255, 40, 40, 40, 255, 255])
  expect([...grid.ticks]).toEqual([0, 1, 0, 0, 0, 0])
  // What is carried on is the newest value, not the extreme of its bucket.
  const carried = gridOf(
    [
      [0, [10]],
      [500, [90]],
    ],
    { holdMs: 1_000 },
  )
  expect(row(carried.low, 0)).toEqual([10, 90, 255, 255])
})

test('a cell of many seeds shows the worst of them and says which, by the orientation of the metric', () => {
  const pictures: readonly Picture[] = [[0, [80, 20, 255, 60, 90], [0, 0, 2, 8, 0]]]
  const low = gridOf(pictures, { binSize: 3, columns: 1 })
  expect([low.rows, [...low.low], [...low.high]]).toEqual([2, [20, 60], [80, 90]])
  expect([...low.seed]).toEqual([1, 0])
  expect([...low.state]).toEqual([2, 8])
  const high = gridOf(pictures, { binSize: 3, columns: 1, worst: 'high' })
  expect([...high.seed]).toEqual([0, 1])
})

test('pinned seeds have a row each above the bins, in the order of the list', () => {
  expect([...rowStarts(10, 2, 3)]).toEqual([0, 1, 2, 5, 8, 10])
  expect([...rowStarts(2, 2, 3)]).toEqual([0, 1, 2])
  const grid = gridOf([[0, [1, 2, 3, 4, 5]]], {
    order: Uint32Array.of(4, 0, 1, 2, 3),
    pinned: 1,
    binSize: 4,
    columns: 1,
  })
  expect([...grid.low]).toEqual([5, 1])
})

test('a grid of differences shows the greatest change either way; without a counterpart there is none', () => {
  const grid = gridOf(
    [
      [0, [100, 100, 100]],
      [500, [60, 110, 100]],
    ],
    { base: Uint8Array.of(100, 100, 255), columns: 1, binSize: 3 },
  )
  expect([...grid.low]).toEqual([deltaByte(60, 100)])
  expect([...grid.high]).toEqual([deltaByte(110, 100)])
  expect([...grid.seed]).toEqual([0])
  const alone = gridOf([[0, [7]]], { base: Uint8Array.of(255), columns: 1 })
  expect([...alone.low, ...alone.high, ...alone.last]).toEqual([255, 255, 255])
})

test('a grid of an earlier moment takes no picture that came after it', () => {
  const pictures: readonly Picture[] = [
    [0, [50]],
    [1_200, [60]],
    [1_700, [9]],
    [2_100, [70]],
  ]
  const grid = gridOf(pictures, { untilMs: 1_500 })
  expect(row(grid.low, 0)).toEqual([50, 60, 255, 255])
  expect([...grid.ticks]).toEqual([1, 1, 0, 0])
  expect(grid.of).toBe(2)
})
