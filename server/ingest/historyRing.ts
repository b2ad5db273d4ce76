/*
 * historyRing: the last minutes of one layer in shared memory: one slot per tick, all seed columns or a summary.
 * In: columns of a tick. Out: slots in time order, read by another thread without locks.
 * Invariant: a slot is either whole or not handed out; memory is fixed at creation; a gap in time stays a gap.
 * Source: seed-design.md 4.2; docs/architecture.md "history ring".
 */
export interface HistoryShape {
  readonly slots: number
  /** Float32 values per slot. */
  readonly width: number
  /** full: every seed column [column][row]. summary: per layer column, then min, mean and max of the health metric. */
  readonly mode: 'full' | 'summary'
  /** Ticks per slot: 1 keeps every tick. */
  readonly stride: number
}

const CONTROL_BYTES = 16
/** A reader keeps this far from the slot being overwritten. */
const MARGIN = 2

export function historyBytes(shape: HistoryShape): number {
  return CONTROL_BYTES + shape.slots * 16 + Math.ceil((shape.slots * shape.width) / 2) * 8
}

/** Summary values of one tick: layer columns, then min, mean, max of one seed column (NaN when nothing is measured). */
export const summaryWidth = (layerColumns: number): number => layerColumns + 3

export interface HistoryPlanInput {
  readonly rows: number
  readonly seedColumns: number
  readonly layerColumns: number
  readonly intervalMs: number
  readonly seconds: number
  readonly budgetBytes: number
}

/** Chooses the richest form that fits the budget: every tick, each n-th tick (up to one per second), a summary, or none. */
export function planHistory(input: HistoryPlanInput): HistoryShape | null {
  const { rows, seedColumns, layerColumns, seconds, budgetBytes } = input
  const ticks = Math.max(1, Math.ceil((seconds * 1_000) / Math.max(20, input.intervalMs)))
  const oncePerSecond = Math.max(1, Math.floor(1_000 / Math.max(20, input.intervalMs)))
  const forms = [
    { mode: 'full', width: rows * seedColumns },
    { mode: 'summary', width: summaryWidth(layerColumns) },
  ] as const
  for (const { mode, width } of forms)
    for (let stride = 1; stride <= oncePerSecond; stride++) {
      const shape = { slots: Math.ceil(ticks / stride) + MARGIN, width, mode, stride }
      if (historyBytes(shape) <= budgetBytes) return shape
    }
  return null
}

export interface HistorySlot {
  readonly atMs: number
  readonly tick: number
  /** Valid until the next slot is asked for. */
  readonly values: Float32Array
}

export class HistoryRing {
  readonly shape: HistoryShape
  readonly #control: Int32Array
  readonly #times: Float64Array
  readonly #values: Float32Array
  #skipped = 0

  constructor(buffer: SharedArrayBuffer, shape: HistoryShape) {
    this.shape = shape
    this.#control = new Int32Array(buffer, 0, CONTROL_BYTES / 4)
    this.#times = new Float64Array(buffer, CONTROL_BYTES, shape.slots * 2)
    this.#values = new Float32Array(buffer, CONTROL_BYTES + shape.slots * 16, shape.slots * shape.width)
  }

  /** Writer only. `fill` writes one slot's values; called for each stride-th tick. */
  append(atMs: number, tick: number, fill: (values: Float32Array) => void): void {
    if (this.#skipped > 0) {
      this.#skipped--
      return
    }
    this.#skipped = this.shape.stride - 1
    const head = Atomics.load(this.#control, 0)
    const slot = head % this.shape.slots
    this.#times[slot * 2] = atMs
    this.#times[slot * 2 + 1] = tick
    fill(this.#values.subarray(slot * this.shape.width, (slot + 1) * this.shape.width))
    // Published last: a reader that sees the new head sees the whole slot.
    Atomics.store(this.#control, 0, head + 1)
  }

  /** Number of slots ever written. */
  written(): number {
    return Atomics.load(this.#control, 0)
  }

  /** Numbers of the slots that can be read, oldest first: from, and the one after the last. */
  range(): readonly [from: number, end: number] {
    const head = this.written()
    return [Math.max(0, head - this.shape.slots + MARGIN), head]
  }

  atMs(index: number): number {
    return this.#times[(index % this.shape.slots) * 2]!
  }

  tick(index: number): number {
    return this.#times[(index % this.shape.slots) * 2 + 1]!
  }

  /** Copies a stretch of one slot's values; false when it was overwritten meanwhile. */
  copy(index: number, from: number, target: Float32Array): boolean {
    const start = (index % this.shape.slots) * this.shape.width + from
    target.set(this.#values.subarray(start, start + target.length))
    return this.written() - index <= this.shape.slots - MARGIN
  }

  /** Visits slots with fromMs <= time <= toMs, oldest first. Slots overwritten meanwhile are left out, never half shown. */
  visit(fromMs: number, toMs: number, use: (slot: HistorySlot) => void): void {
    const head = this.written()
    const first = Math.max(0, head - this.shape.slots + MARGIN)
    const values = new Float32Array(this.shape.width)
    for (let index = first; index < head; index++) {
      const slot = index % this.shape.slots
      const atMs = this.#times[slot * 2]!
      const tick = this.#times[slot * 2 + 1]!
      if (!(atMs >= fromMs && atMs <= toMs)) continue
      values.set(this.#values.subarray(slot * this.shape.width, (slot + 1) * this.shape.width))
      if (this.written() - index > this.shape.slots - MARGIN) continue
      use({ atMs, tick, values })
    }
  }
}
