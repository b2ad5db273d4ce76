/*
 * alarm: the life of one alarm after ISA-18.2, moved by what the engine sees and by time.
 * In: an alarm, a signal or a moment. Out: the alarm after it, and what its history tells.
 * Invariant: pure; silence never clears; a new occurrence, a rise of severity and a forgotten acknowledgement ask again under a new
 * number; what is latched or unacknowledged stays until a person deals with it.
 * Source: docs/alerts.md "states"; ISA-18.2.
 */
import { ALERT_SEVERITIES } from '../contracts/alertTable.ts'
import type { AlertAct } from '../contracts/alerts.ts'
import {
  ENGINE,
  alarmState,
  isFlapping,
  type Alarm,
  type AlarmEvidence,
  type AlarmPlace,
  type AlarmPolicy,
  type AlarmSignal,
  type AlarmStep,
} from './alarmTypes.ts'

/** Occurrences whose moments are kept for the flap window. */
const KEPT_RAISES = 32

const rank = (severity: Alarm['severity']): number => ALERT_SEVERITIES.indexOf(severity)

/** Puts one change into an alarm: the next version, and a line of history. */
export function moveAlarm(
  before: Alarm,
  change: Partial<Alarm>,
  line: { readonly act: AlertAct; readonly atMs: number; readonly actor?: string; readonly note?: string | null },
): AlarmStep {
  const alarm: Alarm = { ...before, ...change, version: before.version + 1 }
  const { act, atMs, actor = ENGINE, note = null } = line
  const event = { atMs, seq: alarm.seq, actor, act, from: alarmState(before), to: alarmState(alarm), note }
  return { alarm, events: [event] }
}

/** Acknowledged no more, and numbered anew, so that an old acknowledgement can not mean it. */
const asksAgain = (alarm: Alarm): Partial<Alarm> => ({
  acked: false,
  ackedBy: null,
  ackedMs: null,
  seq: alarm.seq + 1,
  escalation: 0,
  assignedTo: alarm.assignedTo ?? alarm.ackedBy,
})

const worseEvidence = (before: AlarmEvidence, now: AlarmEvidence): AlarmEvidence => ({
  ...before,
  worst: now.worst ?? before.worst,
})

function newAlarm(place: AlarmPlace, signal: AlarmSignal, policy: AlarmPolicy, nowMs: number): AlarmStep {
  const alarm: Alarm = {
    ...place,
    ruleVersion: policy.version,
    severity: signal.severity,
    active: true,
    acked: false,
    latches: policy.latched,
    held: policy.latched,
    silent: false,
    event: policy.event,
    seq: 1,
    version: 1,
    raisedMs: nowMs,
    clearedMs: null,
    ackedBy: null,
    ackedMs: null,
    assignedTo: null,
    shelf: null,
    outOfService: null,
    note: null,
    count: 1,
    firstMs: nowMs,
    lastMs: nowMs,
    flaps: 0,
    raises: [nowMs],
    recoverMs: null,
    escalation: 0,
    text: signal.text,
    runbook: policy.runbook,
    correlationId: signal.correlationId,
    evidence: signal.evidence,
  }
  const event = { atMs: nowMs, seq: 1, actor: ENGINE, act: 'raised', from: 'normal', to: 'unacked_active', note: null }
  return { alarm, events: [event as AlarmStep['events'][number]] }
}

function raiseAnew(alarm: Alarm, signal: AlarmSignal, policy: AlarmPolicy, nowMs: number): AlarmStep {
  const flapped = alarm.clearedMs !== null && nowMs - alarm.clearedMs <= policy.flap.windowMs
  return moveAlarm(
    alarm,
    {
      ...asksAgain(alarm),
      assignedTo: null,
      ruleVersion: policy.version,
      severity: signal.severity,
      active: true,
      latches: policy.latched,
      held: policy.latched,
      silent: false,
      event: policy.event,
      raisedMs: nowMs,
      clearedMs: null,
      count: alarm.count + 1,
      lastMs: nowMs,
      flaps: alarm.flaps + (flapped ? 1 : 0),
      raises: [...alarm.raises, nowMs].slice(-KEPT_RAISES),
      recoverMs: null,
      note: null,
      text: signal.text,
      runbook: policy.runbook,
      correlationId: signal.correlationId,
      evidence: signal.evidence,
    },
    { act: 'raised_again', atMs: nowMs },
  )
}

/** Its condition is true: a new alarm, a new occurrence, or the one that is known, with what is worse now. */
export function raiseAlarm(
  before: Alarm | null,
  place: AlarmPlace,
  signal: AlarmSignal,
  policy: AlarmPolicy,
  nowMs: number,
): AlarmStep {
  if (before === null) return newAlarm(place, signal, policy, nowMs)
  if (!before.active) return raiseAnew(before, signal, policy, nowMs)
  // Back while its clearing waited: one occurrence that flaps.
  const back = before.recoverMs !== null
  const raises = back ? [...before.raises, nowMs].slice(-KEPT_RAISES) : before.raises
  const alarm: Alarm = {
    ...before,
    raises,
    recoverMs: null,
    flaps: before.flaps + (back ? 1 : 0),
    count: before.count + (back || policy.event ? 1 : 0),
    lastMs: nowMs,
    evidence: worseEvidence(before.evidence, signal.evidence),
    text: signal.text,
  }
  const rose = rank(signal.severity) - rank(before.severity)
  const heard = before.silent ? moveAlarm(alarm, { silent: false }, { act: 'heard_again', atMs: nowMs }) : null
  const now = heard?.alarm ?? alarm
  const told = heard?.events ?? []
  // An event that happens again after somebody saw the first is another one to see.
  if (policy.event && now.acked) {
    const next = moveAlarm(now, { ...asksAgain(now), severity: signal.severity }, { act: 'raised_again', atMs: nowMs })
    return { alarm: next.alarm, events: [...told, ...next.events] }
  }
  if (rose === 0) return { alarm: now, events: told }
  const change = { severity: signal.severity, ...(rose > 0 && now.acked ? asksAgain(now) : {}) }
  const next = moveAlarm(now, change, { act: rose > 0 ? 'severity_up' : 'severity_down', atMs: nowMs })
  return { alarm: next.alarm, events: [...told, ...next.events] }
}

const endNow = (alarm: Alarm, nowMs: number): AlarmStep =>
  moveAlarm(
    alarm,
    {
      active: false,
      clearedMs: nowMs,
      recoverMs: null,
      silent: false,
      shelf: alarm.shelf?.untilClear === true ? null : alarm.shelf,
    },
    { act: 'cleared', atMs: nowMs },
  )

/** Its condition was seen to be false: it clears, or waits when it flaps. What is silent is never seen. */
export function clearAlarm(alarm: Alarm, policy: AlarmPolicy, nowMs: number): AlarmStep {
  if (!alarm.active) return { alarm, events: [] }
  if (alarm.recoverMs !== null) return { alarm, events: [] }
  if (isFlapping(alarm, policy, nowMs)) {
    const waits: Alarm = { ...alarm, recoverMs: nowMs + policy.flap.quietMs }
    if (!alarm.silent) return { alarm: waits, events: [] }
    return moveAlarm(waits, { silent: false }, { act: 'heard_again', atMs: nowMs })
  }
  return endNow(alarm, nowMs)
}

/** Its source tells nothing any more: it stays as it is, marked, and asks again if somebody had acknowledged it. */
export function silenceAlarm(alarm: Alarm, nowMs: number): AlarmStep {
  if (alarm.silent || !alarm.active) return { alarm, events: [] }
  const change = { silent: true, recoverMs: null, ...(alarm.acked ? asksAgain(alarm) : {}) }
  return moveAlarm(alarm, change, { act: 'silent', atMs: nowMs })
}

/** Its source is heard again, and nothing else is known. */
export function hearAlarm(alarm: Alarm, nowMs: number): AlarmStep {
  if (!alarm.silent) return { alarm, events: [] }
  return moveAlarm(alarm, { silent: false }, { act: 'heard_again', atMs: nowMs })
}

/** What time alone brings: the end of a shelving, the end of a recovery, a forgotten acknowledgement, the next in line. */
export function ageAlarm(before: Alarm, policy: AlarmPolicy, nowMs: number): AlarmStep {
  let alarm = before
  const events: AlarmStep['events'][number][] = []
  const take = (step: AlarmStep): void => {
    alarm = step.alarm
    events.push(...step.events)
  }
  if (alarm.shelf !== null && nowMs >= alarm.shelf.untilMs)
    take(
      moveAlarm(
        alarm,
        { shelf: null, ...(alarm.active && alarm.acked ? asksAgain(alarm) : {}) },
        {
          act: 'shelve_expired',
          atMs: nowMs,
        },
      ),
    )
  if (alarm.active && alarm.recoverMs !== null && nowMs >= alarm.recoverMs) take(endNow(alarm, nowMs))
  const aside = alarm.shelf !== null || alarm.outOfService !== null
  const forgotten =
    policy.reraiseMs > 0 &&
    alarm.active &&
    alarm.acked &&
    alarm.ackedMs !== null &&
    nowMs - alarm.ackedMs >= policy.reraiseMs
  if (forgotten && !aside) take(moveAlarm(alarm, asksAgain(alarm), { act: 'reraised', atMs: nowMs }))
  const next = policy.escalationMs[alarm.escalation]
  const waits = alarm.active && !alarm.acked && !aside
  if (waits && next !== undefined && nowMs - askedSince(alarm) >= next)
    take(moveAlarm(alarm, { escalation: alarm.escalation + 1 }, { act: 'escalated', atMs: nowMs }))
  return { alarm, events }
}

/** An alarm that asks again waits from its newest raise on: the acknowledgement before is not held against anybody. */
const askedSince = (alarm: Alarm): number => Math.max(alarm.raisedMs, alarm.raises.at(-1) ?? alarm.raisedMs)
