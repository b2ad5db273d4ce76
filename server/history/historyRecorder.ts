/*
 * historyRecorder: looks at the shared tables of all runs and writes down what is new; writes down what happened and what is missing.
 * In: announcements with shared tables, records, gaps, a clock. Out: histories on the disk; counters; problems in words.
 * Invariant: the ingest does nothing for it and never waits for it; what came too fast, was left out or could not be written is
 * counted, and what could not be written is a gap with its cause; a record waits until it could be written.
 * Source: docs/history.md "recording"; docs/architecture.md "processes and threads".
 */
import path from 'node:path'
import { EXACT_MAX_SEEDS } from '../../lib/contracts/socketNames.ts'
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { openTables, type SeedTable } from '../../lib/frames/seedTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RunAnnouncement } from '../ingest/ingestMessages.ts'
import { inTurns } from '../state/inTurns.ts'
import { takeTick } from './historyTick.ts'
import { openHistoryWriter, WRITER_BOUNDS, type HistoryWriter } from './historyWriter.ts'
import { enforceRetention, readRemoved, type RetentionBounds } from './retention.ts'
import { folderOf, readRunFile, writeRunFile } from './runFolder.ts'

export const RECORDER_BOUNDS = Object.freeze({
  /** Values recorded per second over all runs; more, and ticks are left out evenly. */
  cellsPerS: 1_000_000,
  /** Records that wait for the disk. */
  pending: 200_000,
})
/** Longer than three intervals, and than this, is a hole. */
const HOLE_MS = 3_000
/** Publishers that report seed by seed change their table with every message. */
const ROWWISE_MS = 500
const RETENTION_MS = 60_000
const PLAN_MS = 5_000

export interface RecorderCounters {
  readonly ticks: number
  readonly missedTicks: number
  readonly thinnedTicks: number
  readonly events: number
  readonly waitingEvents: number
  readonly droppedEvents: number
  readonly tornBlocks: number
  readonly removedBytes: number
  readonly removedFiles: number
  /** Why writing fails; null while it works. */
  readonly problem: string | null
}

export interface HistoryRecorder {
  announce(announcement: RunAnnouncement): void
  forget(runId: string): void
  records(records: readonly LiveRecord[]): void
  gap(runId: string, gap: CoverageGap): void
  /** The ingest tells everything from its beginning. */
  began(): void
  /** Looks at every table once. */
  poll(): void
  /** Writes what waits, turns full tails into chunks, removes what is too old. Never rejects. */
  settle(): Promise<void>
  counters(): RecorderCounters
  /** Writes out everything and closes. */
  stop(): Promise<void>
}

export interface RecorderOptions {
  readonly root: string
  readonly clock: Clock
  readonly retention: RetentionBounds
  readonly bounds?: Partial<Record<keyof typeof RECORDER_BOUNDS, number>>
  readonly writer?: Partial<Record<keyof typeof WRITER_BOUNDS, number>>
}

interface LayerEye {
  version: number
  reports: number
  takenMs: number
}
interface Watched {
  announcement: RunAnnouncement
  tables: readonly SeedTable[]
  eyes: LayerEye[]
  /** Least time between two recorded ticks of a layer; 0 = every one. */
  everyMs: number
  /** Monotonic ms of the newest tick seen by this process. */
  activeMs: number | null
  /** Since when its ticks can not be written. */
  failingMs: number | null
}

/** Creates a recorder; nothing is on the disk before something is to be written. */
export function createHistoryRecorder(options: RecorderOptions): HistoryRecorder {
  const { root, clock, retention } = options
  const bounds = { ...RECORDER_BOUNDS, ...options.bounds }
  const writerBounds = { ...WRITER_BOUNDS, ...options.writer }
  const watched = new Map<string, Watched>()
  const writers = new Map<string | null, HistoryWriter>()
  const removed = readRemoved(root)
  let waiting: LiveRecord[] = []
  const total = { ticks: 0, missed: 0, thinned: 0, events: 0, dropped: 0, torn: 0, removedBytes: 0, removedFiles: 0 }
  let problem: string | null = null
  let retainedMs = Number.NEGATIVE_INFINITY
  let plannedMs = Number.NEGATIVE_INFINITY

  const writerOf = (runId: string | null): HistoryWriter => {
    const known = writers.get(runId)
    if (known !== undefined) return known
    const folder = path.join(root, folderOf(runId))
    const writer = openHistoryWriter(folder, writerBounds)
    writers.set(runId, writer)
    const run = runId === null ? undefined : watched.get(runId)
    if (run !== undefined) describe(writer, run)
    total.torn += writer.torn
    return writer
  }
  const describe = (writer: HistoryWriter, { announcement }: Watched): void => {
    const { descriptor, firstSeenMs } = announcement
    const folder = path.join(root, folderOf(descriptor.run_id))
    const before = readRunFile(folder)
    writeRunFile(folder, {
      form: 1,
      run_id: descriptor.run_id,
      recorded_run_id: descriptor.run_id,
      kept: 'recorded',
      first_seen_ms: before?.first_seen_ms ?? firstSeenMs,
      descriptor,
    })
    const seeds = descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
    writer.describe(descriptor, seeds <= EXACT_MAX_SEEDS ? 'exact' : 'fine')
  }
  const fail = (error: unknown): void => {
    problem = `The history can not be written: ${(error as Error).message}`
  }

  /** Runs that report now share what can be recorded. */
  const plan = (nowMs: number): void => {
    plannedMs = nowMs
    const active = [...watched.values()].filter((run) => run.activeMs !== null && nowMs - run.activeMs < 10_000)
    const rateOf = ({ announcement: { descriptor } }: Watched): number =>
      descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0) *
      descriptor.seed_columns.length *
      (1_000 / Math.max(20, descriptor.expected_interval_ms))
    const factor = active.reduce((sum, run) => sum + rateOf(run), 0) / bounds.cellsPerS
    for (const run of watched.values()) {
      const { descriptor, implicit } = run.announcement
      const fair = factor > 1 ? descriptor.expected_interval_ms * factor : 0
      run.everyMs = implicit ? Math.max(ROWWISE_MS, fair) : fair
    }
  }

  const holeOf = ({ announcement, everyMs }: Watched): number =>
    Math.max(HOLE_MS, 3 * Math.max(everyMs, announcement.descriptor.expected_interval_ms))

  const noteHole = (run: Watched, writer: HistoryWriter, atMs: number): void => {
    const before = writer.newestMs()
    if (run.failingMs !== null) {
      writer.gap({ from_ms: run.failingMs, to_ms: atMs, cause: 'not_recorded', lost: null })
      run.failingMs = null
    } else if (run.activeMs === null && before !== null && atMs - before > holeOf(run))
      // The first report since this process began, of a run that was recorded before it.
      writer.gap({ from_ms: before, to_ms: atMs, cause: 'server_restart', lost: null })
  }

  const look = (run: Watched, layer: number, nowMs: number): void => {
    const eye = run.eyes[layer]!
    const table = run.tables[layer]!
    if (table.version() === eye.version || nowMs - eye.takenMs < run.everyMs) return
    const { descriptor } = run.announcement
    const taken = takeTick(table, layer, descriptor.seed_columns)
    if (taken === null) return
    const passed = eye.version < 0 ? 0 : Math.max(0, taken.reports - eye.reports - 1)
    if (run.everyMs > 0) total.thinned += passed
    else total.missed += passed
    eye.version = taken.version
    eye.reports = taken.reports
    eye.takenMs = nowMs
    try {
      const writer = writerOf(descriptor.run_id)
      if (run.activeMs === null || run.failingMs !== null) noteHole(run, writer, taken.tick.atMs)
      const newestMs = writer.newestMs() ?? 0
      // A chunk has no holes: what is missing is then told by where chunks begin and end.
      if (taken.tick.atMs - newestMs > holeOf(run)) closeTail(writer)
      // What was recorded before the server was started again may be read from the bus once more.
      if (run.activeMs !== null || taken.tick.atMs > newestMs) {
        writer.tick(taken.tick)
        total.ticks++
      }
      run.activeMs = nowMs
      problem = null
    } catch (error) {
      run.failingMs ??= taken.tick.atMs
      fail(error)
    }
  }

  const writeRecords = (): void => {
    const batch = waiting
    waiting = []
    const byRun = Map.groupBy(batch, (record) => record.run_id)
    for (const [runId, records] of byRun) {
      if (runId !== null && !writers.has(runId) && removed.has(runId)) continue
      try {
        total.events += writerOf(runId).records(records)
        problem = null
      } catch (error) {
        fail(error)
        waiting.push(...records)
      }
    }
    const over = waiting.length - bounds.pending
    if (over > 0) {
      waiting.splice(0, over)
      total.dropped += over
    }
  }

  const closings = new Set<Promise<void>>()
  const closeTail = (writer: HistoryWriter): void => {
    // On failure the ticks stay in their tail; the next start makes chunks of them.
    const closing = inTurns(writer.close(), clock).catch(fail)
    closings.add(closing)
    void closing.finally(() => closings.delete(closing))
  }

  const retain = (nowMs: number): void => {
    retainedMs = nowMs
    try {
      const isOpen = (file: string): boolean => [...writers.values()].some((writer) => writer.isOpen(file))
      const gone = enforceRetention(root, retention, { nowMs: clock.wallMs(), isOpen })
      total.removedBytes += gone.bytes
      total.removedFiles += gone.files
    } catch (error) {
      fail(error)
    }
  }

  return {
    announce(announcement) {
      const { run_id: runId } = announcement.descriptor
      const known = watched.get(runId)
      const tables = openTables(announcement.tables, announcement.shapes)
      const eyes = tables.map((): LayerEye => ({ version: -1, reports: 0, takenMs: Number.NEGATIVE_INFINITY }))
      const run: Watched = {
        announcement,
        tables,
        eyes,
        everyMs: 0,
        activeMs: known?.activeMs ?? null,
        failingMs: null,
      }
      watched.set(runId, run)
      const writer = writers.get(runId)
      if (writer !== undefined) {
        // Another shape: what is open is of the old one.
        closeTail(writer)
        describe(writer, run)
      }
      plan(clock.monotonicMs())
    },
    forget(runId) {
      watched.delete(runId)
      const writer = writers.get(runId)
      if (writer === undefined) return
      writers.delete(runId)
      closeTail(writer)
      void Promise.all(closings).then(() => writer.end())
    },
    records: (records) => void waiting.push(...records),
    gap(runId, gap) {
      try {
        writerOf(runId).gap(gap)
      } catch (error) {
        fail(error)
      }
    },
    began() {
      for (const writer of writers.values()) writer.restart()
    },
    poll() {
      const nowMs = clock.monotonicMs()
      if (nowMs - plannedMs > PLAN_MS) plan(nowMs)
      for (const run of watched.values())
        for (let layer = 0; layer < run.tables.length; layer++) look(run, layer, nowMs)
    },
    async settle() {
      if (waiting.length > 0) writeRecords()
      for (const writer of writers.values()) if (writer.isDue(clock.wallMs())) closeTail(writer)
      await Promise.all(closings)
      const nowMs = clock.monotonicMs()
      if (nowMs - retainedMs > RETENTION_MS) retain(nowMs)
      for (const writer of writers.values()) writer.sync()
    },
    counters: () => ({
      ticks: total.ticks,
      missedTicks: total.missed,
      thinnedTicks: total.thinned,
      events: total.events,
      waitingEvents: waiting.length,
      droppedEvents: total.dropped,
      tornBlocks: total.torn,
      removedBytes: total.removedBytes,
      removedFiles: total.removedFiles,
      problem,
    }),
    async stop() {
      this.poll()
      writeRecords()
      for (const writer of writers.values()) closeTail(writer)
      await Promise.all(closings)
      for (const writer of writers.values()) writer.end()
      writers.clear()
    },
  }
}
