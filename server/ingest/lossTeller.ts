/*
 * lossTeller: holes and silences of a run, told as gaps and as records; holes close together are one.
 * In: gaps as they are found. Out: one gap and one incident per interval, with the exact count.
 * Invariant: the sum of what is told is the sum of what was found; at most one interval per run is open.
 * Source: docs/architecture.md "every loss is counted".
 */
import type { CoverageGap } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from './ingestMessages.ts'
import type { Run } from './runTable.ts'

const SETTLE_MS = 300

export interface LossTeller {
  /** Notes a hole in the numbers; told by `close` once no more follow. */
  readonly note: (run: Run, gap: CoverageGap) => void
  readonly tell: (run: Run, gap: CoverageGap) => void
  /** Tells the intervals that have ended. */
  readonly close: () => void
}

export interface LossTellerOptions {
  readonly clock: Clock
  readonly onGap: (run: Run, gap: CoverageGap) => void
  readonly onRecord: (record: RecordDraft) => void
}

/** Creates a teller with nothing open. */
export function createLossTeller({ clock, onGap, onRecord }: LossTellerOptions): LossTeller {
  const open = new Map<Run, CoverageGap>()
  const tell = (run: Run, gap: CoverageGap): void => {
    onGap(run, gap)
    const lost = gap.cause === 'lost'
    onRecord({
      kind: 'incident',
      at_ms: gap.to_ms,
      run_id: run.descriptor.run_id,
      code: lost ? 'TELEMETRY_LOST' : 'PRODUCER_SILENT',
      severity: 'warning',
      text: lost
        ? `${gap.lost} reports never arrived: their numbers are missing.`
        : `Nothing was reported for ${((gap.to_ms - gap.from_ms) / 1_000).toFixed(0)} s.`,
      lost: gap.lost,
      from_ms: gap.from_ms,
      to_ms: gap.to_ms,
    })
  }
  return {
    tell,
    note(run, gap) {
      const before = open.get(run)
      const joined =
        before === undefined ? gap : { ...before, to_ms: gap.to_ms, lost: (before.lost ?? 0) + (gap.lost ?? 0) }
      open.set(run, joined)
    },
    close() {
      for (const [run, gap] of open) {
        if (clock.wallMs() - gap.to_ms < SETTLE_MS) continue
        open.delete(run)
        tell(run, gap)
      }
    },
  }
}
