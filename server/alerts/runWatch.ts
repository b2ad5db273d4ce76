/*
 * runWatch: every rule that looks at one run: its columns layer by layer, its host, its events; and what of it was told.
 * In: merged ticks, messages, rules. Out: signals.
 * Invariant: what is raised here is cleared here, also when rules or tables change underneath; what an engine before saw is remembered
 * and not told anew; rows beyond the bound are not watched, and that is said.
 * Source: docs/alerts.md "how it works".
 */
import { createGradientDetector, type HostDetector } from '../../lib/alerts/hostDetectors.ts'
import { createRunDetector, type Condition, type RunDetector } from '../../lib/alerts/runDetectors.ts'
import { createSeedDetector } from '../../lib/alerts/seedDetectors.ts'
import type { SeedDetector, SeedFinding } from '../../lib/alerts/seedFinding.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import type { Run } from '../ingest/runTable.ts'
import type { AlertSignal, OpenCondition, SignalPlace } from './alertSignals.ts'
import { createNonFinite } from './nonFinite.ts'
import { noteRunEvent } from './runEvents.ts'

export interface RunWatch {
  /**
   * Looks at the layers that changed since the last look, one by one. Answers false when `isOver` said stop before the last of
   * them: the next call goes on there.
   */
  look(atMs: number, isOver?: () => boolean): boolean
  onMessage(message: AnyMessage, atMs: number, seen: boolean): void
  /** Values of a layer that were no numbers at their source. */
  onFlags(layerId: string, count: number, atMs: number): void
  setRules(rules: readonly AlertRule[], open: readonly OpenCondition[]): void
  /** What replayed events left to tell, once the run reports. */
  settle(atMs: number): void
  rows(): number
}

export interface RunWatchOptions {
  readonly run: Run
  readonly rules: readonly AlertRule[]
  readonly open: readonly OpenCondition[]
  readonly emit: (signal: AlertSignal) => void
  /** Whether so many more rows may be watched. */
  readonly takeRows: (rows: number) => boolean
}

interface LayerSlot {
  readonly layerId: string
  rows: number
  reports: number
  detectors: Map<string, { readonly rule: AlertRule; readonly detector: SeedDetector }>
  fossilised: number
  watched: boolean
}

interface RunSlot {
  readonly rule: AlertRule
  readonly detector: RunDetector
  /** What was told and not taken back: level by what it is about. */
  readonly told: Map<string, number>
  observed: number
}

/** What replays nothing can not say that something is over: so many readings first. */
const OBSERVED = 3
const same = (a: AlertRule, b: AlertRule): boolean => a.id === b.id && a.version === b.version

/** Creates the watch of one run. */
export function createRunWatch({ run, rules: first, open: firstOpen, emit, takeRows }: RunWatchOptions): RunWatch {
  const runId = run.descriptor.run_id
  let rules = first
  let layers: LayerSlot[] = []
  /** Raised rows by rule and layer, so that a rule or table that changes goes on with them. */
  const raised = new Map<string, Map<number, number>>()
  const runSlots = new Map<string, RunSlot>()
  const hosts = new Map<string, { readonly rule: AlertRule; readonly detector: HostDetector }>()
  let watchedRows = 0
  let nowMs = 0
  let nextLayer = 0

  const place = (layerId: string | null, seedId: number | null, what: string | null = null): SignalPlace => ({
    runId,
    layerId,
    seedId,
    what,
  })
  const nonFinite = createNonFinite({
    rules: () => rules.filter((rule) => rule.detector === 'non_finite'),
    place,
    emit,
  })

  const unitOf = (metric: string | null): string | null =>
    run.descriptor.seed_columns.find(({ name }) => name === metric)?.unit ?? null

  const raisedOf = (rule: string, layerId: string): Map<number, number> => {
    const key = `${rule} ${layerId}`
    const known = raised.get(key) ?? new Map<number, number>()
    raised.set(key, known)
    return known
  }

  const onFinding = (rule: AlertRule, layerId: string, finding: SeedFinding): void => {
    const { on, row, level, value, threshold, metric, text } = finding
    const where = place(layerId, row)
    if (on === 'worst') return emit({ on, rule: rule.id, place: where, value })
    if (on === 'clear') {
      raisedOf(rule.id, layerId).delete(row)
      return emit({ on, rule: rule.id, place: where, atMs: nowMs })
    }
    raisedOf(rule.id, layerId).set(row, level)
    emit({
      on,
      rule: rule.id,
      place: where,
      atMs: nowMs,
      severity: level > 1 ? 'critical' : rule.severity,
      text,
      metric,
      unit: unitOf(metric),
      value: Number.isFinite(value) ? value : null,
      threshold,
      correlationId: null,
    })
  }

  const makeLayer = (layer: LayerSlot): void => {
    const before = layer.detectors
    layer.detectors = new Map()
    for (const rule of rules) {
      const kept = before.get(rule.id)
      if (kept !== undefined && same(kept.rule, rule)) {
        layer.detectors.set(rule.id, kept)
        continue
      }
      const detector = createSeedDetector(rule, layer.rows, (finding) => onFinding(rule, layer.layerId, finding))
      if (detector === null) continue
      for (const [row, level] of raisedOf(rule.id, layer.layerId)) detector.adopt(row, level)
      layer.detectors.set(rule.id, { rule, detector })
    }
  }

  /** Tables of a run that is only known by its messages grow while they arrive. */
  const fitLayers = (): void => {
    const { layers: described } = run.descriptor
    const fits =
      layers.length === described.length &&
      layers.every(
        (layer, at) => layer.layerId === described[at]!.layer_id && layer.rows === run.tables[at]!.shape.rows,
      )
    if (fits) return
    const before = new Map(layers.map((layer) => [layer.layerId, layer]))
    layers = described.map(({ layer_id: layerId }, at) => {
      const { rows } = run.tables[at]!.shape
      const known = before.get(layerId)
      if (known !== undefined && known.rows === rows) return known
      const added = rows - (known?.watched === true ? known.rows : 0)
      const watched = takeRows(added)
      if (watched) watchedRows += added
      const slot: LayerSlot = {
        layerId,
        rows,
        reports: known?.reports ?? 0,
        detectors: new Map(),
        fossilised: 0,
        watched,
      }
      if (watched) makeLayer(slot)
      return slot
    })
  }

  const sync = (slot: RunSlot, atMs: number): void => {
    const { rule, detector, told } = slot
    for (const [what, condition] of detector.holds) {
      if (told.get(what) === condition.level) continue
      told.set(what, condition.level)
      emit(toRaise(rule, what, condition, atMs))
    }
    for (const what of told.keys()) {
      if (detector.holds.has(what) || slot.observed < OBSERVED) continue
      told.delete(what)
      emit({ on: 'clear', rule: rule.id, place: place(null, null, what === '' ? null : what), atMs })
    }
  }

  const toRaise = (rule: AlertRule, what: string, condition: Condition, atMs: number): AlertSignal => ({
    on: 'raise',
    rule: rule.id,
    place: place(null, null, what === '' ? null : what),
    atMs,
    severity: condition.level > 1 ? 'critical' : rule.severity,
    text: condition.text,
    metric: condition.metric,
    unit: null,
    value: condition.value,
    threshold: condition.threshold,
    correlationId: null,
  })

  const syncAll = (atMs: number): void => {
    for (const slot of runSlots.values()) sync(slot, atMs)
  }

  const makeRunSlots = (open: readonly OpenCondition[]): void => {
    // Producers that never told of a snapshot make none: only ours is held to it.
    const mine = rules.filter((rule) => rule.detector !== 'no_checkpoint' || run.descriptor.origin === 'trainer')
    for (const id of runSlots.keys()) if (!mine.some((rule) => rule.id === id)) runSlots.delete(id)
    for (const rule of mine) {
      const kept = runSlots.get(rule.id)
      if (kept !== undefined && same(kept.rule, rule)) continue
      const detector = createRunDetector(rule)
      if (detector === null) continue
      const told = new Map(kept?.told)
      for (const { rule: id, place: where, severity } of open)
        if (id === rule.id && where.runId === runId)
          told.set(where.what ?? '', severity === 'critical' && rule.severity !== 'critical' ? 2 : 1)
      runSlots.set(rule.id, { rule, detector, told, observed: 0 })
    }
    for (const id of hosts.keys()) if (!rules.some((rule) => rule.id === id)) hosts.delete(id)
    for (const rule of rules) {
      const kept = hosts.get(rule.id)
      if (rule.detector !== 'gradient_explosion' || (kept !== undefined && same(kept.rule, rule))) continue
      const detector = createGradientDetector(rule)
      if (open.some((one) => one.rule === rule.id && one.place.runId === runId)) detector.adopt()
      hosts.set(rule.id, { rule, detector })
    }
  }

  const adopt = (open: readonly OpenCondition[]): void => {
    for (const { rule, place: where, severity } of open) {
      if (where.runId !== runId) continue
      const known = rules.find((one) => one.id === rule)
      if (known?.detector === 'non_finite') nonFinite.adopt(known, where)
      if (where.layerId === null || where.seedId === null) continue
      const level = severity === 'critical' && known?.severity !== 'critical' ? 2 : 1
      raisedOf(rule, where.layerId).set(where.seedId, level)
    }
  }

  const onHost = (at: number, atMs: number): void => {
    const table = run.tables[at]!
    const read = (name: string): number => table.layer[columnIndex(run.descriptor.layer_columns, name)] ?? Number.NaN
    for (const { rule, detector } of hosts.values()) {
      const finding = detector.evaluate(read('host_grad_norm'), read('clip_fraction'))
      if (finding === null) continue
      const where = place(null, null)
      if (finding.on === 'clear') emit({ on: 'clear', rule: rule.id, place: where, atMs })
      else
        emit({
          on: 'raise',
          rule: rule.id,
          place: where,
          atMs,
          severity: rule.severity,
          text: finding.text,
          metric: 'host_grad_norm',
          unit: 'norm',
          value: finding.value,
          threshold: finding.threshold,
          correlationId: null,
        })
    }
  }

  const lookAt = (layer: LayerSlot, at: number, atMs: number): void => {
    const table = run.tables[at]!
    const tick = table.meta[TABLE_META.tick]!
    const { rows } = layer
    const offsetOf = (name: string): number => {
      const column = columnIndex(run.descriptor.seed_columns, name)
      return column < 0 ? -1 : column * rows
    }
    const columns = { rows, seeds: table.seeds, offsetOf, tick }
    for (const { detector } of layer.detectors.values()) detector.evaluate(columns)
    const stateAt = offsetOf('state')
    layer.fossilised = 0
    if (stateAt >= 0)
      for (let row = 0; row < rows; row++)
        if (table.seeds[stateAt + row] === SEED_STATE_ID.FOSSILIZED) layer.fossilised++
    nonFinite.onTick(layer.layerId, atMs)
    if (at !== 0) return
    onHost(at, atMs)
    nonFinite.onTick(null, atMs)
    if (!Number.isFinite(tick)) return
    const counts = {
      seeds: layers.reduce((sum, one) => sum + one.rows, 0),
      fossilised: layers.reduce((sum, one) => sum + one.fossilised, 0),
    }
    for (const slot of runSlots.values()) {
      if (slot.detector.onTick === undefined) continue
      slot.detector.onTick(tick, counts)
      if (slot.rule.detector === 'no_checkpoint') slot.observed++
    }
    syncAll(atMs)
  }

  adopt(firstOpen)
  makeRunSlots(firstOpen)

  return {
    look(atMs, isOver = () => false) {
      nowMs = atMs
      fitLayers()
      for (; nextLayer < layers.length; nextLayer++) {
        const layer = layers[nextLayer]!
        const reports = run.tables[nextLayer]!.meta[TABLE_META.reports]!
        if (reports === layer.reports) continue
        if (isOver()) return false
        layer.reports = reports
        lookAt(layer, nextLayer, atMs)
      }
      nextLayer = 0
      return true
    },
    onMessage(message, atMs, seen) {
      for (const slot of runSlots.values()) if (noteRunEvent(slot.detector, message)) slot.observed++
      if (seen) return
      nonFinite.onMessage(message, atMs)
      syncAll(atMs)
    },
    onFlags: (layerId, count, atMs) => nonFinite.onFlags(layerId, count, atMs),
    setRules(next, open) {
      rules = next
      for (const layer of layers) if (layer.watched) makeLayer(layer)
      makeRunSlots(open)
    },
    settle: syncAll,
    rows: () => watchedRows,
  }
}
