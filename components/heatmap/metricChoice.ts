import type { MetricColumn } from '../../lib/contracts/metrics.ts'

const PREFERRED = ['health_score', 'demand_grad_norm', 'performance_delta', 'sparsity'] as const

/** Lists the metrics that can colour a cell: every column that is not an id. */
export function colourable(columns: readonly MetricColumn[]): readonly MetricColumn[] {
  return columns.filter((column) => column.unit !== 'id')
}

/** Picks up to three metrics for the quick buttons: the preferred ones a run carries, else its first. */
export function quickMetrics(columns: readonly MetricColumn[]): readonly MetricColumn[] {
  const choice = colourable(columns)
  const preferred = PREFERRED.flatMap((name) => choice.filter((column) => column.name === name))
  return [...preferred, ...choice.filter((column) => !preferred.includes(column))].slice(0, 3)
}

/** Gives the metric to start with. */
export function defaultMetric(columns: readonly MetricColumn[]): string | null {
  return quickMetrics(columns)[0]?.name ?? null
}

/** Gives the next stop of the `m` key: the quick metrics in turn, then the state mode, then the first again. */
export function nextChoice(
  columns: readonly MetricColumn[],
  metric: string | null,
  mode: 'value' | 'state',
): { readonly metric: string | null; readonly mode: 'value' | 'state' } {
  const quick = quickMetrics(columns)
  if (mode === 'state') return { metric: quick[0]?.name ?? null, mode: 'value' }
  const at = quick.findIndex((column) => column.name === metric)
  const next = quick[at + 1]
  return next ? { metric: next.name, mode: 'value' } : { metric, mode: 'state' }
}
