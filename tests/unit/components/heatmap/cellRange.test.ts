import { expect, test } from 'vitest'
import { nearestCell, pickedRuns, seedsIn } from '../../../../components/heatmap/cellRange.ts'
import { layoutHeatmap } from '../../../../components/heatmap/heatmapLayout.ts'

const ids = ['a', 'b', 'c']
const small = layoutHeatmap(1_000, 600, [4, 2, 4], true)
const large = layoutHeatmap(400, 300, [10_000, 50, 10_000], true)
const at = (layer: number, column: number) => ({ layer, column })

test('a rectangle holds the seeds between its corners, whichever way it was drawn, and ends where a layer does', () => {
  const all = [
    { layerId: 'a', seedIds: [1, 2, 3] },
    { layerId: 'b', seedIds: [1] },
    { layerId: 'c', seedIds: [1, 2, 3] },
  ]
  expect(seedsIn(small, ids, { from: at(0, 1), to: at(2, 3) })).toEqual(all)
  expect(seedsIn(small, ids, { from: at(2, 3), to: at(0, 1) })).toEqual(all)
  expect(seedsIn(small, ids, { from: at(1, 2), to: at(1, 3) })).toEqual([])
})

test('a cell of many seeds stands for all of them', () => {
  expect(large.binSize).toBeGreaterThan(1)
  const [list] = seedsIn(large, ids, { from: at(0, 1), to: at(0, 2) })
  expect(list!.seedIds[0]).toBe(large.binSize)
  expect(list!.seedIds).toHaveLength(2 * large.binSize)
  // Every cell of the map at once is every seed once.
  const whole = seedsIn(large, ids, { from: at(0, 0), to: at(2, large.columns - 1) })
  expect(whole.map((one) => one.seedIds.length)).toEqual([10_000, 50, 10_000])
})

test('a point outside the plot is the nearest cell', () => {
  expect(nearestCell(small, -50, -50)).toEqual(at(0, 0))
  expect(nearestCell(small, 5_000, 5_000)).toEqual(at(2, 3))
  expect(nearestCell(small, 5_000, small.rowHeight * 1.5)).toEqual(at(1, 1))
})

test('picked cells are joined where they touch; a cell of which a part is picked is told apart', () => {
  const bin = large.binSize
  const seedIds = [...Array.from({ length: 2 * bin }, (_, n) => n), 2 * bin, 5 * bin]
  expect(pickedRuns(large, ids, [{ layerId: 'a', seedIds }])).toEqual([
    { layer: 0, from: 0, to: 2, whole: true },
    { layer: 0, from: 2, to: 3, whole: false },
    { layer: 0, from: 5, to: 6, whole: false },
  ])
  expect(pickedRuns(large, ids, [{ layerId: 'of another run', seedIds: [1] }])).toEqual([])
})
