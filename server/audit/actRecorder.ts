/*
 * actRecorder: writes an act down before it happens and after, whoever does it.
 * In: who, what, the work. Out: what the work gave.
 * Invariant: without the intent on the disk the work is not begun; every end is written, also a failure; a refusal never makes its caller
 * wait.
 * Source: docs/audit.md "acts".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { SYSTEM_ACTOR, type AuditActor, type AuditDraft } from './auditDraft.ts'
import type { AuditLog } from './auditLog.ts'
import { createBoundedAppend } from './boundedAppend.ts'

export type Act = Omit<AuditDraft, 'actor' | 'outcome'>

export interface ActRecorder {
  /** @throws STATE_STORAGE before the work, and whatever the work throws */
  perform<T>(actor: AuditActor, act: Act, work: () => T | Promise<T>): Promise<T>
  /** Somebody was refused, or it failed: written soon, never waited for. */
  refused(actor: AuditActor, act: Act, error: unknown): void
  /** What nobody needs to wait for: a look at something, an incident. */
  noted(draft: AuditDraft): void
}

export interface ActRecorderOptions {
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly onProblem: (text: string) => void
}

/** Code of a failure; what nobody foresaw is INTERNAL. */
export const codeOf = (error: unknown): string => (isAppError(error) ? error.code : 'INTERNAL')

/** Refused: somebody decided so. Failed: it was tried. */
const outcomeOf = (error: unknown): 'denied' | 'failed' =>
  /^(INTERNAL|STATE_STORAGE|GATEWAY_|BUS_)/.test(codeOf(error)) ? 'failed' : 'denied'

/** Creates it. */
export function createActRecorder({ audit, clock, onProblem }: ActRecorderOptions): ActRecorder {
  const soon = createBoundedAppend({
    audit,
    clock,
    many: (count) => ({
      actor: SYSTEM_ACTOR,
      action: 'access.denied',
      object: { type: 'act', id: 'many' },
      outcome: 'denied',
      params: { count },
    }),
  })
  /** It happened: an end that can not be written is said, and takes nothing back. */
  const end = async (draft: AuditDraft): Promise<void> => {
    try {
      await audit.append(draft)
    } catch (error) {
      onProblem(`the end of ${draft.action} is not in the audit trail: ${(error as Error).message}`)
    }
  }
  return {
    async perform(actor, act, work) {
      await audit.append({ ...act, actor, outcome: 'intent' })
      try {
        const done = await work()
        await end({ ...act, actor, outcome: 'done' })
        return done
      } catch (error) {
        await end({ ...act, actor, outcome: outcomeOf(error), errorCode: codeOf(error) })
        throw error
      }
    },
    refused: (actor, act, error) =>
      soon({
        ...act,
        actor,
        outcome: outcomeOf(error),
        errorCode: codeOf(error),
        reason: act.reason ?? wordsOf(error),
      }),
    noted: soon,
  }
}

const wordsOf = (error: unknown): string | null => (isAppError(error) ? error.message : null)
