/*
 * Smoothing: an exponential average over time, off unless somebody asks for it.
 * In: times and values, a time constant. Out: as many values.
 * Invariant: what is unmeasured stays so and ends the average: nothing is carried over a hole.
 * Source: features A12; docs/ux.md "pages: seed".
 */
export function smooth(atMs: readonly number[], values: readonly (number | null)[], tauMs: number): (number | null)[] {
  let mean: number | null = null
  let lastMs = 0
  return values.map((value, index) => {
    const now = atMs[index] ?? 0
    if (value === null) {
      mean = null
      return null
    }
    mean = mean === null ? value : mean + (value - mean) * (1 - Math.exp(-(now - lastMs) / tauMs))
    lastMs = now
    return mean
  })
}
