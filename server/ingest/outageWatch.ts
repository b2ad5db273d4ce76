/*
 * outageWatch: turns the bus's states into what an operator must know: that it is away, for how long, and what it cost.
 * In: bus states, report times, lost counts per run. Out: one incident per outage and one coverage gap per run.
 * Invariant: the gap shown is the gap that was: from the last report before to the first report after, with the exact loss.
 * Source: docs/architecture.md "freshness"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { BusHealth } from '../../lib/bus/messageBus.ts'
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from './ingestMessages.ts'
import type { Run } from './runTable.ts'

/** Entries the publisher gave up show as a hole right behind the first one it re-sends: wait for it before counting. */
const SETTLE_MS = 1_000

export interface OutageWatch {
  state(health: BusHealth): void
  /** Called for each merged entry, after the tables changed. `previousMs` is the report before it. */
  report(run: Run, atMs: number, publishedMs: number, previousMs: number): void
  /** True from the outage until its gap is settled: holes are then part of the outage, not gaps of their own. */
  covers(run: Run): boolean
  stop(): void
}

export interface OutageWatchOptions {
  readonly clock: Clock
  readonly runs: () => readonly Run[]
  readonly onGap: (run: Run, gap: CoverageGap) => void
  /** A run that reports again after a long silence. */
  readonly onSilence: (run: Run, gap: CoverageGap) => void
  readonly onRecord: (record: RecordDraft) => void
}

interface Watched {
  readonly lastMs: number
  readonly lostBefore: number
  firstMs: number
  late: number
}

interface Outage {
  readonly fromMs: number
  readonly cause: string
  upMs: number
  readonly runs: Map<Run, Watched>
  undo: (() => void) | null
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)

/** Creates the watch; it keeps at most one outage. */
export function createOutageWatch({ clock, runs, onGap, onSilence, onRecord }: OutageWatchOptions): OutageWatch {
  let outage: Outage | null = null
  let wasUp = false

  const settle = (settled: Outage): void => {
    outage = null
    const told = settled.runs.size === 0 ? [null] : [...settled.runs]
    for (const entry of told) {
      const run = entry === null ? null : entry[0]
      const watched = entry === null ? null : entry[1]
      const lost = run === null || watched === null ? null : Math.max(0, run.lost - watched.lostBefore)
      const from_ms = watched?.lastMs ?? settled.fromMs
      const to_ms = watched?.firstMs || settled.upMs
      if (run !== null) onGap(run, { from_ms, to_ms, cause: 'bus_down', lost })
      const cost = watched === null ? '' : ` ${watched.late} reports came late, ${lost} were lost.`
      onRecord({
        kind: 'incident',
        at_ms: settled.upMs,
        run_id: run?.descriptor.run_id ?? null,
        code: 'BUS_OUTAGE',
        severity: (lost ?? 0) > 0 ? 'critical' : 'warning',
        text: `The bus was away for ${seconds(settled.upMs - settled.fromMs)} s (${settled.cause}).${cost}`.slice(
          0,
          2_000,
        ),
        lost,
        from_ms,
        to_ms,
      })
    }
  }

  return {
    state(health) {
      if (health.state === 'up') {
        wasUp = true
        if (outage === null || outage.upMs > 0) return
        const recovered = outage
        recovered.upMs = clock.wallMs()
        recovered.undo = clock.after(SETTLE_MS, () => settle(recovered))
        return
      }
      if (!wasUp || health.state === 'stopped' || health.state === 'starting') return
      if (outage !== null) {
        // Down again before the first outage was told: one longer outage.
        outage.undo?.()
        outage.upMs = 0
        return
      }
      const fromMs = clock.wallMs()
      const watched = runs()
        .filter((run) => run.lastReportMs > fromMs - 60_000)
        .map((run): [Run, Watched] => [run, { lastMs: run.lastReportMs, lostBefore: run.lost, firstMs: 0, late: 0 }])
      outage = { fromMs, cause: health.cause ?? 'connection lost', upMs: 0, runs: new Map(watched), undo: null }
      onRecord({
        kind: 'incident',
        at_ms: fromMs,
        run_id: null,
        code: 'BUS_AWAY',
        severity: 'critical',
        text: `The bus does not answer: ${outage.cause}. Reconnecting; what is shown is the last that arrived.`.slice(
          0,
          2_000,
        ),
        lost: null,
        from_ms: fromMs,
        to_ms: null,
      })
    },
    report(run, atMs, publishedMs, previousMs) {
      const watched = outage?.runs.get(run)
      if (outage !== null && watched !== undefined && atMs > watched.lastMs) {
        if (watched.firstMs === 0) watched.firstMs = atMs
        if (atMs - publishedMs > 250) watched.late++
        return
      }
      const quietMs = Math.max(5_000, 10 * run.descriptor.expected_interval_ms)
      if (previousMs > 0 && atMs - previousMs > quietMs)
        onSilence(run, { from_ms: previousMs, to_ms: atMs, cause: 'producer_silent', lost: null })
    },
    covers: (run) => outage?.runs.has(run) === true,
    stop() {
      outage?.undo?.()
      outage = null
    },
  }
}
