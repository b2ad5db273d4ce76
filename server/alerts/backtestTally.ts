/*
 * backtestTally: alarms of a rule that is tried, moved by the states of the engine, and the count of what was judged of what there was.
 * In: raises and clears with their time, ticks of layers. Out: firings, flaps, acknowledgements; n of m ticks.
 * Invariant: the states are those of the live engine; a tick that is missing by its number is counted as missing, never as quiet.
 * Source: docs/alerts.md "back-test".
 */
import { ageAlarm, clearAlarm, raiseAlarm } from '../../lib/alerts/alarm.ts'
import type { Alarm, AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import type { LifeEnd, RunDetector } from '../../lib/alerts/runDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'

type Told = RuleBacktest['alerts'][number]

export interface TallyOptions {
  readonly rule: AlertRule
  readonly policy: AlarmPolicy
}

export interface BacktestTally {
  raise(key: string, atMs: number, facts: Omit<Told, 'at_ms' | 'cleared_ms'>): void
  clear(key: string, atMs: number): void
  result(): Pick<RuleBacktest, 'firings' | 'flaps' | 'would_ack' | 'alerts'>
}

const LISTED = 200

/** Creates an empty tally. */
export function createTally({ rule, policy }: TallyOptions): BacktestTally {
  const alarms = new Map<string, Alarm>()
  const told: Told[] = []
  const openAt = new Map<string, Told>()
  let firings = 0
  let flaps = 0
  const clearedMs = new Map<string, number>()
  const place = (key: string) => ({
    id: key,
    fingerprint: key,
    rule: rule.id,
    group: '',
    layerId: null,
    seedId: null,
    runId: null,
  })
  return {
    raise(key, atMs, facts) {
      const known = alarms.get(key)
      const aged = known === undefined ? null : ageAlarm(known, policy, atMs).alarm
      const evidence = { metric: null, unit: null, trigger: null, worst: null, threshold: null }
      const signal = {
        severity: facts.severity,
        text: facts.text,
        correlationId: null,
        evidence: { ...evidence, windowMs: [], windowValues: [] },
      }
      const rose = openAt.has(key)
      alarms.set(key, raiseAlarm(aged, place(key), signal, policy, atMs).alarm)
      if (rose) return
      firings++
      if (atMs - (clearedMs.get(key) ?? Number.NEGATIVE_INFINITY) <= policy.flap.windowMs) flaps++
      const one: Told = { at_ms: atMs, cleared_ms: null, ...facts }
      openAt.set(key, one)
      if (told.length < LISTED) told.push(one)
    },
    clear(key, atMs) {
      const known = alarms.get(key)
      if (known === undefined) return
      alarms.set(key, clearAlarm(ageAlarm(known, policy, atMs).alarm, policy, atMs).alarm)
      const one = openAt.get(key)
      if (one !== undefined) one.cleared_ms = atMs
      openAt.delete(key)
      clearedMs.set(key, atMs)
    },
    result: () => ({
      firings,
      flaps,
      would_ack: [...alarms.values()].reduce((sum, alarm) => sum + alarm.seq, 0),
      alerts: told,
    }),
  }
}

/** Counts ticks per layer against their own numbers. */
export function createTickCount() {
  const newest = new Map<string, number>()
  let seen = 0
  let there = 0
  let isNumbered = true
  return {
    note(layerId: string, tick: number): void {
      seen++
      const before = newest.get(layerId)
      newest.set(layerId, tick)
      if (!Number.isFinite(tick)) isNumbered = false
      // A run that was put back counts on from where it was put.
      else there += before !== undefined && tick > before ? tick - before : 1
    },
    /** `of` is null where a producer numbers no ticks: then nobody knows how many there were. */
    counts: (): { readonly ticks: number; readonly of: number | null } => ({
      ticks: seen,
      of: isNumbered ? there : null,
    }),
  }
}

const ENDS: ReadonlySet<string> = new Set<LifeEnd['outcome']>(['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

/** Tells a record that was kept to the detector of a run. */
export function noteKeptRecord(detector: RunDetector, record: LiveRecord): void {
  if (record.kind === 'evaluation')
    detector.onEvaluation?.({
      valLoss: record.val_loss,
      valAccuracy: record.val_accuracy,
      trainAccuracy: record.train_accuracy,
    })
  else if (record.kind === 'checkpoint') detector.onSnapshot?.(null)
  else if (record.kind === 'transition' && ENDS.has(record.to_state))
    detector.onLifeEnd?.({
      tick: record.tick,
      outcome: record.to_state as LifeEnd['outcome'],
      blueprintId: record.blueprint_id,
    })
}

/** What a detector holds now, as raises and clears of a tally since the last look. */
export function createHoldsReader(rule: AlertRule, tally: BacktestTally) {
  let told = new Map<string, number>()
  return (detector: RunDetector, atMs: number): void => {
    if (detector.holds.size === 0 && told.size === 0) return
    const now = new Map<string, number>()
    for (const [what, condition] of detector.holds) {
      now.set(what, condition.level)
      if (told.get(what) === condition.level) continue
      const severity = condition.level > 1 ? 'critical' : rule.severity
      tally.raise(what, atMs, { layer_id: null, seed_id: null, severity, text: condition.text })
    }
    for (const what of told.keys()) if (!now.has(what)) tally.clear(what, atMs)
    told = now
  }
}
