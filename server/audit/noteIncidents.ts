import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { ActRecorder } from './actRecorder.ts'
import { SYSTEM_ACTOR } from './auditDraft.ts'

/** Writes incidents of the server into the trail; what is only information stays among the events. */
export function noteIncidents(acts: Pick<ActRecorder, 'noted'>, records: readonly LiveRecord[]): void {
  for (const record of records)
    if (record.kind === 'incident' && record.severity !== 'info')
      acts.noted({
        actor: SYSTEM_ACTOR,
        action: 'server.incident',
        object: { type: 'incident', id: record.code },
        outcome: 'done',
        params: { severity: record.severity, run_id: record.run_id, lost: record.lost },
        reason: record.text,
      })
}
