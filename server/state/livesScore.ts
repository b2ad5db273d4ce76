/*
 * livesScore: how unusual one seed is beside its siblings, by robust z: median and median absolute deviation.
 * In: a column of values, one of them its own. Out: z with what it was computed from, so that it can be explained.
 * Invariant: too few measured siblings, or siblings that all agree, give no score; nothing is assumed to be normal but the 0.6745.
 * Source: Iglewicz and Hoaglin 1993, "modified z-score"; docs/ux.md "automatic anomaly".
 */
import type { SiblingScore } from '../../lib/contracts/httpSeed.ts'

/** Below this a median says little. */
export const MIN_SIBLINGS = 8
/** More are looked at evenly spread: a median of two thousand is the median of a layer. */
const MAX_SIBLINGS = 2_048

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Takes the measured siblings evenly; the seed itself is not its own sibling. */
export function siblingsOf(values: Float32Array, own: number): Float64Array {
  const stride = Math.max(1, Math.ceil(values.length / MAX_SIBLINGS))
  const kept: number[] = []
  for (let row = 0; row < values.length; row += stride) {
    const value = values[row]!
    if (row !== own && Number.isFinite(value)) kept.push(value)
  }
  return Float64Array.from(kept)
}

/** Scores a value against its siblings. */
export function scoreAgainst(value: number | null, siblings: Float64Array, scope: SiblingScore['scope']): SiblingScore {
  const n = siblings.length
  if (n < MIN_SIBLINGS) return { scope, n, median: null, mad: null, z: null }
  const median = medianOf(siblings.slice().sort())
  const mad = medianOf(siblings.map((sibling) => Math.abs(sibling - median)).sort())
  // Siblings that all agree leave nothing to measure a distance in.
  const z = value === null || mad === 0 ? null : (0.6745 * (value - median)) / mad
  return { scope, n, median, mad, z }
}
