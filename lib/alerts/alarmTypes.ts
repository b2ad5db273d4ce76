/*
 * The alarm as the engine keeps it, what its sources say, and what follows from it: plain data.
 * In: nothing. Out: Alarm, AlarmSignal, AlarmPolicy, and its states.
 * Invariant: shelving, silence and being out of service lie over active and acknowledged, never in their place.
 * Source: docs/alerts.md "states"; ISA-18.2.
 */
import type { AlertAct, AlertSeverityName, AlertState } from '../contracts/alerts.ts'

export interface AlarmEvidence {
  readonly metric: string | null
  readonly unit: string | null
  readonly trigger: number | null
  readonly worst: number | null
  readonly threshold: number | null
  readonly windowMs: readonly number[]
  readonly windowValues: readonly (number | null)[]
}

export interface Alarm {
  readonly id: string
  readonly fingerprint: string
  readonly rule: string
  readonly ruleVersion: number
  readonly group: string
  readonly layerId: string | null
  readonly seedId: number | null
  readonly runId: string | null
  readonly severity: AlertSeverityName
  readonly active: boolean
  readonly acked: boolean
  /** The rule latches: inactive and acknowledged it still waits for a reset. */
  readonly latches: boolean
  readonly held: boolean
  readonly silent: boolean
  /** It tells of an event: acknowledging it ends it. */
  readonly event: boolean
  readonly seq: number
  readonly version: number
  readonly raisedMs: number
  readonly clearedMs: number | null
  readonly ackedBy: string | null
  readonly ackedMs: number | null
  readonly assignedTo: string | null
  readonly shelf: { readonly untilMs: number; readonly by: string; readonly untilClear: boolean } | null
  readonly outOfService: { readonly by: string; readonly reason: string; readonly atMs: number } | null
  readonly note: string | null
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
  readonly flaps: number
  /** Raised at, newest last, as far as the flap window needs them. */
  readonly raises: readonly number[]
  /** A flapping alarm whose condition is gone clears at this moment, unless it comes back. */
  readonly recoverMs: number | null
  readonly escalation: number
  readonly text: string
  readonly runbook: string
  readonly correlationId: string | null
  readonly evidence: AlarmEvidence
}

/** What a rule decides about the life of its alarms. */
export interface AlarmPolicy {
  readonly version: number
  readonly latched: boolean
  readonly event: boolean
  readonly reraiseMs: number
  readonly flap: { readonly count: number; readonly windowMs: number; readonly quietMs: number }
  readonly escalationMs: readonly number[]
  readonly runbook: string
}

/** A condition that is true now. */
export interface AlarmSignal {
  readonly severity: AlertSeverityName
  readonly text: string
  readonly evidence: AlarmEvidence
  readonly correlationId: string | null
}

export interface AlarmPlace {
  readonly id: string
  readonly fingerprint: string
  readonly rule: string
  readonly group: string
  readonly layerId: string | null
  readonly seedId: number | null
  readonly runId: string | null
}

/** One line of an alarm's history. */
export interface AlarmEvent {
  readonly atMs: number
  readonly seq: number
  readonly actor: string
  readonly act: AlertAct
  readonly from: AlertState
  readonly to: AlertState
  readonly note: string | null
}

/** What became of it; no events: nothing that a person decides by has changed. */
export interface AlarmStep {
  readonly alarm: Alarm
  readonly events: readonly AlarmEvent[]
}

export const ENGINE = 'engine'

/** The state under shelf and service. */
export function underlyingState({ active, acked, held }: Alarm): AlertState {
  if (active) return acked ? 'acked_active' : 'unacked_active'
  if (!acked) return 'unacked_cleared'
  return held ? 'latched' : 'normal'
}

/** The state as it is shown. */
export function alarmState(alarm: Alarm): AlertState {
  if (alarm.outOfService !== null) return 'out_of_service'
  if (alarm.shelf !== null) return 'shelved'
  return underlyingState(alarm)
}

/** Nothing about it is open: it is history until it is raised again. */
export function isOver(alarm: Alarm): boolean {
  return alarm.shelf === null && alarm.outOfService === null && underlyingState(alarm) === 'normal'
}

/** Came back so often within the window of its rule that its clearing waits. */
export function isFlapping({ raises }: Alarm, { flap }: Pick<AlarmPolicy, 'flap'>, nowMs: number): boolean {
  let recent = 0
  for (const atMs of raises) if (nowMs - atMs <= flap.windowMs) recent++
  return recent >= flap.count
}
