/*
 * arrivalWatch: whether what should arrive does: gaps, silence, goodbyes, layer by layer.
 * In: runs and the times of their reports, heartbeats, goodbyes; looked at twice a second. Out: signals of the rules, silent and heard.
 * Invariant: only a layer that reported to this process can fall silent; a run that says it stands still is not missing; a reader that
 * was itself held up judges nobody until it has caught up.
 * Source: docs/alerts.md "rules that ship"; docs/ux.md "freshness model".
 */
import type { DetectorName } from '../../lib/contracts/alertDetectors.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import type { Run } from '../ingest/runTable.ts'
import type { AlertSignal, OpenCondition, RaiseSignal, SignalPlace } from './alertSignals.ts'

export interface ArrivalWatch {
  /** Looks at every layer. */
  sweep(runs: readonly Run[], nowMs: number): void
  /** A producer says that it stands still, as a whole or in these layers, or that it goes on. */
  onStill(runId: string, still: boolean, layers: readonly string[], atMs: number): void
  onGone(runId: string, gone: boolean): void
  forget(runId: string): void
  adopt(open: readonly OpenCondition[]): void
}

export interface ArrivalWatchOptions {
  readonly rulesOf: (detector: DetectorName) => readonly AlertRule[]
  readonly emit: (signal: AlertSignal) => void
}

interface Layer {
  lastMs: number
  reports: number
  silent: boolean
  /** Level told by rule. */
  readonly raised: Map<string, number>
  /** Reports since it was raised. */
  readonly since: Map<string, number>
}

/** A word about standing still holds for so long: then the producer itself is missing. */
const STILL_MS = 15_000
const SWEEP_MS = 500
const SILENT_MS = 60_000

/** Creates the watch. */
export function createArrivalWatch({ rulesOf, emit }: ArrivalWatchOptions): ArrivalWatch {
  const layers = new Map<string, Layer>()
  const still = new Map<
    string,
    { readonly all: boolean; readonly layers: ReadonlySet<string>; readonly atMs: number }
  >()
  const gone = new Set<string>()
  let sweptMs = Number.NaN
  let adopted: readonly OpenCondition[] = []

  const layerOf = (runId: string, layerId: string): Layer => {
    const key = `${runId} ${layerId}`
    const known = layers.get(key)
    if (known !== undefined) return known
    const made: Layer = { lastMs: 0, reports: 0, silent: true, raised: new Map(), since: new Map() }
    for (const { rule, place, severity } of adopted)
      if (place.runId === runId && place.layerId === layerId) {
        made.raised.set(rule, severity === 'critical' ? 2 : 1)
        made.since.set(rule, 0)
      }
    layers.set(key, made)
    return made
  }

  const isStill = (runId: string, layerId: string, nowMs: number): boolean => {
    const said = still.get(runId)
    return said !== undefined && nowMs - said.atMs < STILL_MS && (said.all || said.layers.has(layerId))
  }

  const set = (
    rule: AlertRule,
    layer: Layer,
    place: SignalPlace,
    level: number,
    facts: Pick<RaiseSignal, 'text' | 'value' | 'threshold' | 'unit' | 'atMs'> & {
      readonly severity?: AlertRule['severity']
    },
  ): void => {
    const before = layer.raised.get(rule.id) ?? 0
    if (level === before) return
    const { severity, ...rest } = facts
    if (level === 0) {
      layer.raised.delete(rule.id)
      return emit({ on: 'clear', rule: rule.id, place, atMs: facts.atMs })
    }
    layer.raised.set(rule.id, level)
    layer.since.set(rule.id, 0)
    emit({
      on: 'raise',
      rule: rule.id,
      place,
      metric: 'age',
      correlationId: null,
      severity: severity ?? (level > 1 ? 'critical' : rule.severity),
      ...rest,
    })
  }

  const judgeGap = (rule: AlertRule, run: Run, layer: Layer, place: SignalPlace, nowMs: number): void => {
    const {
      intervals,
      critical,
      floor_ms: floorMs,
      clear_reports: clearReports,
    } = rule.params as Record<string, number>
    const at = run.layerIndex.get(place.layerId!)!
    const measured = run.tables[at]!.meta[TABLE_META.intervalMs]!
    const intervalMs = Math.max(floorMs!, Number.isFinite(measured) ? measured : run.descriptor.expected_interval_ms)
    const ageMs = nowMs - layer.lastMs
    const facts = {
      text: `No report for ${(ageMs / 1_000).toFixed(1)} s; one is expected each ${(intervalMs / 1_000).toFixed(1)} s.`,
      value: ageMs / 1_000,
      threshold: (intervals! * intervalMs) / 1_000,
      unit: 's',
      atMs: nowMs,
    }
    const raised = layer.raised.get(rule.id) ?? 0
    const explained = gone.has(run.descriptor.run_id) || isStill(run.descriptor.run_id, place.layerId!, nowMs)
    const missing = ageMs > intervals! * intervalMs
    if (missing && !explained)
      return set(rule, layer, place, Math.max(raised, ageMs > critical! * intervalMs ? 2 : 1), facts)
    if (raised > 0 && (explained || (!missing && (layer.since.get(rule.id) ?? 0) >= clearReports!)))
      set(rule, layer, place, 0, facts)
  }

  const judgeSilence = (rule: AlertRule, run: Run, layer: Layer, place: SignalPlace, nowMs: number): void => {
    const silentMs = rule.params['silent_s']! * 1_000
    const runId = run.descriptor.run_id
    const said = gone.has(runId)
    const ageMs = nowMs - layer.lastMs
    const silent = said || (ageMs > silentMs && !isStill(runId, place.layerId!, nowMs))
    set(rule, layer, place, silent ? 1 : 0, {
      text: said
        ? 'Its producer said goodbye: nothing of this layer will come any more.'
        : `Nothing was heard for ${Math.round(ageMs / 1_000)} s.`,
      value: ageMs / 1_000,
      threshold: silentMs / 1_000,
      unit: 's',
      atMs: nowMs,
      ...(said ? { severity: 'info' as const } : {}),
    })
  }

  const judgeLayer = (run: Run, at: number, nowMs: number): void => {
    const runId = run.descriptor.run_id
    const layerId = run.descriptor.layers[at]!.layer_id
    const { meta } = run.tables[at]!
    const reports = meta[TABLE_META.reports]!
    // It never reported here: what it was before is somebody else's knowledge.
    if (!(reports > 0)) return
    const layer = layerOf(runId, layerId)
    if (reports !== layer.reports) {
      for (const [rule, count] of layer.since) layer.since.set(rule, count + reports - layer.reports)
      layer.reports = reports
      layer.lastMs = meta[TABLE_META.ingestMs]!
      if (layer.silent) {
        layer.silent = false
        emit({ on: 'heard', runId, layerId, atMs: nowMs })
      }
    }
    const place = { runId, layerId, seedId: null, what: null }
    for (const rule of rulesOf('telemetry_gap')) judgeGap(rule, run, layer, place, nowMs)
    for (const rule of rulesOf('layer_silent')) judgeSilence(rule, run, layer, place, nowMs)
    const quiet = gone.has(runId) || (nowMs - layer.lastMs > SILENT_MS && !isStill(runId, layerId, nowMs))
    if (!quiet || layer.silent) return
    layer.silent = true
    emit({ on: 'silent', runId, layerId, atMs: nowMs })
  }

  return {
    sweep(runs, nowMs) {
      const held = nowMs - sweptMs > 4 * SWEEP_MS
      sweptMs = nowMs
      if (held) return
      for (const run of runs) for (let at = 0; at < run.tables.length; at++) judgeLayer(run, at, nowMs)
    },
    onStill(runId, stands, which, atMs) {
      if (stands || which.length > 0) still.set(runId, { all: stands, layers: new Set(which), atMs })
      else still.delete(runId)
    },
    onGone(runId, isGone) {
      if (isGone) gone.add(runId)
      else gone.delete(runId)
    },
    forget(runId) {
      still.delete(runId)
      gone.delete(runId)
      for (const key of layers.keys()) if (key.startsWith(`${runId} `)) layers.delete(key)
    },
    adopt(open) {
      adopted = open
    },
  }
}
