/*
 * pastRuns: a run as it was at a moment, in the form of a live one: what answers about layers is made by the same functions.
 * In: the history, a run, a moment. Out: a run with tables of that moment, its gaps, and no memory.
 * Invariant: a run of the past has no newer values and no live events; asked for again it is the same one; a few are kept.
 * Source: docs/history.md "layers".
 */
import type { ReplayMoment } from '../../lib/contracts/httpReplay.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import { createRunBook, type KnownRun } from './runBook.ts'

/** Beyond the numbers of live runs: an order of rows of one is never taken for that of the other. */
const FIRST_INDEX = 1_000_000
const KEPT = 4

export interface PastRun {
  readonly run: KnownRun
  /** When its newest value arrived; null when nothing was recorded by then. */
  readonly atMs: number | null
  /** By layer: since when anything of it is recorded. */
  readonly firstMs: readonly (number | null)[]
}

export interface PastRuns {
  /** Without a moment: as it was last. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
  open(runId: string, at: number | undefined): Promise<PastRun>
}

/** Creates the shelf of the few that were asked for last. */
export function createPastRuns(history: Pick<HistoryDesk, 'ask'>): PastRuns {
  const indices = new Map<string, number>()
  const kept = new Map<string, PastRun>()

  return {
    async open(runId, at) {
      const key = `${runId} ${at}`
      const known = kept.get(key)
      if (known !== undefined) return known
      const moment: ReplayMoment | undefined = at === undefined ? undefined : { ms: at, seq: null }
      const { descriptor, firstSeenMs, shapes, tables, atMs, firstMs } = await history.ask('moment', {
        run: runId,
        at: moment,
      })
      const index = indices.get(runId) ?? FIRST_INDEX + indices.size
      indices.set(runId, index)
      const nothing = shapes.map(() => null)
      const run = createRunBook().announce({
        index,
        descriptor,
        implicit: false,
        firstSeenMs,
        shapes,
        tables,
        history: nothing,
        pictures: nothing,
      })
      const opened = { run, atMs, firstMs }
      // The end of a run that is still recorded moves on.
      if (at !== undefined) kept.set(key, opened)
      for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - KEPT))) kept.delete(oldest)
      return opened
    },
  }
}
