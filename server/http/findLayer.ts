/*
 * findLayer: which run is meant when a layer is asked for by name.
 * In: a layer name, maybe a run. Out: the run, the layer's place in it, its summary.
 * Invariant: a named run is never replaced by another; without one the newest live run of the trainer wins, then the newest of any.
 * Source: docs/protocol.md "HTTP".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { LayerSummary } from '../../lib/contracts/liveRecords.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'

const ACTIVE_MS = 60_000

export interface FoundLayer {
  readonly run: KnownRun
  readonly layer: number
  readonly summary: LayerSummary
}
export type FindLayer = (layerId: string, runId?: string) => FoundLayer

export const notFound = (what: string, path: string) =>
  new AppError('STATE_NOT_FOUND', `this ${what} is not known`, { path })

const rank = ({ run, summary }: FoundLayer): number =>
  (summary.age_ms !== null && summary.age_ms < ACTIVE_MS ? 2 : 0) + (run.descriptor.origin === 'trainer' ? 1 : 0)

/** Creates the finder. It throws STATE_NOT_FOUND. */
export function createLayerFinder({
  runs,
  summaryOf,
}: {
  readonly runs: RunBook
  readonly summaryOf: (run: KnownRun, layer: number) => LayerSummary
}): FindLayer {
  return (layerId, runId) => {
    if (runId !== undefined && runs.get(runId) === undefined) throw notFound('run', 'run')
    const found = runs
      .all()
      .filter((run) => (runId === undefined || run.descriptor.run_id === runId) && run.layerIndex.has(layerId))
      .map((run) => {
        const layer = run.layerIndex.get(layerId)!
        return { run, layer, summary: summaryOf(run, layer) }
      })
      .toSorted((a, b) => rank(b) - rank(a) || b.run.firstSeenMs - a.run.firstSeenMs || b.run.index - a.run.index)[0]
    if (found === undefined) throw notFound('layer', 'layer')
    return found
  }
}
