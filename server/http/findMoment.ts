/*
 * findMoment: which run is meant when a layer is asked for at a moment, and where that moment is: in memory, or in the record.
 * In: a layer name, maybe a run, maybe a moment. Out: the run as it is or as it was, and what its ages are counted to.
 * Invariant: what memory has is told from memory; a run that is not live any more, or has not reported since this process began, is
 * told as it was last; without a record what is live is the answer.
 * Source: docs/history.md "layers".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import { firstKept, openPast } from '../state/layerPast.ts'
import type { LayerReader } from '../state/layerReader.ts'
import { createPastRuns } from '../state/pastRuns.ts'
import type { RunBook } from '../state/runBook.ts'
import { notFound, type FindLayer, type FoundLayer } from './findLayer.ts'

export interface FoundMoment extends FoundLayer {
  /** What ages are counted to. */
  readonly endMs: number
  /** It is told from the record, as it was then; null: from memory. */
  readonly asOfMs: number | null
  readonly isRecord: boolean
  /** Since when anything of the layer is recorded; null when it is told from memory, or nothing is. */
  readonly recordedFromMs: number | null
}

export interface MomentQuery {
  readonly run?: string | undefined
  readonly at?: number | undefined
  /** The record is wanted, whatever memory has: it is the same after a restart, and has every tick of a large layer. */
  readonly source?: 'record' | undefined
}

export interface MomentFinderSources {
  readonly find: FindLayer
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly record: Pick<HistoryDesk, 'ask'>
  readonly clock: Clock
}

/** Whether memory has it: now of a run that reported since this process began, or a moment that is not too long ago. */
function hasMoment({ run, layer, summary }: FoundLayer, at: number | undefined): boolean {
  if (at === undefined) return summary.age_ms !== null
  const first = firstKept(openPast(run, layer))
  return first !== null && first <= at
}

/** Creates the finder. It rejects with STATE_NOT_FOUND, and CONTRACT_INVALID for a run too large to be told so. */
export function createMomentFinder({ find, runs, reader, record, clock }: MomentFinderSources) {
  const pastRuns = createPastRuns(record)

  const findLive = (layerId: string, runId: string | undefined): FoundLayer | null => {
    try {
      return find(layerId, runId)
    } catch (error) {
      // Without a name of a run there is nothing that could be looked up.
      if (!isAppError(error, 'STATE_NOT_FOUND') || runId === undefined || runs.get(runId) !== undefined) throw error
      return null
    }
  }

  return async (layerId: string, { run: runId, at, source }: MomentQuery): Promise<FoundMoment> => {
    const live = findLive(layerId, runId)
    const nowMs = clock.wallMs()
    const fromMemory = { endMs: nowMs, asOfMs: null, isRecord: false, recordedFromMs: null }
    if (live !== null && hasMoment(live, at) && (source === undefined || at === undefined))
      return { ...live, ...fromMemory }
    try {
      const { run, atMs, firstMs } = await pastRuns.open(live?.run.descriptor.run_id ?? runId!, at)
      const layer = run.layerIndex.get(layerId)
      if (layer === undefined) throw notFound('layer', 'layer')
      const endMs = at ?? atMs ?? nowMs
      const summary = reader.summary(run, layer, { nowMs: endMs, lost: 0 })
      return { run, layer, summary, endMs, asOfMs: atMs, isRecord: true, recordedFromMs: firstMs[layer] ?? null }
    } catch (error) {
      const isAway = isAppError(error, 'STATE_NOT_FOUND') || isAppError(error, 'BUS_UNAVAILABLE')
      if (live === null || !isAway) throw error
      return { ...live, ...fromMemory }
    }
  }
}
