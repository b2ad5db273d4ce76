/*
 * pastBacktest: what a rule would have raised on the recorded past: with the detectors and the alarm states of the engine itself.
 * In: a recorded history, a rule, a window. Out: one step per tick or record, so that whoever runs it can stop at any; then the answer.
 * Invariant: ticks and records come in the order of time; only the columns that the rule reads are unpacked; holes are counted and named
 * with their cause, never taken for quiet.
 * Source: docs/alerts.md "back-test"; docs/history.md "reading".
 */
import type { AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import { createGradientDetector } from '../../lib/alerts/hostDetectors.ts'
import { createRunDetector } from '../../lib/alerts/runDetectors.ts'
import { createSeedDetector } from '../../lib/alerts/seedDetectors.ts'
import type { SeedDetector, SeedFinding } from '../../lib/alerts/seedFinding.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { pastTicks, type PastTick } from '../history/pastTicks.ts'
import { gapsOf, segmentsOf } from '../history/replayCoverage.ts'
import type { RunHistory } from '../history/runHistory.ts'
import { createHoldsReader, createTally, createTickCount, noteKeptRecord } from './backtestTally.ts'
import { summarise } from './ruleBacktest.ts'

export interface PastBacktestOptions {
  readonly rule: AlertRule
  readonly policy: AlarmPolicy
  readonly fromMs: number
  readonly toMs: number
  /** Asked after each step: true ends the test there, and says so. */
  readonly isSpent: () => boolean
}

const GAPS = 32

/** The columns a rule reads: asked of a detector of one seed without values. */
export function columnsOf(rule: AlertRule): readonly string[] {
  const names = new Set<string>()
  const offsetOf = (name: string): number => [...names.add(name)].indexOf(name)
  const seeds = new Float32Array(64).fill(Number.NaN)
  createSeedDetector(rule, 1, () => undefined)?.evaluate({ rows: 1, seeds, offsetOf, tick: 0 })
  // How many seeds are fossilised is the business of some rules about the run.
  if (createRunDetector(rule)?.onTick !== undefined) names.add('state')
  return [...names]
}

/** Records of the window, oldest first. */
function* recordsOf(history: RunHistory, fromMs: number, toMs: number): Generator<LiveRecord, void, void> {
  const blocks = history
    .events()
    .filter((block) => block.toMs >= fromMs && block.fromMs <= toMs)
    .toSorted((a, b) => a.fromMs - b.fromMs)
  const inWindow = ({ at_ms: atMs }: LiveRecord): boolean => atMs >= fromMs && atMs <= toMs
  // Blocks may overlap by what was read again from the bus: all that begin before a record is told are looked at.
  let waiting: LiveRecord[] = []
  for (const [at, block] of blocks.entries()) {
    waiting = [...waiting, ...history.readEvents(block).filter(inWindow)].toSorted((a, b) => a.at_ms - b.at_ms)
    const nextMs = blocks[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY
    const ripe = waiting.findIndex((record) => record.at_ms >= nextMs)
    const ready = ripe < 0 ? waiting : waiting.slice(0, ripe)
    waiting = ripe < 0 ? [] : waiting.slice(ripe)
    yield* ready
  }
}

/** Runs the test, a tick or a record per step. */
export function* backtestPast(
  history: RunHistory,
  options: PastBacktestOptions,
): Generator<undefined, RuleBacktest, void> {
  const { rule, fromMs, toMs, isSpent } = options
  const { descriptor } = history.run
  const tally = createTally(options)
  const count = createTickCount()
  const limits: string[] = []
  const columns = columnsOf(rule)
  const runDetector = createRunDetector(rule)
  const gradients = rule.detector === 'gradient_explosion' ? createGradientDetector(rule) : null
  const read = createHoldsReader(rule, tally)
  const layers = new Map<string, { readonly rows: number; readonly seeds: Float32Array; readonly by: SeedDetector }>()
  const fossilised = new Map<string, number>()
  const seedsInAll = descriptor.layers.reduce((sum, { seeds }) => sum + seeds, 0)
  let judged = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  let nowMs = 0
  const note = (atMs: number): void => {
    judged++
    nowMs = atMs
    first = Math.min(first, atMs)
    last = Math.max(last, atMs)
  }

  const onFinding = (layerId: string, { on, row, level, text }: SeedFinding): void => {
    const key = `${layerId} ${row}`
    if (on === 'clear') tally.clear(key, nowMs)
    if (on !== 'raise') return
    const severity = level > 1 ? 'critical' : rule.severity
    tally.raise(key, nowMs, { layer_id: layerId, seed_id: row, severity, text })
  }
  const layerOf = ({ layerId, rows }: PastTick) => {
    const known = layers.get(layerId)
    if (known?.rows === rows) return known
    const by = createSeedDetector(rule, rows, (finding) => onFinding(layerId, finding))
    const made = by === null ? null : { rows, seeds: new Float32Array(rows * columns.length), by }
    if (made !== null) layers.set(layerId, made)
    return made
  }

  const onTick = (tick: PastTick): void => {
    note(tick.atMs)
    count.note(tick.layerId, tick.tick)
    const layer = layerOf(tick)
    if (layer !== null) {
      const { rows, seeds } = layer
      tick.columns.forEach((values, at) => seeds.set(values, at * rows))
      const offsetOf = (name: string): number => {
        const at = columns.indexOf(name)
        return at < 0 || columnIndex(descriptor.seed_columns, name) < 0 ? -1 : at * rows
      }
      layer.by.evaluate({ rows, seeds, offsetOf, tick: tick.tick })
    }
    if (runDetector?.onTick !== undefined) {
      const states = tick.columns[columns.indexOf('state')]!
      fossilised.set(tick.layerId, states.filter((state) => state === SEED_STATE_ID.FOSSILIZED).length)
    }
    if (tick.layer !== 0) return
    if (gradients !== null) {
      const reading = (name: string) => tick.layerValues[columnIndex(descriptor.layer_columns, name)] ?? Number.NaN
      const finding = gradients.evaluate(reading('host_grad_norm'), reading('clip_fraction'))
      if (finding?.on === 'clear') tally.clear('', nowMs)
      else if (finding !== null)
        tally.raise('', nowMs, { layer_id: null, seed_id: null, severity: rule.severity, text: finding.text })
    }
    if (runDetector?.onTick === undefined || !Number.isFinite(tick.tick)) return
    const counts = { seeds: seedsInAll, fossilised: [...fossilised.values()].reduce((sum, one) => sum + one, 0) }
    runDetector.onTick(tick.tick, counts)
    read(runDetector, nowMs)
  }
  const onRecord = (record: LiveRecord): void => {
    if (runDetector === null) return
    note(record.at_ms)
    noteKeptRecord(runDetector, record)
    read(runDetector, nowMs)
  }

  // A rule about events alone needs no tick unpacked.
  const needsTicks = columns.length > 0 || gradients !== null
  const ticks = needsTicks ? pastTicks(history, { fromMs, toMs, columns }) : [].values()
  const records = runDetector === null ? [].values() : recordsOf(history, fromMs, toMs)
  let tick: IteratorResult<PastTick, void> = ticks.next()
  let record: IteratorResult<LiveRecord, void> = records.next()
  while (tick.done !== true || record.done !== true) {
    if (record.done === true || (tick.done !== true && tick.value.atMs < record.value.at_ms)) {
      onTick(tick.value as PastTick)
      tick = ticks.next()
    } else {
      onRecord(record.value)
      record = records.next()
    }
    if (isSpent()) {
      limits.push(`the test took too long and ended at ${new Date(nowMs).toISOString()}: ask for fewer hours`)
      break
    }
    yield
  }
  if (judged === 0) limits.push(`${rule.detector} can not be judged on what is recorded of this window`)
  const gaps = gapsOf(history, segmentsOf(history)).filter((gap) => gap.from_ms < toMs && gap.to_ms > fromMs)
  return summarise({
    runId: history.run.run_id,
    source: 'history',
    span: judged === 0 ? null : { first, last },
    tally,
    judged,
    coverage: { ...count.counts(), gaps: gaps.slice(-GAPS), gaps_total: gaps.length },
    limits,
  })
}
