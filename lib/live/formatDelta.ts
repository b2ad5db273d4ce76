/* formatDelta: how a difference is written: +0.12, −3, of a log metric ×1.8. */
import type { differenceOf } from '../frames/deltaCells.ts'
import type { MetricColumn } from '../contracts/metrics.ts'
import { formatMetric, UNKNOWN_TEXT } from './formatValue.ts'

/** Writes a difference without its unit; no counterpart is a dash. */
export function formatChange(
  change: ReturnType<typeof differenceOf>,
  column: Pick<MetricColumn, 'unit' | 'min' | 'max'>,
): string {
  if (change === null) return UNKNOWN_TEXT
  const { kind, value } = change
  if (kind === 'factor')
    return `×${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)}`
  const size = formatMetric(Math.abs(value), { ...column, min: 0 })
  // What rounds to nothing has no direction.
  if (!/[1-9]/.test(size)) return size
  return `${value > 0 ? '+' : '−'}${size}`
}
