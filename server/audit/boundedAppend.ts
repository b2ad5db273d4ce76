/*
 * boundedAppend: entries of what many may bring about in any number: refusals, incidents.
 * In: drafts. Out: entries, at most a few a second; the rest is counted and told in one.
 * Invariant: a flood never becomes a flood of writes, and none of it goes uncounted; nobody waits and nothing is thrown.
 * Source: docs/audit.md "acts".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditDraft } from './auditDraft.ts'
import type { AuditLog } from './auditLog.ts'

const PER_SECOND = 10
const WINDOW_MS = 1_000

export interface BoundedAppendOptions {
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  /** What stands for those that were not written one by one. */
  readonly many: (count: number) => AuditDraft
}

/** Creates it. */
export function createBoundedAppend({ audit, clock, many }: BoundedAppendOptions): (draft: AuditDraft) => void {
  let written = 0
  let suppressed = 0
  let windowOpen = false
  const append = (draft: AuditDraft): void => void audit.append(draft).catch(() => undefined)
  const closeWindow = (): void => {
    windowOpen = false
    written = 0
    if (suppressed === 0) return
    const count = suppressed
    suppressed = 0
    append(many(count))
  }
  return (draft) => {
    if (!windowOpen) {
      windowOpen = true
      clock.after(WINDOW_MS, closeWindow)
    }
    if (written >= PER_SECOND) {
      suppressed++
      return
    }
    written++
    append(draft)
  }
}
