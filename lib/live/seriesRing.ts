/*
 * Series ring: the last minutes of one metric and the state for every seed of one layer, for sparklines and state tapes.
 * In: samples (time, value and state per seed), or a history answer. Out: the same, oldest first.
 * Invariant: bounded; NaN is unmeasured and stays a break in the line; time never goes back.
 * Source: features A11; docs/ux.md "pages: live".
 */
export class SeriesRing {
  readonly seeds: number
  readonly capacity: number
  readonly #at: Float64Array
  readonly #values: Float32Array
  readonly #states: Uint8Array
  #length = 0
  #next = 0

  constructor(seeds: number, capacity: number) {
    this.seeds = seeds
    this.capacity = capacity
    this.#at = new Float64Array(capacity)
    this.#values = new Float32Array(capacity * seeds)
    this.#states = new Uint8Array(capacity * seeds)
  }

  get length(): number {
    return this.#length
  }
  get newestMs(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : this.atMs(this.#length - 1)
  }
  get oldestMs(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.atMs(0)
  }

  #slot(index: number): number {
    return (this.#next - this.#length + index + this.capacity * 2) % this.capacity
  }
  /** Reads the time of sample `index`, 0 = oldest. */
  atMs(index: number): number {
    return this.#at[this.#slot(index)] ?? Number.NaN
  }
  value(index: number, seed: number): number {
    return this.#values[this.#slot(index) * this.seeds + seed] ?? Number.NaN
  }
  state(index: number, seed: number): number {
    return this.#states[this.#slot(index) * this.seeds + seed] ?? 255
  }

  /** Appends one sample; refused when it is not newer than the last. */
  append(atMs: number, value: (seed: number) => number, state: (seed: number) => number): boolean {
    if (!(atMs > this.newestMs)) return false
    const slot = this.#next
    this.#at[slot] = atMs
    for (let seed = 0; seed < this.seeds; seed++) {
      this.#values[slot * this.seeds + seed] = value(seed)
      this.#states[slot * this.seeds + seed] = state(seed)
    }
    this.#next = (slot + 1) % this.capacity
    this.#length = Math.min(this.capacity, this.#length + 1)
    return true
  }

  /** Takes a history answer (oldest first) as the truth of its interval; samples before and after it stay. */
  backfill(
    atMs: readonly number[],
    values: readonly (readonly (number | null)[])[],
    states: readonly (readonly number[])[],
  ): void {
    const firstMs = atMs[0]
    const lastMs = atMs.at(-1)
    if (firstMs === undefined || lastMs === undefined) return
    const kept = Array.from({ length: this.#length }, (_, index) => ({
      atMs: this.atMs(index),
      values: Array.from({ length: this.seeds }, (_unused, seed) => this.value(index, seed)),
      states: Array.from({ length: this.seeds }, (_unused, seed) => this.state(index, seed)),
    }))
    const asked = atMs.map((at, index) => ({
      atMs: at,
      values: Array.from({ length: this.seeds }, (_, seed) => values[seed]?.[index] ?? Number.NaN),
      states: Array.from({ length: this.seeds }, (_, seed) => states[seed]?.[index] ?? 255),
    }))
    const before = kept.filter((sample) => sample.atMs < firstMs)
    const after = kept.filter((sample) => sample.atMs > lastMs)
    this.clear()
    for (const sample of [...before, ...asked, ...after])
      this.append(
        sample.atMs,
        (seed) => sample.values[seed] ?? Number.NaN,
        (seed) => sample.states[seed] ?? 255,
      )
  }

  clear(): void {
    this.#length = 0
    this.#next = 0
  }
}
