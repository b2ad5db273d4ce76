/*
 * Record log: what happened in each run, kept by offset, bounded; the memory behind ticker, curve and narrative.
 * In: resume answers, batches of records, run snapshots. Out: runs with curve, events and gaps; a resume point; holes.
 * Invariant: a record counts once; a jump in offsets is a hole and never silently skipped; a snapshot replaces everything.
 * Source: docs/protocol.md "records stream"; seed-design.md 2.4.
 */
import type { CoverageGap, LiveRecord, ResumeAnswer, RunSnapshot } from '../contracts/liveRecords.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'

export type EvaluationRecord = Extract<LiveRecord, { kind: 'evaluation' }>
export type TransitionRecord = Extract<LiveRecord, { kind: 'transition' }>
export type IncidentRecord = Extract<LiveRecord, { kind: 'incident' }>

/** Bounds of RunSnapshot: docs/protocol.md. */
const KEPT = { curve: 4_096, events: 2_000, gaps: 256, incidents: 200 } as const

export interface RunView {
  readonly descriptor: RunDescriptor
  readonly firstSeenMs: number
  /** Oldest first. */
  readonly curve: readonly EvaluationRecord[]
  /** Every other record of the run, oldest first. */
  readonly events: readonly LiveRecord[]
  readonly gaps: readonly CoverageGap[]
  readonly transitionsTotal: number
}

export interface RecordLog {
  readonly epoch: string | null
  readonly offset: number
  readonly runs: ReadonlyMap<string, RunView>
  readonly incidents: readonly IncidentRecord[]
  applyResume(answer: ResumeAnswer): void
  applyBatch(epoch: string, records: readonly LiveRecord[]): 'ok' | 'hole'
  applyRun(snapshot: RunSnapshot): void
}

const byOffset = (a: LiveRecord, b: LiveRecord): number => a.offset - b.offset
const isEvaluation = (record: LiveRecord): record is EvaluationRecord => record.kind === 'evaluation'

const toRunView = (snapshot: RunSnapshot): RunView => ({
  descriptor: snapshot.descriptor,
  firstSeenMs: snapshot.first_seen_ms,
  curve: snapshot.curve.filter(isEvaluation).toSorted(byOffset).slice(-KEPT.curve),
  events: snapshot.events
    .filter((record) => !isEvaluation(record))
    .toSorted(byOffset)
    .slice(-KEPT.events),
  gaps: snapshot.gaps.slice(-KEPT.gaps),
  transitionsTotal: snapshot.transitions_total,
})

/** Reads an incident that names an interval as a gap of coverage. */
export function toCoverageGap(record: IncidentRecord): CoverageGap | null {
  if (record.from_ms === null || record.to_ms === null || record.to_ms <= record.from_ms) return null
  const cause = /RESTART/.test(record.code) ? 'server_restart' : /SILENT/.test(record.code) ? 'producer_silent' : null
  return {
    from_ms: record.from_ms,
    to_ms: record.to_ms,
    cause: cause ?? ((record.lost ?? 0) > 0 ? 'lost' : 'bus_down'),
    lost: record.lost,
  }
}

/** Creates an empty log. */
export function createRecordLog(): RecordLog {
  let epoch: string | null = null
  let offset = 0
  let runs = new Map<string, RunView>()
  let incidents: readonly IncidentRecord[] = []

  const addToRun = (run: RunView, record: LiveRecord): RunView => {
    if (isEvaluation(record)) return { ...run, curve: [...run.curve, record].slice(-KEPT.curve) }
    return {
      ...run,
      events: [...run.events, record].slice(-KEPT.events),
      transitionsTotal: run.transitionsTotal + (record.kind === 'transition' ? 1 : 0),
    }
  }
  const add = (record: LiveRecord): void => {
    if (record.kind === 'incident') {
      incidents = [...incidents, record].slice(-KEPT.incidents)
      const gap = toCoverageGap(record)
      if (gap)
        for (const [runId, run] of runs)
          if (record.run_id === null || record.run_id === runId)
            runs.set(runId, { ...run, gaps: [...run.gaps, gap].slice(-KEPT.gaps) })
    }
    const run = record.run_id === null ? undefined : runs.get(record.run_id)
    if (run && record.run_id !== null) runs.set(record.run_id, addToRun(run, record))
  }

  return {
    get epoch() {
      return epoch
    },
    get offset() {
      return offset
    },
    get runs() {
      return runs
    },
    get incidents() {
      return incidents
    },
    applyResume(answer) {
      if (answer.kind === 'snapshot') {
        runs = new Map(answer.runs.map((run) => [run.descriptor.run_id, toRunView(run)]))
        incidents = answer.incidents.filter((record) => record.kind === 'incident')
        epoch = answer.epoch
        offset = answer.offset
        return
      }
      if (epoch !== answer.epoch) return
      for (const record of answer.records) {
        if (record.offset <= offset) continue
        add(record)
        offset = record.offset
      }
    },
    applyBatch(batchEpoch, records) {
      if (epoch === null || batchEpoch !== epoch) return 'hole'
      for (const record of records) {
        // Seen already: the batch overlaps a resume answer.
        if (record.offset <= offset) continue
        if (record.offset !== offset + 1) return 'hole'
        add(record)
        offset = record.offset
      }
      return 'ok'
    },
    applyRun(snapshot) {
      const known = runs.get(snapshot.descriptor.run_id)
      const fresh = toRunView(snapshot)
      // A descriptor may be sent again without the history: what is known stays.
      const richer = known && known.curve.length + known.events.length > fresh.curve.length + fresh.events.length
      runs.set(snapshot.descriptor.run_id, richer ? { ...known, descriptor: fresh.descriptor } : fresh)
    },
  }
}
