/*
 * Words and digits: how numbers, ages and times are written on screen, the same everywhere.
 * In: numbers with their column, ms. Out: short text with tabular digits.
 * Invariant: unknown is a dash or a question mark, never 0; fractions become percent only here.
 * Source: docs/ux.md "accessibility"; architecture "columns on the hot path".
 */
import type { MetricColumn } from '../contracts/metrics.ts'

const integer = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
export const UNKNOWN_TEXT = '–'

/** Formats a whole number with thousands separators. */
export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value) ? '?' : integer.format(value)
}

/** Formats a bare number for its size: 0.983, 12.4, 1,240, 3.1e-5. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size < 0.001) return value.toExponential(1)
  if (size < 1) return value.toFixed(3)
  if (size < 10) return value.toFixed(2)
  if (size < 1_000) return value.toFixed(1)
  return integer.format(value)
}

/** Formats a loss for a sentence: what is nearly nothing is said so, instead of 8.3e-8. */
export function formatLoss(value: number): string {
  return value > 0 && value < 0.001 ? 'below 0.001' : formatNumber(value)
}

/** Names the unit as it is read after the value; empty for plain ratios and ids. */
export function unitText(column: Pick<MetricColumn, 'unit'>): string {
  if (column.unit === 'fraction') return 'pp'
  return column.unit === 'ratio' || column.unit === 'id' ? '' : column.unit.replace('us', 'µs').replace('act2', 'act²')
}

/** Formats one metric value without its unit; unmeasured is a dash. */
export function formatMetric(value: number | null, column: Pick<MetricColumn, 'unit' | 'min' | 'max'>): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN_TEXT
  if (column.unit === 'fraction') return `${value > 0 && column.min < 0 ? '+' : ''}${(value * 100).toFixed(2)}`
  if (['ticks', 'lives', 'id', 'count', 'step'].includes(column.unit)) return integer.format(value)
  if (column.unit === 'ratio' && column.min === 0 && column.max === 1) return value.toFixed(2)
  return formatNumber(value)
}

/** Formats value and unit together, for tooltips and descriptions. */
export function formatWithUnit(value: number | null, column: Pick<MetricColumn, 'unit' | 'min' | 'max'>): string {
  const text = formatMetric(value, column)
  const unit = unitText(column)
  return text === UNKNOWN_TEXT || unit === '' ? text : `${text} ${unit}`
}

/** Formats a share 0..1 as percent with one digit. */
export function formatPercent(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? UNKNOWN_TEXT
    : `${(value * 100).toFixed(1)} %`
}

/** Formats an age: 0.3 s, 14 s, 2 m 05 s, 1 h 03 m. Null is "never". */
export function formatAge(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return 'never'
  const seconds = Math.max(0, ms) / 1_000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3_600)} h ${two((seconds % 3_600) / 60)} m`
}

const two = (value: number) => String(value).padStart(2, '0')

/** Formats Unix ms as HH:MM:SS in UTC. */
export function formatUtc(ms: number): string {
  const date = new Date(ms)
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
}

/** Formats Unix ms as HH:MM in the reader's zone. */
export function formatLocal(ms: number): string {
  const date = new Date(ms)
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

const STATE_TEXT: Readonly<Record<string, string>> = {
  ROLLED_BACK: 'Rolled back',
  FINE_TUNING: 'Fine-tuning',
  FOSSILIZED: 'Fossilised',
  STABILIZATION: 'Stabilising',
}
/** Writes a state for people: FINE_TUNING becomes "Fine-tuning"; an unknown one says so. */
export function stateText(state: string | null): string {
  if (state === null) return 'Unknown state'
  return STATE_TEXT[state] ?? state.charAt(0) + state.slice(1).toLowerCase()
}
