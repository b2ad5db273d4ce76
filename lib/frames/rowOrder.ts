/*
 * rowOrder: the seeds of a layer in an order, without an object or a comparison per seed.
 * In: a key per seed, which seeds take part. Out: seed numbers, smallest or greatest key first.
 * Invariant: unmeasured comes last in both directions; equal keys keep the order of their seeds; the same input gives the same order.
 * Source: features A6; docs/performance.md "columns, not objects".
 */
const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)
/** Seeds of one layer, at most: the place of a seed and its key share one float64. */
const PLACES = 65_536

/** Turns a float32 into a whole number of the same order. */
function rank(value: number): number {
  float[0] = value
  const bits = word[0]!
  return bits >>> 31 === 1 ? ~bits >>> 0 : (bits | 0x80000000) >>> 0
}

/** Orders the seeds that take part by their keys. */
export function orderRows(keys: Float32Array, rows: Uint32Array, down: boolean): Uint32Array {
  const packed = new Float64Array(rows.length)
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!
    const key = keys[row]!
    const value = key !== key ? 0xffff_ffff : down ? 0xffff_fffe - Math.min(rank(key), 0xffff_fffe) : rank(key)
    packed[at] = value * PLACES + row
  }
  // Native and without a comparator: a whole layer in a few milliseconds.
  packed.sort()
  const order = new Uint32Array(rows.length)
  for (let at = 0; at < order.length; at++) order[at] = packed[at]! % PLACES
  return order
}

/** Robust z of every value of a layer: 0.6745 (value - median) / MAD; NaN where there is none. */
export function robustScores(
  values: Float32Array,
  minSiblings: number,
): { readonly scores: Float32Array; readonly median: number; readonly mad: number } {
  const scores = new Float32Array(values.length).fill(Number.NaN)
  const measured = values.filter((value) => Number.isFinite(value)).sort()
  const median = middleOf(measured)
  if (measured.length < minSiblings) return { scores, median, mad: Number.NaN }
  const mad = middleOf(measured.map((value) => Math.abs(value - median)).sort())
  if (mad > 0) for (let row = 0; row < values.length; row++) scores[row] = (0.6745 * (values[row]! - median)) / mad
  return { scores, median, mad }
}

function middleOf(sorted: Float32Array): number {
  if (sorted.length === 0) return Number.NaN
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
