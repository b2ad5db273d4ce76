/*
 * auditWatch: the audit trail, with a word to somebody else of every act it took.
 * In: a trail. Out: the same trail; whoever listens hears what was appended, after it was.
 * Invariant: the trail comes first: what it refuses nobody hears of, and a listener that fails can not make it fail.
 * Source: docs/audit.md.
 */
import type { AuditDraft } from '../audit/auditDraft.ts'
import type { AuditLog, AuditReceipt } from '../audit/auditLog.ts'

export type ActListener = (draft: AuditDraft, receipt: AuditReceipt) => void

export interface WatchedAudit {
  readonly audit: AuditLog
  readonly listen: (listener: ActListener) => void
}

/** Wraps a trail; acts before the listener is set are told to it at once, in order. */
export function watchAudit(audit: AuditLog): WatchedAudit {
  const early: (readonly [AuditDraft, AuditReceipt])[] = []
  let told: ActListener | null = null
  return {
    audit: {
      ...audit,
      async append(draft) {
        const receipt = await audit.append(draft)
        if (told === null) early.push([draft, receipt])
        else told(draft, receipt)
        return receipt
      },
    },
    listen(listener) {
      told = listener
      for (const [draft, receipt] of early.splice(0)) listener(draft, receipt)
    },
  }
}
