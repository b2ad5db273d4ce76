/*
 * denialRecorder: attempts of those who may not, as entries of the audit trail.
 * In: denials. Out: entries, at most a few a second; the rest is counted and told in one.
 * Invariant: a flood of refused requests never becomes a flood of writes, and none of it goes uncounted.
 * Source: docs/security.md "what is recorded".
 */
import type { AuditLog } from '../audit/auditLog.ts'
import { createBoundedAppend } from '../audit/boundedAppend.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Denial } from './access.ts'
import { ANONYMOUS, toActor } from './subject.ts'

export interface DenialRecorderOptions {
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly addressHash: (address: string) => string
}

/** Creates the recorder; it never throws and never makes a caller wait. */
export function createDenialRecorder({ audit, clock, addressHash }: DenialRecorderOptions): (denial: Denial) => void {
  const append = createBoundedAppend({
    audit,
    clock,
    many: (count) => ({
      actor: toActor(ANONYMOUS),
      action: 'access.denied',
      object: { type: 'access', id: 'many' },
      outcome: 'denied',
      params: { count },
    }),
  })
  return ({ subject, permission, what, address }) =>
    append({
      actor: toActor(subject, addressHash(address)),
      action: 'access.denied',
      object: { type: 'access', id: what },
      outcome: 'denied',
      errorCode: subject.method === 'none' ? 'GUARD_SIGN_IN' : 'GUARD_FORBIDDEN',
      params: { permission },
    })
}
