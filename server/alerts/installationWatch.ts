/*
 * installationWatch: what is wrong with bus and server, as conditions of the rules that look for it.
 * In: readings of bus, ingest, gateway, channels and command plane, asked for twice a second. Out: raise and clear signals.
 * Invariant: a condition must hold for the time its rule says; what can not be read now is neither true nor false; the watch over the
 * engine needs nothing of the engine.
 * Source: docs/alerts.md "rules that ship".
 */
import type { DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { AlertSignal, RaiseSignal, SignalPlace } from './alertSignals.ts'

export interface InstallationReadings {
  readonly bus: () => { readonly state: string; readonly cause: string | null }
  readonly counters: () => {
    readonly deadLetters: number
    readonly refusedTotal: number
    readonly streams: readonly { readonly topic: string; readonly lag: number | null }[]
  }
  /** Null: the gateway does not answer. */
  readonly stopReady: () => { readonly ready: number; readonly of: number } | null
  /** Layers that report now: without any nobody needs to be reached. */
  readonly reportingLayers: () => number
  /** Ways out that are broken now, by name, and why. */
  readonly broken: () => readonly { readonly name: string; readonly text: string }[]
  /** Commands of which nobody knows what became. */
  readonly unknownCommands: () => readonly UnknownCommand[]
  /** Since the newest beat of the engine, ms. */
  readonly engineAgeMs: () => number
}

export interface UnknownCommand {
  readonly id: string
  readonly type: string
  readonly runId: string | null
  readonly layerId: string | null
  readonly seedId: number | null
  readonly correlationId: string | null
}

export interface InstallationWatchOptions {
  readonly clock: Clock
  readonly rules: () => readonly AlertRule[]
  readonly readings: InstallationReadings
  readonly onSignals: (signals: readonly AlertSignal[]) => void
}

interface Held {
  sinceMs: number
  raised: boolean
  level: AlertRule['severity']
}

type Facts = Partial<Pick<RaiseSignal, 'value' | 'threshold' | 'metric' | 'unit' | 'correlationId' | 'severity'>> & {
  readonly text: string
}

const NOWHERE: SignalPlace = Object.freeze({ runId: null, layerId: null, seedId: null, what: null })
const MINUTE_MS = 60_000

/** Creates the watch; `check` is called by a timer. */
export function createInstallationWatch({ clock, rules, readings, onSignals }: InstallationWatchOptions) {
  const held = new Map<string, Held>()
  let signals: AlertSignal[] = []
  let deadLetters: { count: number; atMs: number } | null = null
  /** Refusals counted per second of the last minute. */
  let refused: { total: number; atMs: number }[] = []

  const keyOf = (rule: AlertRule, place: SignalPlace) => `${rule.id} ${place.layerId} ${place.seedId} ${place.what}`

  /** True, false, or null: not known now, so nothing changes. */
  const set = (rule: AlertRule, place: SignalPlace, holds: boolean | null, forMs: number, facts: () => Facts): void => {
    const key = keyOf(rule, place)
    const nowMs = clock.wallMs()
    const known = held.get(key)
    if (holds === null) return
    if (!holds) {
      held.delete(key)
      if (known?.raised === true) signals.push({ on: 'clear', rule: rule.id, place, atMs: nowMs })
      return
    }
    const entry = known ?? { sinceMs: nowMs, raised: false, level: rule.severity }
    held.set(key, entry)
    if (entry.raised || nowMs - entry.sinceMs < forMs) return
    entry.raised = true
    const { text, value = null, threshold = null, metric = null, unit = null, correlationId = null, severity } = facts()
    signals.push({
      on: 'raise',
      rule: rule.id,
      place,
      atMs: nowMs,
      severity: severity ?? rule.severity,
      text,
      metric,
      unit,
      value,
      threshold,
      correlationId,
    })
  }

  const seconds = (rule: AlertRule, name = 'seconds'): number => rule.params[name]! * 1_000
  const what = (name: string): SignalPlace => ({ ...NOWHERE, what: name })

  const checkLag = (rule: AlertRule): void => {
    const { entries, clear } = rule.params as { entries: number; clear: number }
    for (const { topic, lag } of readings.counters().streams) {
      const place = what(topic)
      const known = held.get(keyOf(rule, place))
      const holds = lag === null ? null : known?.raised === true ? lag >= clear : lag > entries
      set(rule, place, holds, seconds(rule), () => ({
        text: `The reader of ${topic} is ${lag} entries behind.`,
        metric: 'lag',
        unit: 'entries',
        value: lag,
        threshold: entries,
      }))
    }
  }

  const checkDead = (rule: AlertRule): void => {
    const quiet = deadLetters === null || clock.wallMs() - deadLetters.atMs >= seconds(rule, 'quiet_s')
    set(rule, NOWHERE, !quiet, 0, () => ({
      text: 'Entries were given up after repeated failures; they are kept on kasmina.dead.',
      metric: 'dead_letters',
      unit: 'entries',
      value: deadLetters?.count ?? null,
      threshold: 0,
    }))
  }

  const checkRefusals = (rule: AlertRule): void => {
    const { per_min: limit, clear } = rule.params as { per_min: number; clear: number }
    const perMinute = (refused.at(-1)?.total ?? 0) - (refused[0]?.total ?? 0)
    const known = held.get(keyOf(rule, NOWHERE))
    set(rule, NOWHERE, known?.raised === true ? perMinute >= clear : perMinute > limit, 0, () => ({
      text: `${perMinute} entries were refused within a minute.`,
      metric: 'refused',
      unit: 'entries/min',
      value: perMinute,
      threshold: limit,
    }))
  }

  const checkReadiness = (rule: AlertRule): void => {
    const ready = readings.stopReady()
    const layers = readings.reportingLayers()
    const holds = layers === 0 ? false : ready === null || ready.ready < ready.of
    set(rule, NOWHERE, holds, seconds(rule), () => ({
      text:
        ready === null
          ? 'The gateway does not answer: an emergency stop goes out on the bus only, if at all.'
          : `${ready.of - ready.ready} of ${ready.of} layers did not answer the last probe of the stop.`,
      metric: 'stop_ready',
      unit: 'layers',
      value: ready?.ready ?? null,
      threshold: ready?.of ?? null,
    }))
  }

  const checkCommands = (rule: AlertRule): void => {
    const unknown = readings.unknownCommands()
    const ids = new Set(unknown.map(({ id }) => id))
    for (const { id, type, runId, layerId, seedId, correlationId } of unknown)
      set(rule, { runId, layerId, seedId, what: id }, true, 0, () => ({
        text: `${type} to ${layerId ?? 'the run'}${seedId === null ? '' : ` seed ${seedId}`} has no outcome: nobody knows whether it was applied.`,
        correlationId: correlationId ?? id,
      }))
    openCommands.set(rule.id, openCommands.get(rule.id) ?? new Map())
    const open = openCommands.get(rule.id)!
    for (const [id, place] of open)
      if (!ids.has(id)) {
        open.delete(id)
        set(rule, place, false, 0, () => ({ text: '' }))
      }
    for (const { id, runId, layerId, seedId } of unknown) open.set(id, { runId, layerId, seedId, what: id })
  }
  const openCommands = new Map<string, Map<string, SignalPlace>>()

  const checkBroken = (rule: AlertRule): void => {
    const broken = new Map(readings.broken().map(({ name, text }) => [name, text]))
    for (const [name, text] of broken) {
      openWays.add(name)
      set(rule, what(name), true, 0, () => ({ text }))
    }
    for (const name of openWays)
      if (!broken.has(name)) {
        openWays.delete(name)
        set(rule, what(name), false, 0, () => ({ text: '' }))
      }
  }
  const openWays = new Set<string>()

  const checkBus = (rule: AlertRule): void => {
    const { state, cause } = readings.bus()
    const holds = state === 'up' ? false : state === 'starting' || state === 'stopped' ? null : true
    set(rule, NOWHERE, holds, seconds(rule), () => ({ text: `The bus does not answer: ${cause ?? state}.` }))
  }

  const checkEngine = (rule: AlertRule): void => {
    const ageS = readings.engineAgeMs() / 1_000
    set(rule, NOWHERE, ageS > rule.params['seconds']!, 0, () => ({
      text: `The alert engine has not told that it runs for ${ageS.toFixed(0)} s: nothing is watched now.`,
      metric: 'engine_age',
      unit: 's',
      value: ageS,
      threshold: rule.params['seconds']!,
    }))
  }

  /** What looks at telemetry and events is judged beside the ingest. */
  const checks: Partial<Record<DetectorName, (rule: AlertRule) => void>> = {
    bus_down: checkBus,
    bus_lag: checkLag,
    dead_letters: checkDead,
    refusals: checkRefusals,
    stop_unready: checkReadiness,
    command_unacked: checkCommands,
    breaker_open: checkBroken,
    engine_dead: checkEngine,
  }

  return {
    /** Conditions that were open when the server started. */
    adopt(rule: AlertRule, place: SignalPlace): void {
      held.set(keyOf(rule, place), { sinceMs: 0, raised: true, level: rule.severity })
      if (rule.detector === 'breaker_open' && place.what !== null) openWays.add(place.what)
      if (rule.detector !== 'command_unacked' || place.what === null) return
      const open = openCommands.get(rule.id) ?? new Map<string, SignalPlace>()
      openCommands.set(rule.id, open.set(place.what, place))
    },
    check(): void {
      const nowMs = clock.wallMs()
      const { deadLetters: count, refusedTotal } = readings.counters()
      if (deadLetters === null ? count > 0 : count > deadLetters.count) deadLetters = { count, atMs: nowMs }
      // A reader that was started again counts from zero.
      if (refusedTotal < (refused.at(-1)?.total ?? 0)) refused = []
      refused.push({ total: refusedTotal, atMs: nowMs })
      while (refused.length > 1 && nowMs - refused[0]!.atMs > MINUTE_MS) refused.shift()
      for (const rule of rules()) if (rule.enabled) checks[rule.detector]?.(rule)
      if (signals.length === 0) return
      const batch = signals
      signals = []
      onSignals(batch)
    },
  }
}
