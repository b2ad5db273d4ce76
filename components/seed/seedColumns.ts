/*
 * Seed columns: which metrics are drawn, in which order, and where each number comes from.
 * In: the columns of the run. Out: groups by provenance with their words.
 * Invariant: every metric is in exactly one group; task, proxy, lifecycle and host are never mixed.
 * Source: docs/training.md "metrics"; docs/ux.md "pages: seed".
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'

export interface MetricGroup {
  readonly provenance: MetricColumn['provenance']
  readonly title: string
  readonly help: string
  readonly columns: readonly MetricColumn[]
}

const WORDS: Readonly<Record<MetricColumn['provenance'], readonly [title: string, help: string]>> = {
  task: ['Measured on the task', 'from activations, gradients and losses of this seed'],
  proxy: ['Proxies', 'stand-ins that correlate with the task and are not the task'],
  lifecycle: ['Lifecycle', 'bookkeeping of the seed: what it is doing, not how well'],
  host: ['Host', 'of the whole network, beside this seed'],
}

/** State has a strip of its own; ids are facts, not curves. */
const isDrawn = (column: MetricColumn): boolean => column.unit !== 'id'

/** Groups the drawn columns. */
export function groupColumns(columns: readonly MetricColumn[]): readonly MetricGroup[] {
  return (['task', 'proxy', 'lifecycle', 'host'] as const)
    .map((provenance) => ({
      provenance,
      title: WORDS[provenance][0],
      help: WORDS[provenance][1],
      columns: columns.filter((column) => column.provenance === provenance && isDrawn(column)),
    }))
    .filter((group) => group.columns.length > 0)
}
