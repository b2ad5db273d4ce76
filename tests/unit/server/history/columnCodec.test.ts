import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import type { MetricColumn } from '../../../../lib/contracts/metrics.ts'
import { columnBytes } from '../../../../server/history/historyTick.ts'
import { packColumn, unpackBytes, unpackValues, type ColumnForm } from '../../../../server/history/columnCodec.ts'

const columnNamed = (name: string): MetricColumn => SEED_COLUMNS.find((column) => column.name === name)!
const linear = columnNamed('health_score')
const log = columnNamed('chunk_variance')
const state = columnNamed('state')

const bytesOf = (values: Float32Array, column: MetricColumn): Uint8Array => {
  const bytes = new Uint8Array(values.length)
  columnBytes(values, column, bytes)
  return bytes
}
/** NaN of any payload is one value: unmeasured. */
const same = (a: Float32Array, b: Float32Array): boolean => a.every((value, at) => Object.is(value, b[at]))

const float = fc.oneof(
  fc.float({ min: 0, max: 1, noNaN: true }),
  fc.float({ noDefaultInfinity: false }),
  fc.constantFrom(Number.NaN, 0, -0, 1, 254, 1e-30, -5, Number.POSITIVE_INFINITY, 3.5, 100_000_000),
  fc.integer({ min: -20, max: 300 }).map(Math.fround),
)
const values = fc.integer({ min: 1, max: 9 }).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    values: fc
      .array(fc.array(float, { minLength: rows, maxLength: rows }), { minLength: 1, maxLength: 12 })
      .map((ticks) => Float32Array.from(ticks.flat())),
  }),
)
const column = fc.constantFrom(linear, log, state)
const form = fc.constantFrom<ColumnForm>('exact', 'fine')

test('the picture made from what comes back is the one made from the live values, in every form', () => {
  fc.assert(
    fc.property(values, column, form, ({ rows, values: live }, metric, kept) => {
      const packed = packColumn(live, rows, metric, kept)
      const shape = { ticks: live.length / rows, rows }
      expect(unpackBytes(packed, shape, metric)).toEqual(bytesOf(live, metric))
    }),
    { numRuns: 400 },
  )
})

test('the exact form gives back every float32 as it was', () => {
  fc.assert(
    fc.property(values, column, ({ rows, values: live }, metric) => {
      const packed = packColumn(live, rows, metric, 'exact')
      const back = unpackValues(packed, { ticks: live.length / rows, rows }, metric)
      expect(same(back, live)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test('the fine form is within a thirty-second of a step of the picture, and exact outside the display range', () => {
  fc.assert(
    fc.property(values, fc.constantFrom(linear, log), ({ rows, values: live }, metric) => {
      const packed = packColumn(live, rows, metric, 'fine')
      const back = unpackValues(packed, { ticks: live.length / rows, rows }, metric)
      const scale = (value: number): number => (metric.scale === 'log' ? Math.log(value) : value)
      const step = (scale(metric.max) - scale(metric.min)) / 254
      live.forEach((value, at) => {
        if (!(value >= metric.min && value <= metric.max)) return expect(Object.is(back[at], value)).toBe(true)
        expect(Math.abs(scale(back[at]!) - scale(value))).toBeLessThanOrEqual(step / 32 + step * 1e-3)
      })
    }),
    { numRuns: 300 },
  )
})

test('whole numbers that grow with time cost next to nothing and come back exactly, also beyond the display range', () => {
  const [ticks, rows] = [450, 12]
  const live = Float32Array.from({ length: ticks * rows }, (_, at) => 5_000 + Math.floor(at / rows) + (at % rows) * 37)
  const packed = packColumn(live, rows, columnNamed('ticks_in_state'), 'fine')
  expect(packed.head).toMatchObject({ mode: 'int', order: 2 })
  expect(packed.planes.reduce((sum, plane) => sum + plane.byteLength, 0)).toBeLessThan(120)
  expect(unpackValues(packed, { ticks, rows }, columnNamed('ticks_in_state'))).toEqual(live)
})

test('a plane of another length is refused, not read', () => {
  const live = Float32Array.from({ length: 40 }, (_, at) => at / 40)
  const packed = packColumn(live, 4, linear, 'fine')
  expect(() => unpackValues(packed, { ticks: 11, rows: 4 }, linear)).toThrow(RangeError)
  expect(() => unpackBytes(packed, { ticks: 9, rows: 4 }, linear)).toThrow()
})
