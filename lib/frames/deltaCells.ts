/*
 * deltaCells: differences of a metric as bytes: 127 is no difference, below it less, above it more, 255 nothing to compare.
 * In: values now and at the baseline, with their column. Out: bytes, and the words and numbers of a byte.
 * Invariant: a difference is taken on the column's own scale (a log metric: by its ratio); equal values are exactly 127; what lacks
 * one side is 255, never 127; a quarter of the display range, either way, is the end of the scale.
 * Source: docs/ux.md "delta mode"; features A5.
 */
import type { MetricColumn } from '../contracts/metrics.ts'
import { CELL_STEPS, quantizeColumn, UNMEASURED_CELL } from './quantize.ts'

export const NO_DIFFERENCE = 127
/** Share of the display range at which the scale ends. */
export const DELTA_SPAN = 0.25

const STEPS = NO_DIFFERENCE / (CELL_STEPS * DELTA_SPAN)

/** One difference between two cells of one metric. */
export function deltaByte(now: number, before: number): number {
  if (now >= UNMEASURED_CELL || before >= UNMEASURED_CELL) return UNMEASURED_CELL
  const byte = NO_DIFFERENCE + Math.round((now - before) * STEPS)
  return byte < 0 ? 0 : byte > CELL_STEPS ? CELL_STEPS : byte
}

/** All differences between two columns of cells. */
export function deltaCells(now: Uint8Array, before: Uint8Array, target: Uint8Array): void {
  for (let row = 0; row < target.length; row++) target[row] = deltaByte(now[row] ?? 255, before[row] ?? 255)
}

/** Quantises a baseline for a layer of `rows` seeds; what it does not reach has no counterpart. */
export function baselineCells(values: Float32Array | null, column: MetricColumn, rows: number): Uint8Array {
  const cells = new Uint8Array(rows).fill(UNMEASURED_CELL)
  if (values !== null) quantizeColumn(values.subarray(0, rows), column, cells)
  return cells
}

const isRatio = (column: Pick<MetricColumn, 'scale' | 'min'>): boolean => column.scale === 'log' && column.min > 0

/** A difference as it is said: of a log metric the factor, else the signed difference. */
export function differenceOf(
  now: number,
  before: number,
  column: Pick<MetricColumn, 'scale' | 'min'>,
): { readonly kind: 'factor' | 'difference'; readonly value: number } | null {
  if (!Number.isFinite(now) || !Number.isFinite(before)) return null
  if (!isRatio(column) || now <= 0 || before <= 0) return { kind: 'difference', value: now - before }
  return { kind: 'factor', value: now / before }
}

/**
 * What differences are put in order by, on the scale they are coloured on: of a log metric the logarithm of the factor (below its
 * display range everything is the same), else the signed difference; NaN without a counterpart.
 */
export function changeKey(now: number, before: number, column: Pick<MetricColumn, 'scale' | 'min'>): number {
  if (!Number.isFinite(now) || !Number.isFinite(before)) return Number.NaN
  if (!isRatio(column)) return now - before
  return Math.log(Math.max(now, column.min) / Math.max(before, column.min))
}

/** What a byte stands for: a signed difference, or a factor. */
export function deltaOfByte(
  byte: number,
  column: Pick<MetricColumn, 'scale' | 'min' | 'max'>,
): { readonly kind: 'factor' | 'difference'; readonly value: number; readonly clipped: boolean } | null {
  if (byte >= UNMEASURED_CELL) return null
  const share = ((byte - NO_DIFFERENCE) / NO_DIFFERENCE) * DELTA_SPAN
  const clipped = byte === 0 || byte === CELL_STEPS
  if (isRatio(column)) return { kind: 'factor', value: (column.max / column.min) ** share, clipped }
  return { kind: 'difference', value: share * (column.max - column.min), clipped }
}
