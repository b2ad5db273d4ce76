/*
 * sfc32 random streams whose whole state can be saved and put back.
 * In: a 32-bit seed. Out: uniform, normal and integer draws.
 * Invariant: the same seed gives the same draws for ever; golden values are asserted by the test.
 * Source: docs/training.md "determinism".
 */
export interface RngState {
  readonly words: readonly [number, number, number, number]
  /** The second half of a Box-Muller pair that waits to be drawn. */
  readonly spare: number | null
}

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** Integer in 0..bound-1. */
  int(bound: number): number
  save(): RngState
  restore(state: RngState): void
}

/** Creates a stream; streams of different seeds are unrelated for our purpose. Not cryptographic. */
export function createRng(seed: number): Rng {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88
  let d = 1
  let spare: number | null = null

  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
  for (let round = 0; round < 15; round++) next()

  return {
    next,
    normal() {
      if (spare !== null) {
        const value = spare
        spare = null
        return value
      }
      let u = 0
      while (u === 0) u = next()
      const v = next()
      const r = Math.sqrt(-2 * Math.log(u))
      spare = r * Math.sin(2 * Math.PI * v)
      return r * Math.cos(2 * Math.PI * v)
    },
    int: (bound) => Math.floor(next() * bound),
    save: () => ({ words: [a, b, c, d], spare }),
    restore(state) {
      ;[a, b, c, d] = state.words
      spare = state.spare
    },
  }
}
