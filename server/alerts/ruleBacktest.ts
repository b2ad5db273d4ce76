/*
 * ruleBacktest: what a rule would have raised on the past that is in memory: with the detectors and the alarm states of the engine itself.
 * In: a rule, the history rings, curve and events of a run. Out: firings, flaps, acknowledgements it would have asked for.
 * Invariant: the same code judges live and back-test; the loop is held a few milliseconds at a time; what can not be judged on what is
 * kept is said, never counted as quiet.
 * Source: docs/alerts.md "back-test".
 */
import type { AlarmPolicy } from '../../lib/alerts/alarmTypes.ts'
import { createRunDetector } from '../../lib/alerts/runDetectors.ts'
import { createSeedDetector } from '../../lib/alerts/seedDetectors.ts'
import type { SeedFinding } from '../../lib/alerts/seedFinding.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { KnownRun } from '../state/runBook.ts'
import { createHoldsReader, createTally, createTickCount, noteKeptRecord } from './backtestTally.ts'

export interface RuleBacktestOptions {
  readonly run: KnownRun
  readonly rule: AlertRule
  readonly policy: AlarmPolicy
  readonly fromMs: number
  readonly toMs: number
  /** Lets other work go first. */
  readonly rest: () => Promise<void>
}

/** Cells judged before others go first: about 4 ms. */
const TURN_CELLS = 200_000
const GAPS = 32

/** The oldest moment of the run that memory can judge this rule on; +Infinity: none. */
export function memoryFromMs(run: KnownRun, rule: AlertRule): number {
  if (createRunDetector(rule) !== null)
    return Math.min(run.curve[0]?.at_ms ?? Number.POSITIVE_INFINITY, run.events[0]?.at_ms ?? Number.POSITIVE_INFINITY)
  const oldest = run.history.map((ring) => {
    if (ring?.shape.mode !== 'full' || ring.shape.stride > 1) return Number.POSITIVE_INFINITY
    const [from, end] = ring.range()
    return from < end ? ring.atMs(from) : Number.POSITIVE_INFINITY
  })
  return Math.max(...oldest, Number.NEGATIVE_INFINITY)
}

/** Runs the test. */
export async function backtestRule(options: RuleBacktestOptions): Promise<RuleBacktest> {
  const { run, rule, fromMs, toMs, rest } = options
  const tally = createTally(options)
  const count = createTickCount()
  const limits: string[] = []
  let judged = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  const note = (atMs: number): void => {
    judged++
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
      count.note(layerId, ring.tick(index))
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
    const read = createHoldsReader(rule, tally)
    const inWindow = (record: LiveRecord): boolean => record.at_ms >= fromMs && record.at_ms <= toMs
    const records = [...run.curve, ...run.events].filter(inWindow).toSorted((a, b) => a.at_ms - b.at_ms)
    for (const record of records) {
      note(record.at_ms)
      noteKeptRecord(detector, record)
      read(detector, record.at_ms)
    }
    limits.push('of events the newest 500 of the run are kept, of evaluations 4,096')
  }

  for (let at = 0; at < run.descriptor.layers.length; at++) {
    await testLayer(at)
    await rest()
  }
  testEvents()
  if (judged === 0 && limits.length === 0) limits.push(`${rule.detector} can not be judged on what is kept`)
  const gaps = run.gaps.filter((gap) => gap.from_ms < last && gap.to_ms > first)
  return summarise({
    runId: run.descriptor.run_id,
    source: 'memory',
    span: judged === 0 ? null : { first, last },
    tally,
    judged,
    coverage: { ...count.counts(), gaps: gaps.slice(-GAPS), gaps_total: gaps.length },
    limits,
  })
}

/** Puts the answer together. */
export function summarise(of: {
  readonly runId: string
  readonly source: RuleBacktest['source']
  readonly span: { readonly first: number; readonly last: number } | null
  readonly tally: ReturnType<typeof createTally>
  readonly judged: number
  readonly coverage: RuleBacktest['coverage']
  readonly limits: readonly string[]
}): RuleBacktest {
  const { runId, source, span, tally, judged, coverage, limits } = of
  const minutes = span === null ? 1 : Math.max(1, (span.last - span.first) / 60_000)
  const result = tally.result()
  return {
    run_id: runId,
    source,
    from_ms: span?.first ?? null,
    to_ms: span?.last ?? null,
    ...result,
    per_10_min: (result.firings / minutes) * 10,
    judged,
    coverage,
    limits: limits.slice(0, 32),
  }
}
