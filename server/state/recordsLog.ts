/*
 * recordsLog: the numbered, bounded stream of what happened; the answer to a resume is a delta or a snapshot, never a mix.
 * In: record drafts, resume points. Out: numbered records, resume answers.
 * Invariant: offsets are contiguous from 1 inside one epoch; an epoch lives as long as this process; old records leave from the front.
 * Source: docs/protocol.md "records stream".
 */
import type { LiveRecord, ResumeAnswer, RunSnapshot } from '../../lib/contracts/liveRecords.ts'
import { SOCKET_LIMITS } from '../../lib/contracts/socketNames.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'

export interface ResumePoint {
  readonly epoch: string
  readonly offset: number
}

export interface RecordsLog {
  readonly epoch: string
  /** Offset of the newest record; 0 = none yet. */
  offset(): number
  append(drafts: readonly RecordDraft[]): readonly LiveRecord[]
  resume(from: ResumePoint | null): ResumeAnswer
}

export interface RecordsLogOptions {
  readonly epoch: string
  readonly kept?: number
  /** Longer deltas are answered by a snapshot. */
  readonly maxDelta?: number
  /** Runs as they are NOW: called in the same turn as the offset is read. */
  readonly snapshot: () => { readonly runs: readonly RunSnapshot[]; readonly incidents: readonly LiveRecord[] }
}

const toMutable = (taken: ReturnType<RecordsLogOptions['snapshot']>) => ({
  runs: [...taken.runs],
  incidents: [...taken.incidents],
})

/** Creates an empty log. */
export function createRecordsLog(options: RecordsLogOptions): RecordsLog {
  const { epoch, snapshot } = options
  const kept = options.kept ?? SOCKET_LIMITS.recordsKept
  const maxDelta = options.maxDelta ?? 1_000
  const records: LiveRecord[] = []
  let offset = 0

  const whole = (because: 'first' | 'epoch' | 'too-old' | 'overflow'): ResumeAnswer => ({
    kind: 'snapshot',
    epoch,
    offset,
    because,
    ...toMutable(snapshot()),
  })

  return {
    epoch,
    offset: () => offset,
    append(drafts) {
      const numbered = drafts.map((draft) => ({ ...draft, offset: ++offset }) as LiveRecord)
      records.push(...numbered)
      if (records.length > kept) records.splice(0, records.length - kept)
      return numbered
    },
    resume(from) {
      if (from === null) return whole('first')
      if (from.epoch !== epoch) return whole('epoch')
      // From the future: not a point this process ever gave out.
      if (from.offset > offset) return whole('epoch')
      const missing = offset - from.offset
      if (missing > records.length) return whole('too-old')
      if (missing > maxDelta) return whole('overflow')
      return { kind: 'delta', epoch, from: from.offset, records: records.slice(records.length - missing) }
    },
  }
}
