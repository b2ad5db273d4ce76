/*
 * Scene facts: what a drawing must know besides the pictures, as plain data that can be handed to a worker.
 * In: run, metric, what the last status said, the moment. Out: a scene.
 * Invariant: the page's own scene (tooltip, table, words) and the drawn one come from this one function, so they can not disagree;
 * while paused, picture and ages are those of the paused moment.
 * Source: features A18, B8; docs/architecture.md "the browser".
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { Pictures } from '../../lib/live/pictures.ts'
import { evaluateLayerAge, evaluateSeedAge, type LayerAge, type StalenessInput } from '../../lib/live/staleness.ts'
import type { CellPlace } from './heatmapLayout.ts'
import type { HeatmapScene, SceneBase } from './heatmapScene.ts'

/** Changes with the view. */
export interface RunFacts {
  readonly descriptor: RunDescriptor
  readonly metric: MetricColumn
  readonly metricIndex: number
}

/** Changes with each status: what it said of every layer of the run, in its order. */
export interface AgeFacts {
  readonly summaries: readonly StalenessInput['summary'][]
  readonly statusMs: number | null
}

/** The moment that is shown: the server's clock, and whether it stands. */
export interface SceneMoment {
  readonly mode: 'value' | 'state'
  readonly nowMs: number
  readonly paused: boolean
  readonly cursor: CellPlace | null
  readonly hover: CellPlace | null
  /** What is compared with; states have no difference. */
  readonly base: SceneBase | null
}

const NONE: ReadonlyMap<number, LayerAge> = new Map()

function oldSeedsOf(
  summary: StalenessInput['summary'],
  age: LayerAge,
  statusMs: number | null,
  nowMs: number,
): ReadonlyMap<number, LayerAge> {
  const old = summary?.old_seeds
  if (old === undefined || old.of === 0 || statusMs === null) return NONE
  return new Map(old.seed_id.map((row, at) => [row, evaluateSeedAge(age, old.age_ms[at] ?? 0, statusMs, nowMs)]))
}

/** Gathers a scene; null while pictures and run do not belong together. */
export function sceneOf(
  facts: RunFacts & AgeFacts,
  pictures: Pick<Pictures, 'shown' | 'series'>,
  { mode, nowMs, paused, cursor, hover, base }: SceneMoment,
): HeatmapScene | null {
  const mirrors = pictures.shown()
  const { descriptor, metric, metricIndex } = facts
  if (mirrors.length !== descriptor.layers.length) return null
  const layers = descriptor.layers.map(({ layer_id: layerId }, index) => {
    const mirror = mirrors[index]!
    const summary = facts.summaries[index] ?? null
    const frameIngestMs = mirror.frame > 0 ? mirror.ingestMs : null
    const age = evaluateLayerAge(
      paused
        ? {
            layerId,
            summary: { age_ms: null, interval_ms: summary?.interval_ms ?? null, freshness: 'fresh' },
            statusMs: null,
            frameIngestMs,
            nowMs,
          }
        : { layerId, summary, statusMs: facts.statusMs, frameIngestMs, nowMs },
    )
    const oldSeeds = oldSeedsOf(summary, age, facts.statusMs, nowMs)
    return { layerId, mirror, age, oldSeeds, series: pictures.series(index) }
  })
  return { layers, descriptor, metric, metricIndex, mode, nowMs, cursor, hover, base: mode === 'state' ? null : base }
}
