/*
 * alertService: what people do to alerts: checked against what they saw, audited, kept, answered.
 * In: acts with version and occurrence, who acts. Out: the alert as it is after it, or who was faster.
 * Invariant: what is answered as done is in the audit trail and on the disk; a lost race changes nothing; the watch over the engine
 * can be acknowledged and nothing more.
 * Source: docs/alerts.md "acts".
 */
import { alarmThread } from '../../lib/alerts/alarmThread.ts'
import {
  ackAlarm,
  assignAlarm,
  escalateAlarm,
  inServiceAlarm,
  noteAlarm,
  outOfServiceAlarm,
  resetAlarm,
  shelveAlarm,
  unackAlarm,
  unshelveAlarm,
  type ActContext,
  type ActResult,
} from '../../lib/alerts/alarmActs.ts'
import type { Alarm } from '../../lib/alerts/alarmTypes.ts'
import { AppError, toProblem } from '../../lib/contracts/appError.ts'
import { ALERT_LIMITS } from '../../lib/contracts/alertTable.ts'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertActRequest, GroupAckAnswer, GroupAckRequest } from '../../lib/contracts/httpAlerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import { toActor, type Subject } from '../operators/subject.ts'
import type { AlarmBook } from './alarmBook.ts'
import type { AlertStore } from './alertStore.ts'

export type ActName =
  | 'ack'
  | 'unack'
  | 'shelve'
  | 'unshelve'
  | 'note'
  | 'assign'
  | 'escalate'
  | 'reset'
  | 'out-of-service'
  | 'in-service'

export interface AlertService {
  /** @throws STATE_NOT_FOUND, ALERT_CHANGED (with the alert), ALERT_STATE, ALERT_PROTECTED, GUARD_FORBIDDEN, STATE_STORAGE */
  act(name: ActName, id: string, request: AlertActRequest, subject: Subject): Promise<AlertItem>
  /** @throws STATE_STORAGE */
  ackGroup(request: GroupAckRequest, subject: Subject): Promise<GroupAckAnswer>
  /** How many people acted within the last hour; at least one. */
  operators(): number
}

export interface AlertServiceOptions {
  readonly clock: Clock
  readonly book: AlarmBook
  readonly store: Pick<AlertStore, 'durable'>
  readonly audit: AuditLog
  readonly isProtected: (rule: string) => boolean
  readonly toItem: (alarm: Alarm) => AlertItem
  /** An alarm was escalated by hand: to whom, or to the next in line. */
  readonly onEscalate: (alarm: Alarm, to: string | null) => void
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
/** Alarms acknowledged in one turn of the loop. */
const GROUP_TURN = 500
const ASIDE: ReadonlySet<ActName> = new Set(['shelve', 'out-of-service', 'reset'])

const clean = (text: string | undefined): string | null => {
  const trimmed = text?.trim() ?? ''
  return trimmed === '' ? null : trimmed
}

const ago = (ms: number): string =>
  ms < 90_000 ? `${Math.max(0, Math.round(ms / 1_000))} s` : `${Math.round(ms / MINUTE_MS)} min`

/** Says what came between. */
function changedText(alarm: Alarm, { seq }: { readonly seq: number }, nowMs: number): string {
  if (alarm.seq !== seq) return `it asked again as occurrence ${alarm.seq}, after the one you saw`
  if (alarm.acked && alarm.ackedBy !== null && alarm.ackedMs !== null)
    return `${alarm.ackedBy} acknowledged ${ago(nowMs - alarm.ackedMs)} before you`
  if (alarm.shelf !== null) return `${alarm.shelf.by} shelved it before you`
  if (alarm.outOfService !== null) return `${alarm.outOfService.by} took it out of service before you`
  if (!alarm.active && alarm.clearedMs !== null) return `it cleared ${ago(nowMs - alarm.clearedMs)} before you`
  return 'it changed after you saw it'
}

/** Creates the service. */
export function createAlertService(options: AlertServiceOptions): AlertService {
  const { clock, book, store, audit, isProtected, toItem, onEscalate } = options
  const turns = new Map<string, Promise<unknown>>()
  const actedMs = new Map<string, number>()

  /** One act per alarm at a time. */
  const inTurn = async <T>(id: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(id) ?? Promise.resolve()
    const mine = before.then(work, work)
    const settled = mine.then(
      () => undefined,
      () => undefined,
    )
    turns.set(id, settled)
    try {
      return await mine
    } finally {
      if (turns.get(id) === settled) turns.delete(id)
    }
  }

  const find = (id: string): Alarm => {
    const alarm = book.byId(id)
    if (alarm === undefined)
      throw new AppError('STATE_NOT_FOUND', 'there is no such alert, or it has been over for long', { path: 'id' })
    return alarm
  }

  const changed = (alarm: Alarm, request: AlertActRequest): AppError =>
    new AppError('ALERT_CHANGED', changedText(alarm, request, clock.wallMs()), {
      path: 'version',
      alert: toItem(alarm),
    })

  const attempt = (
    name: ActName,
    alarm: Alarm,
    { seq, version, note, reason, minutes, to }: AlertActRequest,
    { name: actor }: Subject,
  ): ActResult => {
    const atMs = clock.wallMs()
    const context: ActContext = { actor, atMs, seq, version, note: clean(note) ?? clean(reason) }
    switch (name) {
      case 'ack':
        return ackAlarm(alarm, context)
      case 'unack':
        return unackAlarm(alarm, context)
      case 'shelve': {
        const untilMs = atMs + (minutes ?? ALERT_LIMITS.shelveMinutes) * MINUTE_MS
        return shelveAlarm(alarm, { ...context, untilMs, untilClear: minutes === undefined })
      }
      case 'unshelve':
        return unshelveAlarm(alarm, context)
      case 'note':
        return noteAlarm(alarm, context)
      case 'assign':
        return assignAlarm(alarm, { ...context, to: clean(to) })
      case 'escalate':
        return escalateAlarm(alarm, context)
      case 'reset':
        return resetAlarm(alarm, context)
      case 'out-of-service':
        return outOfServiceAlarm(alarm, context)
      case 'in-service':
        return inServiceAlarm(alarm, context)
    }
  }

  const check = (name: ActName, alarm: Alarm, request: AlertActRequest, subject: Subject): void => {
    if (isProtected(alarm.rule) && ASIDE.has(name))
      throw new AppError('ALERT_PROTECTED', 'what watches the engine itself can not be put aside', { path: 'id' })
    if ((request.minutes ?? 0) > ALERT_LIMITS.shelveMinutes && !subject.permissions.has('admin'))
      throw new AppError('GUARD_FORBIDDEN', 'more than a day on the shelf needs the permission admin', {
        path: 'minutes',
      })
  }

  const auditOf = (name: ActName, alarm: Alarm, request: AlertActRequest, subject: Subject) => ({
    actor: toActor(subject),
    action: `alert.${name}`,
    object: { type: 'alert', id: alarm.id },
    params: {
      rule: alarm.rule,
      run_id: alarm.runId,
      layer_id: alarm.layerId,
      seed_id: alarm.seedId,
      seq: alarm.seq,
      ...(request.minutes === undefined ? {} : { minutes: request.minutes }),
      ...(request.to === undefined ? {} : { to: request.to }),
    },
    reason: clean(request.reason) ?? clean(request.note),
    correlationId: alarmThread(alarm),
  })

  /** @throws ALERT_CHANGED, ALERT_STATE */
  const settle = (result: ActResult, request: AlertActRequest) => {
    if (result.kind === 'done') return result.step
    if (result.kind === 'changed') throw changed(result.alarm, request)
    throw new AppError('ALERT_STATE', result.why, { path: 'version' })
  }

  const perform = async (name: ActName, id: string, request: AlertActRequest, subject: Subject): Promise<AlertItem> => {
    const seen = find(id)
    const draft = auditOf(name, seen, request, subject)
    try {
      check(name, seen, request, subject)
      settle(attempt(name, seen, request, subject), request)
    } catch (error) {
      // A race that was lost is nobody's misdeed; what may not be done is.
      const { code } = toProblem(error)
      if (code === 'ALERT_PROTECTED' || code === 'GUARD_FORBIDDEN')
        await audit.append({ ...draft, outcome: 'denied', errorCode: code })
      throw error
    }
    // No entry, no act.
    await audit.append({ ...draft, outcome: 'done' })
    const now = find(id)
    // What the engine did meanwhile does not undo what the person saw, unless it asks again.
    const request2 = now.seq === request.seq ? { ...request, version: now.version } : request
    let result: ActResult
    try {
      result = attempt(name, now, request2, subject)
      settle(result, request)
    } catch (error) {
      await audit.append({ ...draft, outcome: 'failed', errorCode: toProblem(error).code })
      throw error
    }
    const { alarm } = settle(result, request)
    book.take(settle(result, request))
    actedMs.set(subject.id, clock.wallMs())
    await store.durable()
    if (name === 'escalate') onEscalate(alarm, clean(request.to))
    return toItem(book.byId(id) ?? alarm)
  }

  return {
    act: (name, id, request, subject) => inTurn(id, () => perform(name, id, request, subject)),
    async ackGroup({ group, versions, note }, subject) {
      const atMs = clock.wallMs()
      const named = new Set(versions.map(({ id }) => id))
      await audit.append({
        actor: toActor(subject),
        action: 'alert.ack-group',
        object: { type: 'alert-group', id: group },
        outcome: 'done',
        params: { members: versions.length, ids: versions.map(({ id, seq }) => `${id}#${seq}`) },
        reason: clean(note),
      })
      const lost: { id: string; text: string }[] = []
      const done: { id: string; version: number; seq: number }[] = []
      let lostCount = 0
      for (let at = 0; at < versions.length; at++) {
        if (at > 0 && at % GROUP_TURN === 0) await new Promise<void>((resolve) => void clock.after(0, resolve))
        const { id, seq, version } = versions[at]!
        const alarm = book.byId(id)
        const context = { actor: subject.name, atMs: clock.wallMs(), seq, version, note: clean(note) }
        const result = alarm === undefined || alarm.group !== group ? null : ackAlarm(alarm, context)
        if (result?.kind === 'done') {
          book.take(result.step)
          done.push({ id, version: result.step.alarm.version, seq })
          continue
        }
        lostCount++
        if (lost.length === 100) continue
        const text =
          result === null
            ? 'not in this group'
            : result.kind === 'changed'
              ? changedText(result.alarm, { seq }, atMs)
              : result.why
        lost.push({ id, text })
      }
      book.groups.acknowledged(group, atMs)
      let fresh = 0
      for (const alarm of book.open.values()) if (alarm.group === group && !alarm.acked && !named.has(alarm.id)) fresh++
      if (done.length > 0) actedMs.set(subject.id, clock.wallMs())
      await store.durable()
      return { acked: done.length, lost, lost_count: lostCount, new: fresh, versions: done }
    },
    operators() {
      const from = clock.wallMs() - HOUR_MS
      for (const [who, atMs] of actedMs) if (atMs < from) actedMs.delete(who)
      return Math.max(1, actedMs.size)
    },
  }
}
