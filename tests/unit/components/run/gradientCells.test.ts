import { expect, test } from 'vitest'
import { gradientMatrix } from '../../../../components/run/gradientCells.ts'
import { cellAt, matrixFrame, placeOf, seedsThatFit } from '../../../../components/run/drawGradients.ts'
import { judgeGradient, medianOf } from '../../../../components/run/gradientWords.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { createLayerMirror } from '../../../../lib/frames/layerMirror.ts'

test('vanishing, weak, exploding by the documented limits; unmeasured is unknown', () => {
  const of = (value: number) => judgeGradient('flow_grad_norm', value, 1).verdict
  expect([0, 0.009, 0.04, 0.06, Number.NaN].map(of)).toEqual(['vanishing', 'vanishing', 'weak', 'fine', 'unknown'])
  expect(judgeGradient('flow_grad_norm', 0, Number.NaN).verdict).toBe('vanishing')
  expect(judgeGradient('seed_grad_norm', 5.1, 1).verdict).toBe('exploding')
  expect(judgeGradient('demand_grad_norm', 2, 0.1).verdict).toBe('exploding')
  expect(judgeGradient('demand_grad_norm', 2, Number.NaN).verdict).toBe('fine')
  expect(judgeGradient('grad_ratio', 0.09, 1).verdict).toBe('weak')
  expect(judgeGradient('update_ratio', 900, 1).verdict).toBe('fine')
  expect([medianOf([3, Number.NaN, 1]), medianOf([])]).toEqual([2, Number.NaN])
})

test('a matrix of the live pictures: seeds with their verdicts, metrics the run lacks by name', () => {
  const mirror = createLayerMirror(0, 3, SEED_COLUMNS.length, 'exact')
  mirror.columns[columnIndex(SEED_COLUMNS, 'flow_grad_norm')]!.set([1, 1, 0.001])
  mirror.columns[columnIndex(SEED_COLUMNS, 'seed_grad_norm')]!.set([9, 0.1, 0.1])
  const layers = [{ layer_id: 'layer_0', seeds: 3 }]
  const columns = SEED_COLUMNS.filter((column) => column.name !== 'update_ratio')
  const whole = gradientMatrix([mirror], { layers, seed_columns: [...SEED_COLUMNS] })
  expect(whole.counts).toMatchObject({ exploding: 1, vanishing: 1, unknown: 9 })
  expect(whole.rows.map((row) => row.alarm)).toEqual([100, 0, 10])
  expect(gradientMatrix([], { layers, seed_columns: columns }).missing).toEqual(['update_ratio'])
  const cells = createLayerMirror(0, 3, SEED_COLUMNS.length, 'cells')
  expect(gradientMatrix([cells], { layers, seed_columns: [...SEED_COLUMNS] }).rows).toEqual([])
})

test('a point finds its cell, a gap between layers none; a place in the range is fixed', () => {
  const rows = ['a', 'a', 'b'].map((layerId) => ({ layerId }))
  const frame = matrixFrame(rows, 68)
  expect(frame.lefts).toEqual([0, 20, 48])
  expect(cellAt(frame, 2, 25, 20)).toEqual({ row: 1, column: 0 })
  expect(cellAt(frame, 2, 50, 50)).toEqual({ row: 2, column: 1 })
  expect([cellAt(frame, 2, 44, 20), cellAt(frame, 2, 1, 5), cellAt(frame, 2, 1, 500)]).toEqual([null, null, null])
  const column = SEED_COLUMNS[columnIndex(SEED_COLUMNS, 'sparsity')]!
  expect([placeOf(0, column), placeOf(1, column), placeOf(7, column), placeOf(Number.NaN, column)]).toEqual([
    0,
    1,
    1,
    null,
  ])
})

test('how many seeds fit follows the width and the number of layers', () => {
  expect(seedsThatFit(280, 3)).toBe(66)
  expect(seedsThatFit(280, 400)).toBe(35)
  expect(seedsThatFit(1, 1)).toBe(1)
})
