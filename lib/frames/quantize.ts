/*
 * quantize: one metric column as one byte per cell, over the fixed display range of its column.
 * In: float32 values and a MetricColumn. Out: 0..254 inside [min, max], 255 for unmeasured, and the way back.
 * Invariant: unmeasured never becomes a number; inside the range the error is at most half a step (of the value, or of its logarithm).
 * Source: seed-design.md 2.2; docs/architecture.md "hot path".
 */
import type { MetricColumn } from '../contracts/metrics.ts'

/** Marks a cell whose value is not known: drawn as such, never as zero. */
export const UNMEASURED_CELL = 255
/** The highest byte that is a value. */
export const CELL_STEPS = 254

type Range = Pick<MetricColumn, 'min' | 'max' | 'scale'>

/** A log scale needs a positive range; a column that lies about its scale is drawn linearly. */
const isLog = (column: Range): boolean => column.scale === 'log' && column.min > 0 && column.max > column.min

/**
 * Writes one byte per value: linear or logarithmic over [min, max], clamped at both ends, NaN -> 255. `target` needs at least
 * `source.length` bytes. Never throws.
 */
export function quantizeColumn(source: Float32Array, column: Range, target: Uint8Array): void {
  const log = isLog(column)
  const low = log ? Math.log(column.min) : column.min
  const span = (log ? Math.log(column.max) : column.max) - low
  const factor = span > 0 ? CELL_STEPS / span : 0
  for (let row = 0; row < source.length; row++) {
    const value = source[row]!
    // NaN is the only value that differs from itself.
    if (value !== value) {
      target[row] = UNMEASURED_CELL
      continue
    }
    const scaled = ((log ? Math.log(value > 0 ? value : column.min) : value) - low) * factor
    target[row] = scaled <= 0 ? 0 : scaled >= CELL_STEPS ? CELL_STEPS : (scaled + 0.5) | 0
  }
}

/** Gives the value at the middle of a byte's step; null for the unmeasured byte. */
export function dequantize(byte: number, column: Range): number | null {
  if (byte >= UNMEASURED_CELL) return null
  const ratio = byte / CELL_STEPS
  if (!isLog(column)) return column.min + ratio * (column.max - column.min)
  const low = Math.log(column.min)
  return Math.exp(low + ratio * (Math.log(column.max) - low))
}
