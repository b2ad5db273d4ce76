/*
 * apiLimits: the answers about limits: what they are, how they change, what they would have found.
 * In: bodies that were already validated. Out: plain data in the shapes of lib/contracts/httpLimits.ts.
 * Invariant: only setLimits changes anything, only from the version its writer saw, and only when it is in the audit trail.
 * Source: docs/protocol.md "limits".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { LimitSet, MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { ActsHandle, LimitsHandle } from '../handle.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'
import type { LayerReader } from '../state/layerReader.ts'
import { backtestLimits } from '../state/limitsBacktest.ts'
import type { LimitsStore } from '../state/limitsStore.ts'
import { newestRun } from '../state/newestRun.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { createLayerFinder, notFound } from './findLayer.ts'

export interface LimitsApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly limits: LimitsStore
  /** Told of every change. */
  readonly onRecord?: (record: RecordDraft) => void
  readonly perform: ActsHandle['perform']
}

/** The limits that one list has otherwise than another, by metric. */
function changed(list: readonly MetricLimit[], other: readonly MetricLimit[]): Readonly<Record<string, MetricLimit>> {
  const known = new Map(other.map((limit) => [limit.metric, JSON.stringify(limit)]))
  const mine = list.filter((limit) => known.get(limit.metric) !== JSON.stringify(limit))
  return Object.fromEntries(mine.map((limit) => [limit.metric, limit]))
}

/** Creates the functions of the limits' routes. */
export function createLimitsApi({ clock, runs, reader, limits, perform, onRecord }: LimitsApiSources): LimitsHandle {
  const summaryOf = (run: KnownRun, layer: number) => reader.summary(run, layer, { nowMs: clock.wallMs(), lost: 0 })
  const find = createLayerFinder({ runs, summaryOf })

  const whole = (runId: string | undefined): { run: KnownRun; layer?: number } => {
    const run = runId === undefined ? newestRun(runs.all()) : runs.get(runId)
    if (run === undefined) throw notFound('run', 'run')
    return { run }
  }

  const tell = (set: LimitSet): LimitSet => {
    onRecord?.({
      kind: 'change',
      at_ms: clock.wallMs(),
      run_id: null,
      correlation_id: `limits:${set.version}`,
      what: 'limits',
      by: set.saved_by ?? 'unknown',
      text: `limits changed to version ${set.version}: ${set.change}`,
    })
    return set
  }

  return {
    limits: () => limits.get(),
    setLimits(write, caller) {
      const before = limits.get()
      const params = {
        version: write.version,
        before: changed(before.limits, write.limits),
        after: changed(write.limits, before.limits),
      }
      const act = {
        action: 'limits.change',
        object: { type: 'limits', id: `version ${write.version + 1}` },
        params,
        // The change record of this version names the same thread.
        correlationId: `limits:${write.version + 1}`,
      }
      return perform(caller, act, () => tell(limits.set(write)))
    },
    backtestLimits({ limits: wanted, run: runId, layer: layerId }) {
      const { run, layer } = layerId === undefined ? whole(runId) : find(layerId, runId)
      return backtestLimits({
        run,
        limits: wanted,
        layer,
        rest: () => new Promise((resolve) => void clock.after(0, resolve)),
      })
    },
  }
}
