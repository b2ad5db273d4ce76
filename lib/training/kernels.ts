/*
 * Dense kernels on Float32Array, written so that no call allocates.
 * In: row-major matrices with an explicit row stride and column offset. Out: results in arrays the caller owns.
 * Invariant: NaN is never swallowed (ReLU keeps it); a row of zeros costs nothing, as most digit pixels are zero.
 * Source: docs/training.md "numbers"; benchmark figures there.
 */

/** out[n][o] = x[n][i] * w[i][o] + bias[o]. `stride` and `offset` locate row n of x. */
export function dense(
  x: Float32Array,
  stride: number,
  offset: number,
  w: Float32Array,
  bias: Float32Array,
  out: Float32Array,
  rows: number,
  inputs: number,
  outputs: number,
): void {
  for (let n = 0; n < rows; n++) {
    const at = n * outputs
    for (let j = 0; j < outputs; j++) out[at + j] = bias[j]!
    const from = n * stride + offset
    for (let i = 0; i < inputs; i++) {
      const value = x[from + i]!
      if (value === 0) continue
      const wi = i * outputs
      for (let j = 0; j < outputs; j++) out[at + j]! += value * w[wi + j]!
    }
  }
}

/** gradW += x^T * dOut; gradBias += column sums of dOut. */
export function denseGradWeights(
  x: Float32Array,
  stride: number,
  offset: number,
  dOut: Float32Array,
  gradW: Float32Array,
  gradBias: Float32Array,
  rows: number,
  inputs: number,
  outputs: number,
): void {
  for (let n = 0; n < rows; n++) {
    const at = n * outputs
    const from = n * stride + offset
    for (let j = 0; j < outputs; j++) gradBias[j]! += dOut[at + j]!
    for (let i = 0; i < inputs; i++) {
      const value = x[from + i]!
      if (value === 0) continue
      const wi = i * outputs
      for (let j = 0; j < outputs; j++) gradW[wi + j]! += value * dOut[at + j]!
    }
  }
}

/** dX = dOut * w^T, or dX += … when `add`. */
export function denseGradInput(
  dOut: Float32Array,
  w: Float32Array,
  dX: Float32Array,
  stride: number,
  offset: number,
  rows: number,
  inputs: number,
  outputs: number,
  add: boolean,
): void {
  for (let n = 0; n < rows; n++) {
    const at = n * outputs
    const to = n * stride + offset
    for (let i = 0; i < inputs; i++) {
      const wi = i * outputs
      let sum = 0
      for (let j = 0; j < outputs; j++) sum += dOut[at + j]! * w[wi + j]!
      if (add) dX[to + i]! += sum
      else dX[to + i] = sum
    }
  }
}

/** Rectifies in place and copies. `v < 0 ? 0 : v`: the other spelling turns NaN into 0 and hides a broken module. */
export function reluInto(z: Float32Array, out: Float32Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const v = z[i]!
    out[i] = v < 0 ? 0 : v
  }
}

/** Zeroes the gradient where the rectified activation is 0; a NaN activation keeps its gradient. */
export function reluMask(activation: Float32Array, gradient: Float32Array, length: number): void {
  for (let i = 0; i < length; i++) if (activation[i]! <= 0) gradient[i] = 0
}

/** Sums the squares in float64; NaN and infinities pass through. */
export function sumOfSquares(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return sum
}

/** Tells whether the first `length` values are all finite. */
export function allFinite(values: Float32Array, length: number): boolean {
  // Infinity - Infinity and NaN - NaN are NaN; a finite number minus itself is 0: one add per value, one test.
  let sum = 0
  for (let i = 0; i < length; i++) sum += values[i]! - values[i]!
  return sum === 0
}
