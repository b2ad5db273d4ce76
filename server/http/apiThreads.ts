/*
 * apiThreads: the answers about causes: one thread, what changed before a moment, one life with everything that touched it.
 * In: ids and queries that were already validated. Out: plain data in the shapes of lib/contracts/httpThreads.ts.
 * Invariant: read only; what was seen a moment ago is in the answer; what is not kept is refused with how far back it goes.
 * Source: docs/protocol.md "threads".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { ChangeList, ChangesQuery, LifeStory, ThreadView } from '../../lib/contracts/httpThreads.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { ThreadsHandle } from '../handle.ts'
import { newestRun } from '../state/newestRun.ts'
import type { LayerReader } from '../state/layerReader.ts'
import type { LivesBook } from '../state/livesBook.ts'
import type { RunBook } from '../state/runBook.ts'
import type { ThreadNodeRow } from '../stores/recordsSchema.ts'
import { findLife, LEAD_MS, nodesOfLife, notesOf, spanOf } from '../threads/lifeStory.ts'
import { rankChanges, type AskedPlace } from '../threads/rankChanges.ts'
import type { ThreadIndex } from '../threads/threadIndex.ts'
import { dataOf } from '../threads/threadNode.ts'
import { buildThread, gapsOf, isGap } from '../threads/threadView.ts'
import type { Asks } from '../workers/asks.ts'
import { createLayerFinder } from './findLayer.ts'

export interface ThreadsApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly lives: LivesBook
  readonly index: ThreadIndex
  readonly ask: Asks['ask']
}

const MAX_NODES = 1_000
const MAX_OVERLAPS = 200
const MAX_CHANGES = 60
const MAX_CANDIDATES = 2_000
const MAX_LIFE_ROWS = 5_000
const DEFAULT_BEFORE_S = 600
/** A fault or an outage may have begun long before the span that is asked for. */
const OPEN_LOOKBACK = 100
/** What stands in a thread's place without its id is looked for from this much before it. */
const OVERLAP_LEAD_MS = 60_000
/** Clocks of bus and server differ by little: what is this much after the asked moment may still be before it. */
const SLACK_MS = 250

/** What stands beside a story it does not belong to. That a run began is no news in it. */
const isBeside = (row: ThreadNodeRow): boolean =>
  row.kind === 'fault' ||
  row.kind === 'incident' ||
  row.kind === 'change' ||
  (row.kind === 'run' && dataOf(row).tone === 'warn')

/** Creates the functions of the routes. */
export function createThreadsApi({ clock, runs, reader, lives, index, ask }: ThreadsApiSources): ThreadsHandle {
  const find = createLayerFinder({
    runs,
    summaryOf: (run, layer) => reader.summary(run, layer, { nowMs: clock.wallMs(), lost: 0 }),
  })
  const sinceText = (): string => {
    const { since_ms: sinceMs } = index.state()
    return sinceMs === null ? 'nothing is kept yet' : `what is kept begins at ${new Date(sinceMs).toISOString()}`
  }

  /** Faults and outages that began before a span and may reach into it, together with their ends. */
  const openBefore = async (runId: string | null, fromMs: number, toMs: number): Promise<readonly ThreadNodeRow[]> => {
    const [faults, incidents] = await Promise.all([
      index.newest('fault', toMs, OPEN_LOOKBACK),
      index.newest('incident', toMs, OPEN_LOOKBACK),
    ])
    const mine = (row: ThreadNodeRow): boolean => row.run_id === null || runId === null || row.run_id === runId
    const ended = new Set(
      faults.filter((row) => dataOf(row).ends === true && row.at_ms < fromMs).map((row) => row.correlation_id),
    )
    return [
      ...faults.filter((row) => mine(row) && !ended.has(row.correlation_id)),
      ...incidents.filter((row) => mine(row) && row.until_ms !== null && row.until_ms >= fromMs),
    ]
  }
  const unique = (rows: readonly ThreadNodeRow[]): readonly ThreadNodeRow[] => [
    ...new Map(rows.map((row) => [row.id, row])).values(),
  ]

  const runOf = (layerId: string, runId: string | undefined): string => {
    if (runId !== undefined) return runId
    return find(layerId).run.descriptor.run_id
  }

  return {
    async entry({ topic, entry }) {
      const found = await ask('entry', { topic, entry_id: entry })
      if (found !== null) return found
      const text = `${topic} has no entry ${entry}: it was trimmed, or never there`
      throw new AppError('STATE_NOT_FOUND', text, { path: 'entry' })
    },
    async thread(id): Promise<ThreadView> {
      await index.settle()
      const { rows: members, of } = await index.ofThread(id, MAX_NODES)
      const first = members[0]
      if (first === undefined)
        throw new AppError('STATE_NOT_FOUND', `no thread ${id} is kept; ${sinceText()}`, { path: 'id' })
      const runId = members.find((row) => row.run_id !== null)?.run_id ?? null
      const fromMs = first.at_ms - OVERLAP_LEAD_MS
      const toMs = members.reduce((last, row) => Math.max(last, row.until_ms ?? row.at_ms), first.at_ms)
      const [inside, before] = await Promise.all([
        index.changes({ fromMs, toMs, runId }, MAX_OVERLAPS),
        openBefore(runId, fromMs, toMs),
      ])
      const beside = unique([...before, ...inside]).filter(isBeside)
      return { ...buildThread(id, members, beside, of)!, index: index.state() }
    },
    async changes({ at, layer, seed, run, before_s: beforeS = DEFAULT_BEFORE_S }: ChangesQuery): Promise<ChangeList> {
      await index.settle()
      const atMs = at ?? clock.wallMs()
      const beforeMs = beforeS * 1_000
      const fromMs = atMs - beforeMs
      const runId =
        run ?? (layer === undefined ? (newestRun(runs.all())?.descriptor.run_id ?? null) : runOf(layer, undefined))
      const asked: AskedPlace = { runId, layerId: layer ?? null, seedId: seed ?? null, atMs, beforeMs }
      const [inside, before] = await Promise.all([
        index.changes({ fromMs, toMs: atMs + SLACK_MS, runId }, MAX_CANDIDATES),
        openBefore(runId, fromMs, atMs),
      ])
      const rows = unique([...inside, ...before])
      const ranked = rankChanges(
        rows.filter((row) => !isGap(row)),
        asked,
      )
      return {
        at: new Date(atMs).toISOString(),
        at_ms: atMs,
        from_ms: fromMs,
        run_id: runId,
        layer_id: asked.layerId,
        seed_id: asked.seedId,
        changes: ranked.slice(0, MAX_CHANGES),
        of: ranked.length,
        gaps: gapsOf(rows).slice(-64),
        index: index.state(),
      }
    },
    async life(layerId, seedId, generation, runId): Promise<LifeStory> {
      await index.settle()
      const run_id = runOf(layerId, runId)
      const kept = await index.ofSeed({ runId: run_id, layerId, seedId }, MAX_LIFE_ROWS)
      const live = findLife(lives.ofSeed(run_id, layerId, seedId), generation)
      const fromIndex = findLife(notesOf(kept), generation)
      // Live notes hold the readings too; they may begin later than what is kept.
      const found = live?.life.complete === true ? live : (fromIndex ?? live)
      if (found === null) {
        const text = `no life ${generation} of ${layerId} seed ${seedId} in run ${run_id} is known; ${sinceText()}`
        throw new AppError('STATE_NOT_FOUND', text, { path: 'generation' })
      }
      const span = spanOf(found.life, clock.wallMs())
      const rows = await index.ofPlace(
        { runId: run_id, layerId, seedId, fromMs: span.fromMs - LEAD_MS, toMs: span.toMs },
        MAX_LIFE_ROWS,
      )
      const nodes = nodesOfLife(rows, found.life, span)
      return {
        run_id,
        layer_id: layerId,
        seed_id: seedId,
        generation,
        life: found.life,
        previous: found.previous,
        next: found.next,
        source: found === live ? 'live' : 'kept',
        nodes: nodes.slice(-MAX_NODES),
        of: nodes.length,
        gaps: gapsOf(rows)
          .filter((gap) => gap.to_ms >= span.fromMs)
          .slice(-256),
        index: index.state(),
      }
    },
  }
}
