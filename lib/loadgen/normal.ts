/*
 * normal: the standard normal distribution both ways, and a table of its midpoints for cheap draws.
 * In: a z value or a probability. Out: the other one.
 * Invariant: pure functions; absolute error below 2e-7 (cumulative) and relative error below 2e-9 (quantile).
 * Source: Abramowitz and Stegun 26.2.17 in its erfc form; Acklam's rational approximation of the quantile.
 */

/** Probability that a standard normal value is below z. */
export function normalCumulative(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.5 * x)
  const poly =
    t *
    (1.00002368 +
      t *
        (0.37409196 +
          t *
            (0.09678418 +
              t *
                (-0.18628806 +
                  t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))))
  const tail = 0.5 * t * Math.exp(-x * x - 1.26551223 + poly)
  return z >= 0 ? 1 - tail : tail
}

const A = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
]
const B = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572]
const C = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
]
const D = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416]

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0)

/** Value below which a standard normal lies with this probability; p strictly between 0 and 1. */
export function normalQuantile(p: number): number {
  const low = 0.02425
  if (p < low) {
    const q = Math.sqrt(-2 * Math.log(p))
    return horner(C, q) / horner([...D, 1], q)
  }
  if (p > 1 - low) return -normalQuantile(1 - p)
  const q = p - 0.5
  const r = q * q
  return (horner(A, r) * q) / horner([...B, 1], r)
}

/** Midpoints of `size` equally likely slices of the standard normal, scaled to variance 1. */
export function normalMidpoints(size: number): Float32Array {
  const values = Float64Array.from({ length: size }, (_, i) => normalQuantile((i + 0.5) / size))
  const variance = values.reduce((sum, value) => sum + value * value, 0) / size
  return Float32Array.from(values, (value) => value / Math.sqrt(variance))
}
