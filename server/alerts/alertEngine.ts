/*
 * alertEngine: the alert engine of this server put together: what the watches see becomes alarms, kept, told and answered.
 * In: signals of the watch beside the ingest, readings of the installation, rules, acts. Out: lists, items, changes, orders to the watch.
 * Invariant: it only wires and keeps time; states survive a restart; a source that is not heard again is silent, not normal.
 * Source: docs/alerts.md "how it works".
 */
import { randomUUID } from 'node:crypto'
import { underlyingState, type Alarm, type AlarmEvent, type AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import { DETECTORS } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { createAlarmBook, type AlarmBook } from './alarmBook.ts'
import { takeEvidence } from './alertEvidence.ts'
import {
  fingerprintOf,
  placeOf,
  type AlertSignal,
  type RaiseSignal,
  type WatchBeat,
  type WatchOrder,
} from './alertSignals.ts'
import { createAlertStore, type AlertStore } from './alertStore.ts'
import { createInhibition, type Inhibition } from './inhibition.ts'
import { createInstallationWatch, type InstallationReadings } from './installationWatch.ts'
import { openRuleBook, type RuleBook } from './ruleBook.ts'

export interface AlertEngine {
  readonly book: AlarmBook
  readonly rules: RuleBook
  readonly store: AlertStore
  readonly policyOf: (rule: string) => AlarmPolicy
  readonly inhibition: Inhibition
  onSignals(signals: readonly AlertSignal[]): void
  onBeat(beat: WatchBeat): void
  /** What the watch begins with, at each of its starts. */
  order(): WatchOrder
  beat(): WatchBeat | null
  /** Since the newest beat, ms; since the start when there was none. */
  ageMs(): number
  runOf(runId: string | null): KnownRun | undefined
  onChange(listener: (alarm: Alarm, events: readonly AlarmEvent[]) => void): () => void
  /** Alarms that are explained by no other any more, and are still true. */
  onReleased(listener: (alarm: Alarm) => void): () => void
  start(): void
  stop(): Promise<void>
}

export interface AlertEngineOptions {
  readonly clock: Clock
  readonly records: Records
  readonly runs: RunBook
  readonly readings: Omit<InstallationReadings, 'engineAgeMs'>
  /** Sends the watch its rules anew. */
  readonly onOrder: (order: WatchOrder) => void
  readonly onProblem: (text: string) => void
}

const CHECK_MS = 500
/** Threads of a busy machine take this long to start. */
const START_MS = 30_000
const AGE_MS = 250
/** A source that was not heard for so long after a start is silent. */
const SETTLE_MS = 60_000
const OVER_LOADED = 5_000
const KEPT_MS = 90 * 86_400_000
const HOUR_MS = 3_600_000
const MARK = 'seen_ms'
const MARK_MS = 5_000

const NO_POLICY: AlarmPolicy = Object.freeze({
  version: 0,
  latched: false,
  event: false,
  reraiseMs: 0,
  flap: { count: 3, windowMs: 600_000, quietMs: 60_000 },
  escalationMs: [],
  runbook: '',
})

/** What a rule decides about the life of its alarms. */
export const toPolicy = (rule: AlertRule): AlarmPolicy => ({
  version: rule.version,
  latched: rule.latched,
  event: DETECTORS[rule.detector].event,
  reraiseMs: rule.reraise_s * 1_000,
  flap: { count: rule.flap.count, windowMs: rule.flap.window_s * 1_000, quietMs: rule.flap.quiet_s * 1_000 },
  escalationMs: rule.escalation.map((step) => step.after_s * 1_000),
  runbook: rule.runbook,
})

function groupOf({ id, group_by }: AlertRule, { runId, layerId }: RaiseSignal['place']): string {
  if (group_by === 'rule') return `${id}||`
  return `${id}|${runId ?? ''}|${group_by === 'layer' ? (layerId ?? '') : ''}`
}

/** Opens the engine with what the disk has. @throws STATE_STORAGE */
export async function createAlertEngine(options: AlertEngineOptions): Promise<AlertEngine> {
  const { clock, records, runs, readings, onOrder, onProblem } = options
  const store = createAlertStore({ records, clock, onProblem })
  const rules = await openRuleBook(records, clock)
  let policies = new Map<string, AlarmPolicy>()
  const readPolicies = (): void => {
    policies = new Map(rules.all().map((rule) => [rule.id, toPolicy(rule)]))
  }
  readPolicies()
  const policyOf = (rule: string): AlarmPolicy => policies.get(rule) ?? NO_POLICY
  const book = createAlarmBook({ clock, store, policyOf, newId: () => randomUUID() })
  book.load(await store.load(OVER_LOADED))
  const inhibition = createInhibition({ clock, ruleOf: (id) => rules.get(id), open: () => book.open.values() })
  const released = new Set<(alarm: Alarm) => void>()
  book.onChange((alarm) => {
    for (const one of inhibition.changed(alarm)) for (const listener of released) listener(one)
  })
  const seenMs = (await store.mark(MARK)) ?? clock.wallMs()
  const startedMs = clock.monotonicMs()
  let beat: WatchBeat | null = null
  let beatMs = startedMs
  let markedMs = startedMs
  const heard = new Set<string>()
  let settled = false
  const undo: (() => void)[] = []

  /** Newest moment of what was told, on this server's clock. */
  let toldMs = 0
  const raise = (signal: RaiseSignal): void => {
    const rule = rules.get(signal.rule)
    if (rule?.enabled !== true) return
    const { runId, layerId, seedId } = signal.place
    const where = {
      fingerprint: fingerprintOf(rule.id, signal.place),
      rule: rule.id,
      group: groupOf(rule, signal.place),
      runId,
      layerId,
      seedId,
    }
    const run = runId === null ? undefined : runs.get(runId)
    book.raise(
      where,
      () => ({
        severity: signal.severity,
        text: signal.text,
        correlationId: signal.correlationId,
        evidence: takeEvidence(signal, run, clock.wallMs()),
      }),
      signal.severity,
    )
  }

  const onSignals = (signals: readonly AlertSignal[]): void => {
    for (const signal of signals) {
      switch (signal.on) {
        case 'raise':
          toldMs = Math.max(toldMs, signal.atMs)
          raise(signal)
          break
        case 'clear':
          book.clear(fingerprintOf(signal.rule, signal.place))
          break
        case 'worst':
          book.worst(fingerprintOf(signal.rule, signal.place), signal.value)
          break
        case 'silent':
          heard.delete(`${signal.runId} ${signal.layerId}`)
          book.silence(
            (alarm) => alarm.runId === signal.runId && alarm.layerId === signal.layerId && !tellsSilence(alarm),
          )
          break
        case 'heard':
          heard.add(`${signal.runId} ${signal.layerId}`)
          book.hear((alarm) => alarm.runId === signal.runId && (alarm.layerId ?? signal.layerId) === signal.layerId)
      }
    }
  }

  /** Silence is what these tell: they are as live as ever. */
  const tellsSilence = ({ rule }: Alarm): boolean => {
    const detector = rules.get(rule)?.detector
    return detector === 'telemetry_gap' || detector === 'layer_silent' || detector === 'command_unacked'
  }

  const watch = createInstallationWatch({
    clock,
    rules: () => rules.all(),
    // A watch that is starting has not fallen silent yet.
    readings: { ...readings, engineAgeMs: () => clock.monotonicMs() - beatMs - (beat === null ? START_MS : 0) },
    onSignals,
  })
  for (const alarm of book.open.values()) {
    const rule = rules.get(alarm.rule)
    if (alarm.active && rule !== undefined) watch.adopt(rule, placeOf(alarm.fingerprint))
  }

  /** Alarms of a run that nobody told of since the start: what was true then is the last that is known. */
  const settle = (): void => {
    settled = true
    const runsHeard = new Set([...heard].map((key) => key.split(' ')[0]))
    book.silence(({ runId, layerId }) => {
      if (runId === null) return false
      return layerId === null ? !runsHeard.has(runId) : !heard.has(`${runId} ${layerId}`)
    })
  }

  const order = (): WatchOrder => ({
    rules: rules.all().filter((rule) => rule.enabled),
    open: [...book.open.values()]
      .filter((alarm) => alarm.active && !alarm.event)
      .map((alarm) => ({ rule: alarm.rule, place: placeOf(alarm.fingerprint), severity: alarm.severity })),
    seenMs: Math.max(seenMs, beat?.atMs ?? 0),
  })

  const onRules = (): void => {
    readPolicies()
    // Nobody looks for these any more: what they told is over as far as anybody knows.
    for (const alarm of book.open.values())
      if (rules.get(alarm.rule)?.enabled !== true && underlyingState(alarm) !== 'normal') book.clear(alarm.fingerprint)
    onOrder(order())
  }
  undo.push(rules.onChange(onRules))

  return {
    book,
    rules,
    store,
    policyOf,
    inhibition,
    onSignals,
    onBeat(next) {
      beat = next
      beatMs = clock.monotonicMs()
      if (beatMs - markedMs < MARK_MS) return
      markedMs = beatMs
      store.setMark(MARK, next.atMs)
    },
    order,
    beat: () => beat,
    ageMs: () => clock.monotonicMs() - beatMs,
    runOf: (runId) => (runId === null ? undefined : runs.get(runId)),
    onChange: (listener) => book.onChange(listener),
    onReleased(listener) {
      released.add(listener)
      return () => void released.delete(listener)
    },
    start() {
      undo.push(
        clock.every(CHECK_MS, () => {
          watch.check()
          if (!settled && clock.monotonicMs() - startedMs > SETTLE_MS) settle()
        }),
        clock.every(AGE_MS, () => book.age()),
        clock.every(HOUR_MS, () => {
          store.forget(clock.wallMs() - KEPT_MS).catch((error: unknown) => onProblem((error as Error).message))
        }),
      )
    },
    async stop() {
      for (const cancel of undo.splice(0)) cancel()
      // Also what was told since the last beat was seen: an event is not counted again after a restart.
      if (beat !== null) store.setMark(MARK, Math.max(beat.atMs, toldMs))
      await store.stop()
    },
  }
}
