/*
 * alarmBook: every alarm that is open, and the newest that are over: the one place where they change.
 * In: signals, acts, time. Out: alarms, groups, counts; word of every change; everything is written behind.
 * Invariant: one alarm per fingerprint; a change is told after it is kept in memory and queued for the disk; at the bound only what is
 * not critical is folded into its group's count, and told.
 * Source: docs/alerts.md "how it works".
 */
import { ageAlarm, clearAlarm, hearAlarm, raiseAlarm, silenceAlarm } from '../../lib/alerts/alarm.ts'
import { createAlertGroups, type AlertGroups } from '../../lib/alerts/alertGroups.ts'
import {
  isOver,
  type Alarm,
  type AlarmEvent,
  type AlarmPlace,
  type AlarmPolicy,
  type AlarmSignal,
  type AlarmStep,
} from '../../lib/alerts/alarmTypes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertStore } from './alertStore.ts'
import { createOpenList, type OpenList } from './openList.ts'

export interface AlarmBook {
  readonly groups: AlertGroups
  readonly open: OpenList
  /** Takes over what the disk has; nothing is told. */
  load(alarms: readonly Alarm[]): void
  byId(id: string): Alarm | undefined
  byFingerprint(fingerprint: string): Alarm | undefined
  raise(place: Omit<AlarmPlace, 'id'>, signal: () => AlarmSignal, severity: Alarm['severity']): void
  worst(fingerprint: string, value: number): void
  clear(fingerprint: string): void
  silence(wanted: (alarm: Alarm) => boolean): void
  hear(wanted: (alarm: Alarm) => boolean): void
  /** Puts a step of an act in its place. */
  take(step: AlarmStep): void
  /** Looks at what time brings, a part at a time. */
  age(): void
  onChange(listener: (alarm: Alarm, events: readonly AlarmEvent[]) => void): () => void
  clearSinceMs(): number | null
  folded(): number
  /** Moments of raising within the last so many ms. */
  raisedWithin(ms: number): number
}

export interface AlarmBookOptions {
  readonly clock: Clock
  readonly store: Pick<AlertStore, 'put'>
  readonly policyOf: (rule: string) => AlarmPolicy
  readonly newId: () => string
  /** Open alarms kept one by one. */
  readonly maxOpen?: number
}

const KEPT_OVER = 20_000
const MAX_OPEN = 100_000
/** Alarms that one turn of ageing looks at. */
const AGED_PER_TURN = 5_000
const LOAD_WINDOW_MS = 600_000

/** Creates an empty book. */
export function createAlarmBook(options: AlarmBookOptions): AlarmBook {
  const { clock, store, policyOf, newId, maxOpen = MAX_OPEN } = options
  const groups = createAlertGroups()
  const open = createOpenList()
  const fingerprints = new Map<string, Alarm>()
  const ids = new Map<string, Alarm>()
  /** In the order in which they ended. */
  const over = new Map<string, Alarm>()
  const listeners = new Set<(alarm: Alarm, events: readonly AlarmEvent[]) => void>()
  /** Raised per 10 s bucket of the last ten minutes. */
  const raised = new Map<number, number>()
  let clearSinceMs: number | null = clock.wallMs()
  let folded = 0
  let ageing: IterableIterator<Alarm> | null = null

  const place = (before: Alarm | null, alarm: Alarm): void => {
    fingerprints.set(alarm.fingerprint, alarm)
    ids.set(alarm.id, alarm)
    groups.change(before, alarm)
    open.set(alarm)
    over.delete(alarm.id)
    if (isOver(alarm)) {
      over.set(alarm.id, alarm)
      if (over.size > KEPT_OVER) {
        const oldest = over.values().next().value!
        over.delete(oldest.id)
        ids.delete(oldest.id)
        fingerprints.delete(oldest.fingerprint)
      }
    }
    const clear = groups.counts().open === 0
    if (!clear) clearSinceMs = null
    else clearSinceMs ??= clock.wallMs()
  }

  const countRaise = (nowMs: number): void => {
    const bucket = Math.floor(nowMs / 10_000)
    raised.set(bucket, (raised.get(bucket) ?? 0) + 1)
    for (const old of raised.keys()) if ((bucket - old) * 10_000 > LOAD_WINDOW_MS) raised.delete(old)
  }

  const take = ({ alarm, events }: AlarmStep): void => {
    const before = ids.get(alarm.id) ?? null
    if (before === alarm) return
    place(before, alarm)
    const nowMs = clock.wallMs()
    for (const { act } of events) if (act === 'raised' || act === 'raised_again') countRaise(nowMs)
    // What only moved its numbers is written with the next change that a person can see.
    if (events.length > 0 || alarm.count !== before?.count) store.put(alarm, events)
    for (const listener of listeners) listener(alarm, events)
  }

  const each = (wanted: (alarm: Alarm) => boolean, step: (alarm: Alarm) => AlarmStep): void => {
    for (const alarm of open.values()) if (wanted(alarm)) take(step(alarm))
  }

  return {
    groups,
    open,
    load(alarms) {
      for (const alarm of alarms) place(null, alarm)
    },
    byId: (id) => ids.get(id),
    byFingerprint: (fingerprint) => fingerprints.get(fingerprint),
    raise(where, signal, severity) {
      const before = fingerprints.get(where.fingerprint) ?? null
      const fits = before !== null || open.size() < maxOpen || severity === 'critical'
      if (!fits) {
        folded++
        return
      }
      take(raiseAlarm(before, { ...where, id: before?.id ?? newId() }, signal(), policyOf(where.rule), clock.wallMs()))
    },
    worst(fingerprint, value) {
      const alarm = fingerprints.get(fingerprint)
      if (alarm?.active !== true) return
      take({ alarm: { ...alarm, evidence: { ...alarm.evidence, worst: value } }, events: [] })
    },
    clear(fingerprint) {
      const alarm = fingerprints.get(fingerprint)
      if (alarm !== undefined) take(clearAlarm(alarm, policyOf(alarm.rule), clock.wallMs()))
    },
    silence: (wanted) => each(wanted, (alarm) => silenceAlarm(alarm, clock.wallMs())),
    hear: (wanted) => each(wanted, (alarm) => hearAlarm(alarm, clock.wallMs())),
    take,
    age() {
      const nowMs = clock.wallMs()
      ageing ??= [...open.values()][Symbol.iterator]()
      for (let looked = 0; looked < AGED_PER_TURN; looked++) {
        const { done, value } = ageing.next()
        if (done === true) {
          ageing = null
          return
        }
        // It may have changed since the turn began.
        const alarm = ids.get(value.id)
        if (alarm !== undefined && !isOver(alarm)) take(ageAlarm(alarm, policyOf(alarm.rule), nowMs))
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    clearSinceMs: () => clearSinceMs,
    folded: () => folded,
    raisedWithin(ms) {
      const from = Math.floor((clock.wallMs() - ms) / 10_000)
      let sum = 0
      for (const [bucket, count] of raised) if (bucket >= from) sum += count
      return sum
    },
  }
}
