/*
 * byteHistory: the last minutes of a layer too large to keep every tick: one picture per bucket of time, a byte per seed and column.
 * In: columns of a tick. Out: pictures in time order, read by another thread column by column, without locks.
 * Invariant: of a bucket the alarming extreme of every seed stays (the lowest where low is worst, else the highest; the state that
 * most needs a look); unmeasured is 255; a picture is whole or not handed out; memory is fixed at creation.
 * Source: docs/architecture.md "history ring"; features A3, A13.
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { STATE_ATTENTION } from '../../lib/frames/binning.ts'
import { NEVER_STATE_ID, stateByte } from '../../lib/frames/layerMirror.ts'
import { quantizeColumn } from '../../lib/frames/quantize.ts'

export interface ByteHistoryShape {
  readonly slots: number
  readonly rows: number
  /** Columns of the run that are kept, by their index: the state first, then whatever can colour a cell. */
  readonly columns: readonly number[]
  readonly bucketMs: number
}

const CONTROL_BYTES = 16
/** A reader keeps this far from the picture being overwritten. */
const MARGIN = 2
/** Longer buckets would hide more than they keep. */
const BUCKETS_MS = [1_000, 2_000, 3_000, 5_000, 10_000] as const

export function byteHistoryBytes({ slots, rows, columns }: ByteHistoryShape): number {
  return CONTROL_BYTES + slots * 16 + Math.ceil((slots * rows * columns.length) / 8) * 8
}

/** Chooses the shortest bucket whose pictures fit the budget; null when none does or there is no state to keep. */
export function planByteHistory(input: {
  readonly rows: number
  readonly columns: readonly MetricColumn[]
  readonly intervalMs: number
  readonly seconds: number
  readonly budgetBytes: number
}): ByteHistoryShape | null {
  const state = input.columns.findIndex((column) => column.name === 'state')
  const rest = input.columns.flatMap((column, at) => (column.unit === 'id' ? [] : [at]))
  const columns = state < 0 ? rest : [state, ...rest]
  if (columns.length === 0) return null
  for (const bucketMs of BUCKETS_MS) {
    // A bucket shorter than the time between two ticks would never hold more than one.
    const slots = Math.ceil((input.seconds * 1_000) / Math.max(bucketMs, input.intervalMs)) + MARGIN
    const shape = { slots, rows: input.rows, columns, bucketMs }
    if (byteHistoryBytes(shape) <= input.budgetBytes) return shape
  }
  return null
}

export class ByteHistory {
  readonly shape: ByteHistoryShape
  readonly #control: Int32Array
  /** Time and tick of each slot's newest tick. */
  readonly #times: Float64Array
  readonly #bytes: Uint8Array

  constructor(buffer: SharedArrayBuffer, shape: ByteHistoryShape) {
    this.shape = shape
    this.#control = new Int32Array(buffer, 0, CONTROL_BYTES / 4)
    this.#times = new Float64Array(buffer, CONTROL_BYTES, shape.slots * 2)
    this.#bytes = new Uint8Array(buffer, CONTROL_BYTES + shape.slots * 16)
  }

  /** Writer only: one whole picture, [kept column][row]. */
  append(atMs: number, tick: number, picture: Uint8Array): void {
    const head = Atomics.load(this.#control, 0)
    const slot = head % this.shape.slots
    this.#times[slot * 2] = atMs
    this.#times[slot * 2 + 1] = tick
    this.#bytes.set(picture, slot * picture.byteLength)
    Atomics.store(this.#control, 0, head + 1)
  }

  /** Numbers of the pictures that can be read, oldest first: from, and the one after the last. */
  range(): readonly [from: number, end: number] {
    const head = Atomics.load(this.#control, 0)
    return [Math.max(0, head - this.shape.slots + MARGIN), head]
  }

  atMs(index: number): number {
    return this.#times[(index % this.shape.slots) * 2]!
  }

  tick(index: number): number {
    return this.#times[(index % this.shape.slots) * 2 + 1]!
  }

  /** Copies one column (an index of the run) of a picture; false when it is not kept, or was overwritten meanwhile. */
  copy(index: number, column: number, target: Uint8Array): boolean {
    const at = this.shape.columns.indexOf(column)
    if (at < 0) return false
    const { rows, slots, columns } = this.shape
    const start = ((index % slots) * columns.length + at) * rows
    target.set(this.#bytes.subarray(start, start + rows))
    return Atomics.load(this.#control, 0) - index <= slots - MARGIN
  }
}

/** Gathers the ticks of one bucket and writes its picture when the next one begins. */
export class ByteHistoryWriter {
  readonly #ring: ByteHistory
  readonly #columns: readonly MetricColumn[]
  readonly #state: number
  readonly #worst: Float32Array
  readonly #states: Uint8Array
  readonly #picture: Uint8Array
  #bucket = Number.NaN
  #atMs = 0
  #tick = 0

  constructor(ring: ByteHistory, columns: readonly MetricColumn[]) {
    const { rows, columns: kept } = ring.shape
    this.#ring = ring
    this.#columns = columns
    this.#state = columns.findIndex((column) => column.name === 'state')
    this.#worst = new Float32Array(rows * kept.length)
    this.#states = new Uint8Array(rows)
    this.#picture = new Uint8Array(rows * kept.length)
  }

  /** Takes a tick; `seeds` is [column][row] of the run. */
  add(atMs: number, tick: number, seeds: Float32Array): void {
    const bucket = Math.floor(atMs / this.#ring.shape.bucketMs)
    const opens = bucket !== this.#bucket
    if (opens && this.#bucket === this.#bucket) this.#close()
    this.#bucket = bucket
    this.#atMs = atMs
    this.#tick = tick
    const { rows, columns: kept } = this.#ring.shape
    kept.forEach((column, at) => {
      const source = seeds.subarray(column * rows, (column + 1) * rows)
      if (column === this.#state) return this.#addStates(source, opens)
      const target = this.#worst.subarray(at * rows, (at + 1) * rows)
      if (opens) return target.set(source)
      const low = this.#columns[column]!.worst === 'low'
      for (let row = 0; row < rows; row++) {
        const value = source[row]!
        const held = target[row]!
        // A comparison with NaN is false: what is measured replaces what is not, and never the other way.
        if (held !== held || (low ? value < held : value > held)) target[row] = value
      }
    })
  }

  #addStates(source: Float32Array, opens: boolean): void {
    const states = this.#states
    for (let row = 0; row < states.length; row++) {
      const state = stateByte(source[row]!)
      if (opens || STATE_ATTENTION[state]! > STATE_ATTENTION[states[row]!]! || states[row] === NEVER_STATE_ID)
        states[row] = state
    }
  }

  #close(): void {
    const { rows, columns: kept } = this.#ring.shape
    kept.forEach((column, at) => {
      const target = this.#picture.subarray(at * rows, (at + 1) * rows)
      if (column === this.#state) target.set(this.#states)
      else quantizeColumn(this.#worst.subarray(at * rows, (at + 1) * rows), this.#columns[column]!, target)
    })
    this.#ring.append(this.#atMs, this.#tick, this.#picture)
  }
}
