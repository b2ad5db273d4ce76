/*
 * alarmActs: what people do to an alarm: acknowledge, shelve, take out of service, reset, and back.
 * In: an alarm, who, on which version and occurrence. Out: the alarm after it, or why not.
 * Invariant: compare-and-set on (alarm, seq) and version: an act that was decided on something older changes nothing; an
 * acknowledgement hides nothing, stops nothing and lets go of nothing that is latched.
 * Source: docs/alerts.md "acts"; ISA-18.2.
 */
import { ALERT_LIMITS } from '../contracts/alertTable.ts'
import { moveAlarm } from './alarm.ts'
import { underlyingState, type Alarm, type AlarmStep } from './alarmTypes.ts'

export interface ActContext {
  readonly actor: string
  readonly atMs: number
  readonly seq: number
  readonly version: number
  readonly note?: string | null
}

export type ActResult =
  | { readonly kind: 'done'; readonly step: AlarmStep }
  /** Somebody was faster, or it happened again: `alarm` as it is. */
  | { readonly kind: 'changed'; readonly alarm: Alarm }
  /** The act does not fit the state. */
  | { readonly kind: 'refused'; readonly why: string }

type Act = (alarm: Alarm, context: ActContext) => ActResult

const refused = (why: string): ActResult => ({ kind: 'refused', why })

/** Only what was seen can be acted on. */
const guarded =
  (act: Act): Act =>
  (alarm, context) =>
    alarm.seq !== context.seq || alarm.version !== context.version ? { kind: 'changed', alarm } : act(alarm, context)

const line = (act: AlarmStep['events'][number]['act'], { actor, atMs, note }: ActContext) => ({
  act,
  actor,
  atMs,
  note: note ?? null,
})

/** Acknowledges this occurrence: active or cleared, the person has seen it. */
export const ackAlarm: Act = guarded((alarm, context) => {
  if (alarm.acked) return refused(`it is acknowledged already${alarm.ackedBy === null ? '' : ` by ${alarm.ackedBy}`}`)
  const { actor, atMs, note } = context
  // What tells of an event has nothing more to tell once it was seen.
  const ends = alarm.event && alarm.active ? { active: false, clearedMs: atMs, recoverMs: null, silent: false } : {}
  const change = { acked: true, ackedBy: actor, ackedMs: atMs, ...ends, ...(note ? { note } : {}) }
  return { kind: 'done', step: moveAlarm(alarm, change, line('ack', context)) }
})

/** Takes an acknowledgement back: one's own within the time of undo, otherwise with a reason. */
export const unackAlarm: Act = guarded((alarm, context) => {
  const { actor, atMs, note } = context
  if (!alarm.acked || alarm.ackedMs === null) return refused('it is not acknowledged')
  const undo = alarm.ackedBy === actor && atMs - alarm.ackedMs <= ALERT_LIMITS.undoMs
  if (!undo && !note) return refused('a reason is needed after 10 s, or for the acknowledgement of somebody else')
  // An event that the acknowledgement ended is open again.
  const back = alarm.event && alarm.clearedMs === alarm.ackedMs ? { active: true, clearedMs: null } : {}
  const change = { acked: false, ackedBy: null, ackedMs: null, ...back }
  return { kind: 'done', step: moveAlarm(alarm, change, line('unack', context)) }
})

/** Puts it aside until a moment; `untilClear`: or until it clears, whichever is first. */
export function shelveAlarm(
  alarm: Alarm,
  context: ActContext & { readonly untilMs: number; readonly untilClear: boolean },
): ActResult {
  return guarded(() => {
    if (alarm.outOfService !== null) return refused('it is out of service')
    if (underlyingState(alarm) === 'normal') return refused('it is over: there is nothing to shelve')
    const shelf = { untilMs: context.untilMs, by: context.actor, untilClear: context.untilClear }
    return { kind: 'done', step: moveAlarm(alarm, { shelf }, line('shelve', context)) }
  })(alarm, context)
}

/** Takes it off the shelf. */
export const unshelveAlarm: Act = guarded((alarm, context) =>
  alarm.shelf === null
    ? refused('it is not shelved')
    : { kind: 'done', step: moveAlarm(alarm, { shelf: null }, line('unshelve', context)) },
)

/** Writes a note; whoever comes second writes theirs too, so nothing is compared. */
export const noteAlarm: Act = (alarm, context) =>
  context.note
    ? { kind: 'done', step: moveAlarm(alarm, { note: context.note }, line('note', context)) }
    : refused('a note is missing')

/** Gives it to somebody, or to nobody. */
export function assignAlarm(alarm: Alarm, context: ActContext & { readonly to: string | null }): ActResult {
  const { to } = context
  const told = { ...line('assign', context), note: to === null ? 'nobody' : to }
  return guarded(() => ({ kind: 'done', step: moveAlarm(alarm, { assignedTo: to }, told) }))(alarm, context)
}

/** Tells the next in line before its time. */
export const escalateAlarm: Act = guarded((alarm, context) =>
  underlyingState(alarm) === 'normal'
    ? refused('it is over: nobody needs to be told')
    : { kind: 'done', step: moveAlarm(alarm, { escalation: alarm.escalation + 1 }, line('escalate', context)) },
)

/** A person ends what does not end by itself: something latched that cleared, or something whose source is silent. */
export const resetAlarm: Act = guarded((alarm, context) => {
  if (!context.note) return refused('a reason is needed')
  if (alarm.active && !alarm.silent) return refused('its condition is still true')
  if (!alarm.active && !alarm.held) return refused('it is neither latched nor silent')
  const { actor, atMs, note } = context
  const change = {
    active: false,
    held: false,
    silent: false,
    recoverMs: null,
    clearedMs: alarm.clearedMs ?? atMs,
    acked: true,
    ackedBy: alarm.ackedBy ?? actor,
    ackedMs: alarm.ackedMs ?? atMs,
    note,
  }
  return { kind: 'done', step: moveAlarm(alarm, change, line('reset', context)) }
})

/** Takes it out of service: it is watched and counted, and asks nobody. */
export const outOfServiceAlarm: Act = guarded((alarm, context) => {
  if (!context.note) return refused('a reason is needed')
  if (alarm.outOfService !== null) return refused('it is out of service already')
  const { actor: by, atMs, note: reason } = context
  const change = { outOfService: { by, reason, atMs }, shelf: null }
  return { kind: 'done', step: moveAlarm(alarm, change, line('out_of_service', context)) }
})

/** Puts it back: what is true then asks. */
export const inServiceAlarm: Act = guarded((alarm, context) =>
  alarm.outOfService === null
    ? refused('it is in service')
    : { kind: 'done', step: moveAlarm(alarm, { outOfService: null }, line('in_service', context)) },
)
