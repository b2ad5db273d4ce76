/*
 * denialRecorder: attempts of those who may not, as entries of the audit trail.
 * In: denials. Out: entries, at most a few a second; the rest is counted and told in one.
 * Invariant: a flood of refused requests never becomes a flood of writes, and none of it goes uncounted.
 * Source: docs/security.md "what is recorded".
 */
import type { AuditLog } from '../audit/auditLog.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Denial } from './access.ts'
import { ANONYMOUS, toActor } from './subject.ts'

const PER_SECOND = 10

export interface DenialRecorderOptions {
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly addressHash: (address: string) => string
}

/** Creates the recorder; it never throws and never makes a caller wait. */
export function createDenialRecorder({ audit, clock, addressHash }: DenialRecorderOptions): (denial: Denial) => void {
  let written = 0
  let suppressed = 0
  let windowOpen = false
  const closeWindow = (): void => {
    windowOpen = false
    written = 0
    if (suppressed === 0) return
    const count = suppressed
    suppressed = 0
    const object = { type: 'access', id: 'many' }
    audit
      .append({ actor: toActor(ANONYMOUS), action: 'access.denied', object, outcome: 'denied', params: { count } })
      .catch(() => undefined)
  }
  return ({ subject, permission, what, address }) => {
    if (!windowOpen) {
      windowOpen = true
      clock.after(1_000, closeWindow)
    }
    if (written >= PER_SECOND) {
      suppressed++
      return
    }
    written++
    audit
      .append({
        actor: toActor(subject, addressHash(address)),
        action: 'access.denied',
        object: { type: 'access', id: what },
        outcome: 'denied',
        errorCode: subject.method === 'none' ? 'GUARD_SIGN_IN' : 'GUARD_FORBIDDEN',
        params: { permission },
      })
      .catch(() => undefined)
  }
}
