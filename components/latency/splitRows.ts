/*
 * splitRows: where the time of a message goes, per layer or per class of topic, as rows whose parts may be stacked.
 * In: the rows of a report. Out: rows of means per stage of the way, slowest first, with what is not measured left open.
 * Invariant: pure; only means are stacked, because means add up and percentiles do not; a stage without messages has no part.
 * Source: docs/ux.md "pages: latency"; features C4.
 */
import type { LatencySplitRow } from '../../lib/contracts/httpLatency.ts'
import { TOPIC_WORDS, WAY_STAGES } from '../../lib/contracts/latencyStages.ts'

export type WayStage = (typeof WAY_STAGES)[number]

export interface SplitBar {
  readonly key: string
  readonly label: string
  readonly layerId: string | null
  /** Mean per stage, ms; null = not measured. */
  readonly means: Readonly<Record<WayStage, number | null>>
  readonly n: number
  readonly sumMs: number
}

/** Makes the bars. */
export function splitBars(rows: readonly LatencySplitRow[]): readonly SplitBar[] {
  const several = new Set(rows.map((row) => row.run_id)).size > 1
  return rows
    .map((row): SplitBar => {
      const means = Object.fromEntries(
        WAY_STAGES.map((stage) => [stage, row.stages.find((one) => one.stage === stage)?.mean_ms ?? null]),
      ) as Record<WayStage, number | null>
      const name = row.topic === null ? (row.layer_id ?? 'other layers') : TOPIC_WORDS[row.topic]
      return {
        key: `${row.run_id} ${row.layer_id} ${row.topic}`,
        label: several && row.run_id !== null ? `${name} · ${row.run_id}` : name,
        layerId: row.layer_id,
        means,
        n: Math.max(0, ...row.stages.map(({ n }) => n)),
        sumMs: WAY_STAGES.reduce((sum, stage) => sum + (means[stage] ?? 0), 0),
      }
    })
    .filter((bar) => WAY_STAGES.some((stage) => bar.means[stage] !== null))
    .toSorted((a, b) => b.sumMs - a.sumMs)
}
