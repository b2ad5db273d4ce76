/*
 * seedPast: one seed as it was at a moment: its run with the tables of then, what had happened to it by then, and its recorded series.
 * In: a layer, a run, a moment, a window. Out: a run in the form of a live one, notes and events up to the moment, series from the disk.
 * Invariant: values come from the record and from nowhere else, so that they are the same after a restart; nothing later is told.
 * Source: docs/history.md "seeds and runs at a moment".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import type { ReplayEvents } from '../../lib/contracts/httpReplay.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import type { HistoryQuestions } from '../history/historyProtocol.ts'
import { noteOfRecord, type LifeNote } from '../ingest/lifeNotes.ts'
import type { LivesBook } from '../state/livesBook.ts'
import { createPastRuns } from '../state/pastRuns.ts'
import type { RunBook } from '../state/runBook.ts'
import { notFound, type FindLayer, type FoundLayer } from './findLayer.ts'

/** What is listed of a run that is not live: transitions of one seed are few. */
const MOST_RECORDS = 2_000

export interface SeedPastSources {
  readonly find: FindLayer
  readonly runs: RunBook
  readonly lives: LivesBook
  readonly record: Pick<HistoryDesk, 'ask'>
}

export interface SeedMoment extends Omit<FoundLayer, 'summary'> {
  readonly notes: readonly LifeNote[]
  /** Whether no older note was let go. */
  readonly complete: boolean
  readonly events: readonly LiveRecord[]
}

/** Creates the reader of seeds of the past. */
export function createSeedPast({ find, runs, lives, record }: SeedPastSources) {
  const pastRuns = createPastRuns(record)

  /** Of a run whose messages this process has not read, the record is all there is. */
  const recordedEvents = async (run: string, layer: string, seed: number, to: number): Promise<ReplayEvents> => {
    const ask = { run, layer, seed, to: { ms: to, seq: null }, limit: MOST_RECORDS }
    return JSON.parse(new TextDecoder().decode(await record.ask('events', ask))) as ReplayEvents
  }

  return {
    /** @throws STATE_NOT_FOUND, CONTRACT_INVALID, BUS_UNAVAILABLE */
    async at(layerId: string, seedId: number, runId: string | undefined, at: number): Promise<SeedMoment> {
      const id = runId ?? find(layerId).run.descriptor.run_id
      const { run } = await pastRuns.open(id, at)
      const layer = run.layerIndex.get(layerId)
      if (layer === undefined) throw notFound('layer', 'layer')
      const live = runs.get(id)
      if (live !== undefined)
        return {
          run,
          layer,
          notes: lives.ofSeed(id, layerId, seedId).filter((note) => note.at_ms <= at),
          complete: lives.isComplete(id),
          events: live.events.filter((event) => event.at_ms <= at),
        }
      const { records, next } = await recordedEvents(id, layerId, seedId, at)
      return {
        run,
        layer,
        notes: records.flatMap((one) => (one.kind === 'transition' ? (noteOfRecord(one) ?? []) : [])),
        complete: next === null,
        events: records,
      }
    },

    /** Series out of the record; null when nothing of the run is recorded, or the record can not be read now. */
    async series(
      ask: HistoryQuestions['seed-series']['ask'],
    ): Promise<HistoryQuestions['seed-series']['answer'] | null> {
      try {
        return await record.ask('seed-series', ask)
      } catch (error) {
        if (isAppError(error, 'STATE_NOT_FOUND') || isAppError(error, 'BUS_UNAVAILABLE')) return null
        throw error
      }
    },
  }
}
