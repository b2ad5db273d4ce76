/*
 * binning: many seeds into one cell of a picture: the worst of them, never the mean. Server and browser bin alike.
 * In: quantised bytes or state ids of one layer, the bin size, the metric's orientation. Out: one byte and one row index per bin.
 * Invariant: the alarming value of a bin is always what the cell shows; unmeasured shows only where nothing was measured.
 * Source: docs/ux.md "other page notes"; features A2, A19.
 */
import { STATE_FAMILY, SEED_STATES } from '../contracts/lifecycleTable.ts'
import type { MetricColumn } from '../contracts/metrics.ts'
import { NO_DIFFERENCE } from './deltaCells.ts'
import { UNMEASURED_CELL } from './quantize.ts'

/** Orders states by how much they need an operator: higher is shown. Index = state byte. */
export const STATE_ATTENTION: Readonly<Uint8Array> = (() => {
  const family = { failure: 60, cooldown: 40, integrating: 30, growing: 20, success: 10, idle: 5 } as const
  const attention = new Uint8Array(256)
  // An id that is not one of ours needs a look more than anything known, except failures.
  attention.fill(50)
  SEED_STATES.forEach((state, id) => {
    attention[id] = family[STATE_FAMILY[state]] + id / 2
  })
  attention[254] = 1
  return attention
})()

/**
 * Writes per bin the byte to show into `target` and its row into `rows`. `worst` 'none' and 'high' keep the highest byte,
 * 'low' the lowest. All arrays hold ceil(source.length / binSize) entries at least.
 */
export function binWorst(
  source: Uint8Array,
  binSize: number,
  worst: MetricColumn['worst'],
  target: Uint8Array,
  rows?: Uint32Array,
): number {
  const bins = Math.ceil(source.length / binSize)
  const low = worst === 'low'
  for (let bin = 0; bin < bins; bin++) {
    const start = bin * binSize
    const end = Math.min(source.length, start + binSize)
    let best = UNMEASURED_CELL
    let row = start
    for (let index = start; index < end; index++) {
      const byte = source[index] ?? UNMEASURED_CELL
      if (byte === UNMEASURED_CELL) continue
      if (best === UNMEASURED_CELL || (low ? byte < best : byte > best)) {
        best = byte
        row = index
      }
    }
    target[bin] = best
    if (rows) rows[bin] = row
  }
  return bins
}

/** Writes per bin the difference that is farthest from none, either way, and its row: bytes of lib/frames/deltaCells.ts. */
export function binFarthest(source: Uint8Array, binSize: number, target: Uint8Array, rows?: Uint32Array): number {
  const bins = Math.ceil(source.length / binSize)
  for (let bin = 0; bin < bins; bin++) {
    const start = bin * binSize
    const end = Math.min(source.length, start + binSize)
    let best = UNMEASURED_CELL
    let farthest = -1
    let row = start
    for (let index = start; index < end; index++) {
      const byte = source[index] ?? UNMEASURED_CELL
      const off = byte === UNMEASURED_CELL ? -1 : Math.abs(byte - NO_DIFFERENCE)
      if (off <= farthest) continue
      farthest = off
      best = byte
      row = index
    }
    target[bin] = best
    if (rows) rows[bin] = row
  }
  return bins
}

/** Writes per bin the state that most needs a look, and its row. */
export function binStates(source: Uint8Array, binSize: number, target: Uint8Array, rows?: Uint32Array): number {
  const bins = Math.ceil(source.length / binSize)
  for (let bin = 0; bin < bins; bin++) {
    const start = bin * binSize
    const end = Math.min(source.length, start + binSize)
    let best = source[start] ?? 255
    let row = start
    for (let index = start + 1; index < end; index++) {
      const state = source[index] ?? 255
      if ((STATE_ATTENTION[state] ?? 0) > (STATE_ATTENTION[best] ?? 0)) {
        best = state
        row = index
      }
    }
    target[bin] = best
    if (rows) rows[bin] = row
  }
  return bins
}
