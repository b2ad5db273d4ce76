/*
 * hysteresis: per row of a layer, whether a condition is raised, and how long it has held or been gone.
 * In: bad, good or neither, per row and tick. Out: raise and clear at the moment they happen; the worst value while raised.
 * Invariant: columns, not objects: a row that is well costs seven bytes; neither bad nor good raises and
 * clears nothing and breaks the row of ticks: what was not measured does not clear.
 * Source: docs/alerts.md "rules".
 */
export interface RaisedRow {
  level: number
  worst: number
  told: number
}

/** 1: bad. -1: good. 0: between the thresholds, or not measured. */
export type Verdict = 1 | 0 | -1

export interface RowListener {
  /** A row became bad, or changes its level: 1 is the severity of the rule, 2 is critical. */
  raise(row: number, level: number, value: number): void
  clear(row: number): void
  worst(row: number, value: number): void
}

/** Ticks between two words about a worse value. */
const WORST_TICKS = 10

export class Hysteresis {
  readonly raised = new Map<number, RaisedRow>()
  readonly #bad: Uint16Array
  readonly #good: Uint16Array
  readonly #level: Uint8Array
  readonly #raiseTicks: number
  readonly #clearTicks: number
  readonly #listener: RowListener
  /** Greater is worse, or smaller. */
  readonly #sign: 1 | -1
  #ticks = 0

  constructor(
    rows: number,
    raiseTicks: number,
    clearTicks: number,
    listener: RowListener,
    worse: 'high' | 'low' = 'high',
  ) {
    this.#bad = new Uint16Array(rows)
    this.#good = new Uint16Array(rows)
    this.#level = new Uint8Array(rows)
    this.#raiseTicks = Math.min(65_000, raiseTicks)
    this.#clearTicks = Math.min(65_000, clearTicks)
    this.#listener = listener
    this.#sign = worse === 'high' ? 1 : -1
  }

  /** Goes on with what was raised before this watch began. */
  adopt(row: number, level: number): void {
    if (row < 0 || row >= this.#level.length) return
    this.#level[row] = level
    this.raised.set(row, { level, worst: Number.NaN, told: 0 })
  }

  /** Once per tick, before the rows. */
  begin(): void {
    this.#ticks++
  }

  step(row: number, verdict: Verdict, value: number, level = 1): void {
    const now = this.#level[row]!
    if (verdict === 0) {
      this.#bad[row] = 0
      this.#good[row] = 0
      return
    }
    if (verdict < 0) {
      this.#bad[row] = 0
      if (now === 0) return
      this.#good[row]! += 1
      if (this.#good[row]! < this.#clearTicks) return
      this.#good[row] = 0
      this.#level[row] = 0
      this.raised.delete(row)
      this.#listener.clear(row)
      return
    }
    this.#good[row] = 0
    if (now === 0) {
      this.#bad[row]! += 1
      if (this.#bad[row]! < this.#raiseTicks) return
      this.#bad[row] = 0
      this.#level[row] = level
      this.raised.set(row, { level, worst: value, told: this.#ticks })
      this.#listener.raise(row, level, value)
      return
    }
    const known = this.raised.get(row)!
    if (level !== now) {
      this.#level[row] = level
      known.level = level
      this.#listener.raise(row, level, value)
    }
    if (!(this.#sign * value <= this.#sign * known.worst)) {
      known.worst = value
      if (this.#ticks - known.told < WORST_TICKS) return
      known.told = this.#ticks
      this.#listener.worst(row, value)
    }
  }

  isRaised(row: number): boolean {
    return this.#level[row]! !== 0
  }
}
