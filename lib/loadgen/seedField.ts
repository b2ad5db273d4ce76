/*
 * seedField: the generated seeds of one layer: semi-Markov lives and one AR(1) latent per seed and metric.
 * In: compiled tables, a seed. Out: columns [column][row], written where the caller says.
 * Invariant: only legal edges; the same seed and layer give the same bytes at every sweep, whoever asks and however late.
 * A class because a sweep touches every cell: a million seeds are a thousand times the objects a factory could afford.
 * Source: docs/performance.md "load generator"; seed-design.md 5.2.
 */
import { SEED_STATE_ID } from '../contracts/lifecycleTable.ts'
import {
  CELLS_PER_SIGMA,
  type CompiledLives,
  type CompiledMetric,
  LATENT_RANGE,
  MAP_STRIDE,
  sliceOf,
} from './compiledTables.ts'
import { DWELL_QUANTILES } from './loadTables.ts'
import { normalMidpoints } from './normal.ts'
import { RandomWords } from './randomWords.ts'

/** 2,048 midpoints: two draws per random word, and 8 KB stay in the first cache. */
const DRAW_BITS = 11
const DRAW_MASK = (1 << DRAW_BITS) - 1
const DRAWS = normalMidpoints(1 << DRAW_BITS)
const NEVER = 0x7fff_ffff
const MAX_DWELL = 1_000_000

const { DORMANT, GERMINATED, GRAFTING, STABILIZATION, FOSSILIZED, CULLED } = SEED_STATE_ID

export type OnTransition = (row: number, from: number, to: number) => void

export class SeedField {
  readonly rows: number
  readonly state: Uint8Array
  readonly ticksInState: Float32Array
  readonly generation: Float32Array
  readonly blueprint: Float32Array
  readonly alpha: Float32Array
  readonly alphaVelocity: Float32Array
  readonly #stateColumn: Float32Array
  readonly #remaining: Int32Array
  readonly #latents: readonly Float32Array[]
  readonly #lives: CompiledLives
  readonly #metrics: readonly CompiledMetric[]
  readonly #words: RandomWords
  #fossils = 0

  constructor(lives: CompiledLives, metrics: readonly CompiledMetric[], rows: number, seed: number, layer: number) {
    this.rows = rows
    this.state = new Uint8Array(rows)
    this.ticksInState = new Float32Array(rows)
    this.generation = new Float32Array(rows)
    this.blueprint = new Float32Array(rows)
    this.alpha = new Float32Array(rows)
    this.alphaVelocity = new Float32Array(rows)
    this.#stateColumn = new Float32Array(rows)
    this.#remaining = new Int32Array(rows)
    this.#lives = lives
    this.#metrics = metrics
    this.#words = new RandomWords(seed, layer)
    // A latent starts at its stationary distribution.
    this.#latents = metrics.map(() => Float32Array.from({ length: rows }, () => DRAWS[this.#words.next() & DRAW_MASK]!))
    for (let row = 0; row < rows; row++) this.#begin(row)
  }

  #begin(row: number): void {
    const to = sliceOf(this.#lives.occupancy, this.#words.uniform())
    if (to !== DORMANT) this.generation[row] = 1
    if (to !== DORMANT) this.blueprint[row] = this.#drawBlueprint()
    if (to === FOSSILIZED) this.#fossils++
    this.#enter(row, to)
    if (this.#remaining[row] === NEVER) return
    // Somewhere inside the stay, not at its start: otherwise all seeds would move in step.
    const dwell = this.#remaining[row]!
    const passed = Math.floor(this.#words.uniform() * dwell)
    this.ticksInState[row] = passed
    this.#remaining[row] = dwell - passed
    if (to === GRAFTING) this.alpha[row] = passed * this.alphaVelocity[row]!
  }

  #drawBlueprint(): number {
    return this.#lives.blueprintIndexes[sliceOf(this.#lives.blueprintShares, this.#words.uniform())]!
  }

  #drawDwell(state: number): number {
    if (this.#lives.edgeTargets[state]!.length === 0) return NEVER
    const at = Math.min(DWELL_QUANTILES - 1, Math.floor(this.#words.uniform() * DWELL_QUANTILES))
    return Math.max(1, Math.min(MAX_DWELL, Math.round(this.#lives.dwell[state * DWELL_QUANTILES + at]!)))
  }

  #enter(row: number, state: number): void {
    const dwell = this.#drawDwell(state)
    this.state[row] = state
    this.#stateColumn[row] = state
    this.ticksInState[row] = 0
    this.#remaining[row] = dwell
    this.alphaVelocity[row] = state === GRAFTING ? 1 / dwell : 0
    this.alpha[row] = state >= STABILIZATION && state <= FOSSILIZED ? 1 : 0
    if (state === DORMANT) this.blueprint[row] = 0
  }

  #next(from: number): number {
    const shares = this.#lives.edgeShares[from]!
    const to = this.#lives.edgeTargets[from]![sliceOf(shares, this.#words.uniform())]!
    // FOSSILIZED has no way out: without the recorded share a long run would end as a layer of fossils.
    return to === FOSSILIZED && this.#fossils >= this.#lives.fossilShare * this.rows ? CULLED : to
  }

  #advance(onTransition: OnTransition | null): void {
    const { rows, state, ticksInState, alpha, alphaVelocity } = this
    const remaining = this.#remaining
    for (let row = 0; row < rows; row++) {
      if (state[row] === GRAFTING) alpha[row]! += alphaVelocity[row]!
      ticksInState[row]!++
      if (remaining[row] === NEVER || --remaining[row]! > 0) continue
      const from = state[row]!
      const to = this.#next(from)
      if (to === GERMINATED) {
        this.generation[row]!++
        this.blueprint[row] = this.#drawBlueprint()
      } else if (to === FOSSILIZED) this.#fossils++
      this.#enter(row, to)
      onTransition?.(row, from, to)
    }
  }

  /** Moves every latent of one metric one tick on and writes the values of all rows at `offset`. */
  #writeMetric(target: Float32Array, offset: number, index: number): void {
    const { rows, state } = this
    const { rho, innovation, map } = this.#metrics[index]!
    const latents = this.#latents[index]!
    const words = this.#words
    // The generator's words live in locals: a call per cell would cost as much as the cell.
    let { a, b, c, d } = words
    const last = MAP_STRIDE - 2
    let word = 0
    for (let row = 0; row < rows; row++) {
      if ((row & 1) === 0) {
        word = (((a + b) | 0) + d) | 0
        d = (d + 1) | 0
        a = b ^ (b >>> 9)
        b = (c + (c << 3)) | 0
        c = (((c << 21) | (c >>> 11)) + word) | 0
      } else word >>>= DRAW_BITS
      const z = rho * latents[row]! + innovation * DRAWS[word & DRAW_MASK]!
      latents[row] = z
      let place = (z + LATENT_RANGE) * CELLS_PER_SIGMA
      if (place < 0) place = 0
      else if (place > last) place = last
      const cell = place | 0
      const at = state[row]! * MAP_STRIDE + cell
      const low = map[at]!
      target[offset + row] = low + (map[at + 1]! - low) * (place - cell)
    }
    words.a = a
    words.b = b
    words.c = c
    words.d = d
  }

  /**
   * Moves all seeds one tick on and writes their columns: `target` is Float32Array[columns][rows], `plan` says for each
   * column which life column (a Float32Array of this field) or which metric index it is.
   */
  sweep(target: Float32Array, plan: readonly (LifeColumn | number)[], onTransition: OnTransition | null): void {
    this.#advance(onTransition)
    for (let column = 0; column < plan.length; column++) {
      const source = plan[column]!
      if (typeof source === 'number') this.#writeMetric(target, column * this.rows, source)
      else target.set(source === 'state' ? this.#stateColumn : this[source], column * this.rows)
    }
  }
}

export type LifeColumn = 'state' | 'ticksInState' | 'generation' | 'blueprint' | 'alpha' | 'alphaVelocity'
