import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { CELL_STEPS, dequantize, quantizeColumn, UNMEASURED_CELL } from '../../../../lib/frames/quantize.ts'

const one = (value: number, column: (typeof SEED_COLUMNS)[number]): number => {
  const target = new Uint8Array(1)
  quantizeColumn(Float32Array.of(value), column, target)
  return target[0]!
}

test('keeps every value of every column within half a step', () => {
  fc.assert(
    fc.property(fc.constantFrom(...SEED_COLUMNS), fc.double({ min: 0, max: 1, noNaN: true }), (column, ratio) => {
      const log = column.scale === 'log'
      const value = log
        ? column.min * (column.max / column.min) ** ratio
        : column.min + ratio * (column.max - column.min)
      const back = dequantize(one(value, column), column)!
      const error = log ? Math.abs(Math.log(back / value)) : Math.abs(back - value)
      const span = log ? Math.log(column.max / column.min) : column.max - column.min
      expect(error).toBeLessThanOrEqual((span / CELL_STEPS) * 0.5 + Math.abs(span) * 1e-6)
    }),
  )
})

test('says unmeasured for NaN and never for a number', () => {
  for (const column of SEED_COLUMNS) {
    expect(one(Number.NaN, column)).toBe(UNMEASURED_CELL)
    for (const value of [-Infinity, -1e30, -1, 0, 1, 1e30, Infinity])
      expect(one(value, column)).toBeLessThanOrEqual(CELL_STEPS)
  }
  expect(dequantize(UNMEASURED_CELL, SEED_COLUMNS[0]!)).toBeNull()
})

test('clamps at both ends and draws a lying log column linearly', () => {
  const log = SEED_COLUMNS.find((column) => column.scale === 'log')!
  expect(one(-5, log)).toBe(0)
  expect(one(log.max * 10, log)).toBe(CELL_STEPS)
  const lying = { ...log, min: -1, max: 1 }
  expect(one(0, lying)).toBe(CELL_STEPS / 2)
  expect(one(3, { ...log, min: 1, max: 1 })).toBe(0)
})
