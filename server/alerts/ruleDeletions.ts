/*
 * ruleDeletions: who asked to delete which rule: the second person finds it here, for ten minutes.
 * In: a rule as it was looked at, a person, a reason. Out: what waits; whether this person may do it now.
 * Invariant: another person, another session, the very version that was asked for; kept in memory only, so a restart ends what waits.
 * Source: docs/alerts.md "rules"; docs/ux.md "guard levels".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { RuleDeletion } from '../../lib/contracts/httpRules.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Subject } from '../operators/subject.ts'

export interface RuleDeletions {
  /** What waits, oldest first. */
  list(): readonly RuleDeletion[]
  /** @throws STATE_CONFLICT when somebody asked already */
  propose(rule: AlertRule, reason: string, subject: Subject): RuleDeletion
  /** Takes what waits back; nothing when nothing does. */
  withdraw(id: string): void
  /** @throws COMMAND_APPROVAL when nobody asked for this version, or this person does not count */
  check(rule: AlertRule, subject: Subject): void
}

interface Waiting {
  readonly deletion: RuleDeletion
  readonly personId: string
  readonly sessionId: string | null
}

const WAITS_MS = 600_000

/** Creates an empty desk. */
export function createRuleDeletions(clock: Pick<Clock, 'wallMs'>): RuleDeletions {
  const waiting = new Map<string, Waiting>()
  const current = (id: string): Waiting | undefined => {
    const one = waiting.get(id)
    if (one !== undefined && clock.wallMs() < Date.parse(one.deletion.expires_at)) return one
    waiting.delete(id)
    return undefined
  }
  const refuse = (text: string, path: string) => new AppError('COMMAND_APPROVAL', text, { path })
  return {
    list: () => [...waiting.keys()].flatMap((id) => current(id)?.deletion ?? []),
    propose(rule, reason, subject) {
      const known = current(rule.id)
      if (known !== undefined && known.deletion.version === rule.version)
        throw new AppError('STATE_CONFLICT', `${known.deletion.by} asked for it already`, { path: 'id' })
      const nowMs = clock.wallMs()
      const deletion: RuleDeletion = {
        id: rule.id,
        version: rule.version,
        by: subject.name,
        reason,
        asked_at: new Date(nowMs).toISOString(),
        expires_at: new Date(nowMs + WAITS_MS).toISOString(),
      }
      waiting.set(rule.id, { deletion, personId: subject.id, sessionId: subject.sessionId })
      return deletion
    },
    withdraw: (id) => void waiting.delete(id),
    check(rule, subject) {
      const one = current(rule.id)
      if (one === undefined || one.deletion.version !== rule.version)
        throw refuse('two persons delete a rule: one asks for it first, with a reason', 'id')
      if (one.personId === subject.id) throw refuse(`${subject.name} asked for it: another person deletes it`, 'actor')
      if (subject.method === 'token')
        throw refuse('a program can not be the second person: somebody who signed in deletes it', 'actor')
      if (one.sessionId !== null && one.sessionId === subject.sessionId)
        throw refuse('the session that asked for it can not do it', 'session')
    },
  }
}
