/*
 * ruleBacktest: what a rule would have raised on the past that is kept: with the detectors and the alarm states of the engine itself.
 * In: a rule, the history rings, curve and events of a run. Out: firings, flaps, acknowledgements it would have asked for.
 * Invariant: the same code judges live and back-test; the loop is held a few milliseconds at a time; what can not be judged on what is
 * kept is said, never counted as quiet.
 * Source: docs/alerts.md "back-test".
 */
import { ageAlarm, clearAlarm, raiseAlarm } from '../../lib/alerts/alarm.ts'
import type { Alarm, AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import { createRunDetector, type LifeEnd } from '../../lib/alerts/runDetectors.ts'
import { createSeedDetector } from '../../lib/alerts/seedDetectors.ts'
import type { SeedFinding } from '../../lib/alerts/seedFinding.ts'
import type { AlertRule, AlertSeverityName } from '../../lib/contracts/alerts.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { RuleBacktest } from '../../lib/contracts/httpAlerts.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { KnownRun } from '../state/runBook.ts'

export interface RuleBacktestOptions {
  readonly run: KnownRun
  readonly rule: AlertRule
  readonly policy: AlarmPolicy
  readonly fromMs: number
  readonly toMs: number
  /** Lets other work go first. */
  readonly rest: () => Promise<void>
}

interface Told {
  at_ms: number
  cleared_ms: number | null
  layer_id: string | null
  seed_id: number | null
  severity: AlertSeverityName
  text: string
}

const LISTED = 200
/** Cells judged before others go first: about 4 ms. */
const TURN_CELLS = 200_000

/** Alarms of the test, moved by the states of the engine. */
function createTally({ rule, policy }: RuleBacktestOptions) {
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
    raise(key: string, atMs: number, facts: Omit<Told, 'at_ms' | 'cleared_ms'>): void {
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
    clear(key: string, atMs: number): void {
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

const ENDS: ReadonlySet<string> = new Set<LifeEnd['outcome']>(['FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK'])

/** Runs the test. */
export async function backtestRule(options: RuleBacktestOptions): Promise<RuleBacktest> {
  const { run, rule, fromMs, toMs, rest } = options
  const tally = createTally(options)
  const limits: string[] = []
  let judged = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  const note = (atMs: number): void => {
    first = Math.min(first, atMs)
    last = Math.max(last, atMs)
  }

  const testLayer = async (at: number): Promise<void> => {
    const { layer_id: layerId } = run.descriptor.layers[at]!
    const { rows } = run.tables[at]!.shape
    let nowMs = 0
    const onFinding = ({ on, row, level, text }: SeedFinding): void => {
      const key = `${at} ${row}`
      if (on === 'clear') tally.clear(key, nowMs)
      if (on !== 'raise') return
      const severity = level > 1 ? 'critical' : rule.severity
      tally.raise(key, nowMs, { layer_id: layerId, seed_id: row, severity, text })
    }
    const detector = createSeedDetector(rule, rows, onFinding)
    if (detector === null) return
    const ring = run.history[at]
    if (ring?.shape.mode !== 'full') {
      limits.push(`layer ${layerId} keeps no history per seed`)
      return
    }
    if (ring.shape.stride > 1) limits.push(`of layer ${layerId} each ${ring.shape.stride}th tick is kept`)
    const offsetOf = (name: string): number => {
      const column = columnIndex(run.descriptor.seed_columns, name)
      return column < 0 ? -1 : column * rows
    }
    const seeds = new Float32Array(ring.shape.width)
    const [from, end] = ring.range()
    let cells = 0
    for (let index = from; index < end; index++) {
      const atMs = ring.atMs(index)
      if (!(atMs >= fromMs && atMs <= toMs) || !ring.copy(index, 0, seeds)) continue
      nowMs = atMs
      note(atMs)
      judged++
      detector.evaluate({ rows, seeds, offsetOf, tick: ring.tick(index) })
      cells += rows
      if (cells < TURN_CELLS) continue
      cells = 0
      await rest()
    }
  }

  const testEvents = (): void => {
    const detector = createRunDetector(rule)
    if (detector === null) return
    let told = new Map<string, number>()
    const inWindow = (record: LiveRecord): boolean => record.at_ms >= fromMs && record.at_ms <= toMs
    const records = [...run.curve, ...run.events].filter(inWindow).toSorted((a, b) => a.at_ms - b.at_ms)
    for (const record of records) {
      note(record.at_ms)
      judged++
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
      const now = new Map<string, number>()
      for (const [what, condition] of detector.holds) {
        now.set(what, condition.level)
        if (told.get(what) === condition.level) continue
        const severity = condition.level > 1 ? 'critical' : rule.severity
        tally.raise(what, record.at_ms, { layer_id: null, seed_id: null, severity, text: condition.text })
      }
      for (const what of told.keys()) if (!now.has(what)) tally.clear(what, record.at_ms)
      told = now
    }
    limits.push('of events the newest 500 of the run are kept, of evaluations 4,096')
  }

  for (let at = 0; at < run.descriptor.layers.length; at++) {
    await testLayer(at)
    await rest()
  }
  testEvents()
  if (judged === 0 && limits.length === 0) limits.push(`${rule.detector} can not be judged on what is kept`)
  const known = Number.isFinite(first)
  const minutes = known ? Math.max(1, (last - first) / 60_000) : 1
  const result = tally.result()
  return {
    run_id: run.descriptor.run_id,
    from_ms: known ? first : null,
    to_ms: known ? last : null,
    ...result,
    per_10_min: (result.firings / minutes) * 10,
    judged,
    limits: limits.slice(0, 32),
  }
}
