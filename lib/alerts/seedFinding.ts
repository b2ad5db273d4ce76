/*
 * seedFinding: what a detector of one layer gets and what it tells, and how the moments of a hysteresis become findings.
 * In: words for a row. Out: LayerColumns, SeedFinding, SeedDetector, tellRows.
 * Invariant: a text is made only when something is told.
 * Source: docs/alerts.md "rules".
 */
import type { RowListener } from './hysteresis.ts'

/** One layer at one tick. */
export interface LayerColumns {
  readonly rows: number
  /** [column][row]. */
  readonly seeds: Float32Array
  /** Where a column begins in `seeds`; -1 when the run does not carry it. */
  readonly offsetOf: (column: string) => number
  /** NaN when the producer counts none. */
  readonly tick: number
}

export interface SeedFinding {
  readonly on: 'raise' | 'clear' | 'worst'
  readonly row: number
  /** 2 is critical, whatever the rule says. */
  readonly level: number
  readonly value: number
  readonly threshold: number | null
  readonly metric: string | null
  readonly text: string
}

export interface SeedDetector {
  evaluate(layer: LayerColumns): void
  adopt(row: number, level: number): void
}

export type OnFinding = (finding: SeedFinding) => void

interface Words {
  readonly metric: string
  readonly threshold: () => number | null
  readonly text: (row: number, value: number, level: number) => string
}

/** Three digits, or that there is no number. */
export const brief = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'unmeasured'

/** Turns the moments of a hysteresis into findings. */
export function tellRows(onFinding: OnFinding, { metric, threshold, text }: Words): RowListener {
  return {
    raise: (row, level, value) =>
      onFinding({ on: 'raise', row, level, value, threshold: threshold(), metric, text: text(row, value, level) }),
    clear: (row) => onFinding({ on: 'clear', row, level: 0, value: Number.NaN, threshold: null, metric, text: '' }),
    worst: (row, value) => onFinding({ on: 'worst', row, level: 0, value, threshold: null, metric, text: '' }),
  }
}
