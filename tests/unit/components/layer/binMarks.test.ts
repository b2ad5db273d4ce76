import { expect, test } from 'vitest'
import { binMarks } from '../../../../components/layer/binMarks.ts'
import type { GridMark } from '../../../../lib/contracts/httpLayer.ts'

const mark = (
  row: number,
  at_ms: number,
  state: GridMark['state'],
  kind: GridMark['kind'] = 'transition',
): GridMark => ({
  row,
  at_ms,
  state,
  kind,
  seed_id: 1,
  text: '',
})
const head = (marks: GridMark[]) => ({ marks, from_ms: 10_000, bucket_ms: 1_000, columns: 5, pinned: 1, bin_size: 50 })

test('every transition in a row of many seeds is gathered in the cell of its time, worst state first', () => {
  const marks = [
    mark(3, 11_100, 'TRAINING'),
    mark(3, 11_900, 'CULLED'),
    mark(3, 14_999, 'TRAINING'),
    mark(2, 10_000, 'GRAFTING'),
  ]
  expect(binMarks(head(marks))).toEqual([
    { row: 3, column: 1, count: 2, isFailure: true },
    { row: 3, column: 4, count: 1, isFailure: false },
    { row: 2, column: 0, count: 1, isFailure: false },
  ])
})

test('a pinned row, another kind, and what lies outside the window are none of these', () => {
  const marks = [
    mark(0, 11_000, 'CULLED'),
    mark(2, 11_000, null, 'command'),
    mark(-1, 11_000, null, 'fault'),
    mark(2, 9_999, 'CULLED'),
    mark(2, 15_000, 'CULLED'),
  ]
  expect(binMarks(head(marks))).toEqual([])
  expect(binMarks({ ...head([mark(2, 11_000, 'CULLED')]), bin_size: 1 })).toEqual([])
})
