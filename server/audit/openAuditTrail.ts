/*
 * openAuditTrail: the audit trail of this server put together: the writer, a reader beside it, the thread that verifies, who writes acts down.
 * In: the records database, where the data is. Out: the log, the recorder of acts, the functions of the handle, their end.
 * Invariant: the start is the first entry and the stop the last one; what reads never holds up what writes.
 * Source: docs/audit.md.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Config } from '../config.ts'
import type { ActsHandle, AuditHandle } from '../handle.ts'
import { createAuditApi } from '../http/apiAudit.ts'
import type { Logger } from '../logger.ts'
import { toActor } from '../operators/subject.ts'
import { openRecordsReader, type Records } from '../stores/recordsDatabase.ts'
import { createActRecorder, type ActRecorder } from './actRecorder.ts'
import { SYSTEM_ACTOR, type AuditDraft } from './auditDraft.ts'
import type { AuditLog, AuditReceipt } from './auditLog.ts'
import { openAuditThread } from './auditThread.ts'
import { anchorFileOf, openInstallationLog } from './openInstallationLog.ts'

type Listen = (listener: (draft: AuditDraft, receipt: AuditReceipt) => void) => void

export interface AuditTrail {
  readonly audit: AuditLog
  /** Who hears of every act, after it was written. */
  readonly listen: Listen
  readonly acts: ActRecorder
  /** `addressHash` is salted by who knows the callers. */
  api(addressHash: (address: string) => string): AuditHandle & ActsHandle
  /** Writes the stop down; never throws. */
  close(): Promise<void>
}

export interface AuditTrailOptions {
  readonly config: Pick<Config, 'role' | 'auth' | 'bus' | 'host'>
  /** Absolute. */
  readonly dataDir: string
  readonly root: string
  readonly recordsUrl: string
  readonly records: Records
  readonly clock: Clock
  readonly logger: Logger
  /** Puts a listener beside the log. */
  readonly watch: (audit: AuditLog) => { readonly audit: AuditLog; readonly listen: Listen }
}

/** Opens it and writes the start down. @throws STATE_STORAGE */
export async function openAuditTrail(options: AuditTrailOptions): Promise<AuditTrail> {
  const { config, dataDir, root, recordsUrl, records, clock, logger } = options
  const onProblem = (text: string): void => logger.room('audit').error(text)
  const onLost = (text: string): void => logger.room('audit').warn('a connection was lost', { text })
  const { audit, listen } = options.watch(await openInstallationLog({ dataDir, records, clock, onProblem }))
  const own = { actor: SYSTEM_ACTOR, object: { type: 'server', id: config.role }, outcome: 'done' as const }
  const params = { auth: config.auth, bus: config.bus, host: config.host }
  await audit.append({ ...own, action: 'server.start', params })
  const reader = openRecordsReader(recordsUrl, { root, onLost })
  const thread = openAuditThread({
    clock,
    url: recordsUrl,
    root,
    publicKeyPem: audit.publicKeyPem,
    anchorFile: anchorFileOf(dataDir),
    onProblem,
  })
  const acts = createActRecorder({ audit, clock, onProblem })
  return {
    audit,
    listen,
    acts,
    api: (addressHash) => ({
      ...createAuditApi({ clock, audit, acts, reader, thread, addressHash, newId: randomUUID }),
      perform: (caller, act, work) => acts.perform(toActor(caller.subject, addressHash(caller.address)), act, work),
    }),
    async close() {
      await thread.close()
      await reader.close().catch(() => undefined)
      await audit.append({ ...own, action: 'server.stop' }).catch(() => undefined)
      await audit.close()
    },
  }
}
