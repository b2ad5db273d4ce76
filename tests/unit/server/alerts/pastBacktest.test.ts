import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SHIPPED_BY_ID, SHIPPED_RULES } from '../../../../lib/alerts/shippedRules.ts'
import type { AlertRule } from '../../../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../../../lib/contracts/httpRules.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { createSpirals } from '../../../../lib/training/dataset.ts'
import { recordRun, type RecordedRun } from '../../../../scripts/alertScore/recordRun.ts'
import { toPolicy } from '../../../../server/alerts/alertEngine.ts'
import { createTickCount } from '../../../../server/alerts/backtestTally.ts'
import { columnsOf } from '../../../../server/alerts/pastBacktest.ts'
import { createRunWatch } from '../../../../server/alerts/runWatch.ts'
import { createHistoryRecorder } from '../../../../server/history/historyRecorder.ts'
import { openHistoryLibrary, type HistoryLibrary } from '../../../../server/history/historyLibrary.ts'
import { createRuleTrials } from '../../../../server/history/ruleTrials.ts'
import { toRecordDraft } from '../../../../server/ingest/eventRecords.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import { createRunTable, noteReport } from '../../../../server/ingest/runTable.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const root = mkdtempSync(path.join(tmpdir(), 'past-backtest-'))
/** What the live watch raised, rule by rule: when, and where. */
const live = new Map<string, string[]>()
let run: RecordedRun
let library: HistoryLibrary | undefined
let startMs: number
let endMs: number

/** The real trainer: a chunk dies, lives are culled. */
const record = (): RecordedRun =>
  recordRun({
    dataset: createSpirals(7, { samples: 600 }),
    options: { seed: 3 },
    policy: false,
    script(it) {
      it.run(210)
      it.fault({ kind: 'dead_bias_drift', faultId: 'f', layerId: 'layer_0', seedId: 0, steps: 1_600 })
      it.run(110)
      for (let life = 0; life < 7; life++) {
        const where = { layerId: life < 4 ? 'layer_1' : 'layer_2', seedId: life % 4 }
        it.bring('TRAINING', { blueprintId: 'gated', ...where })
        it.force('CULLED', where)
        if (life === 3) it.run(25)
      }
      it.run(20)
    },
  })

/** Plays it to the recorder and, tick by tick alike, to the watch of the live engine. */
async function keep(): Promise<void> {
  const clock = createManualClock()
  let announced: RunAnnouncement | null = null
  const table = createRunTable({ historySeconds: 10, onRun: (one) => (announced = one), onGone: () => undefined })
  const { run: into } = table.announce(run.descriptor, clock.wallMs())
  const recorder = createHistoryRecorder({ root, clock, retention: { maxBytes: 1e9, maxAgeMs: null } })
  recorder.announce(announced!)
  startMs = clock.wallMs()
  const watch = createRunWatch({
    run: into,
    rules: SHIPPED_RULES,
    open: [],
    takeRows: () => true,
    emit(signal) {
      if (signal.on !== 'raise') return
      const list = live.get(signal.rule) ?? []
      live.set(signal.rule, [
        ...list,
        `${Math.round(signal.atMs - startMs)} ${signal.place.layerId}/${signal.place.seedId}`,
      ])
    },
  })
  let offset = 0
  for (const { atMs, tick, messages, columns } of run.ticks) {
    await clock.advance(startMs + atMs - clock.wallMs())
    const records: LiveRecord[] = []
    for (const message of messages) {
      watch.onMessage(message, clock.wallMs(), false)
      const draft = toRecordDraft(message, run.descriptor.run_id, clock.wallMs())
      const entry = { topic: 'kasmina.event.layer.layer_0', entry_id: `${Math.round(clock.wallMs())}-${++offset}` }
      if (draft !== null) records.push({ ...draft, entry, offset } as LiveRecord)
    }
    recorder.records(records)
    if (columns === null) continue
    columns.forEach(({ seeds, layer }, at) => {
      const one = into.tables[at]!
      one.begin()
      one.seeds.set(seeds)
      one.layer.set(layer)
      one.meta[TABLE_META.tick] = tick
      one.meta[TABLE_META.step] = tick * 20
      noteReport(into, at, clock.wallMs())
      one.end()
    })
    watch.look(clock.wallMs())
    recorder.poll()
  }
  endMs = clock.wallMs()
  let settled = false
  void recorder.settle().finally(() => (settled = true))
  while (!settled) await clock.advance(1)
}

beforeAll(async () => {
  run = record()
  await keep()
  library = openHistoryLibrary(root)
}, 120_000)
afterAll(() => {
  library?.close()
  rmSync(root, { recursive: true, force: true })
})

/** Tries a rule on the record; answers also how many turns it took. */
function tryOn(rule: AlertRule, fromMs = startMs, turnMs = 0): { readonly test: RuleBacktest; readonly turns: number } {
  // A clock that runs by itself: each look at it costs so much.
  let nowMs = 0
  const trials = createRuleTrials({ monotonicMs: () => (nowMs += turnMs) })
  const id = trials.open(library!.open(undefined), { rule, policy: toPolicy(rule), fromMs, toMs: endMs })
  for (let turns = 1; ; turns++) {
    const test = trials.next(id)
    if (test !== null) return { test, turns }
  }
}

const found = ({ alerts }: RuleBacktest): string[] =>
  alerts.map(({ at_ms: at, layer_id: layer, seed_id: seed }) => `${Math.round(at - startMs)} ${layer}/${seed}`)

test.for(['dead_chunk', 'vanishing_flow', 'dormant_drift', 'stuck_in_state', 'alpha_jump', 'gradient_explosion'])(
  'the recorded past is judged as it was live: %s',
  (id) => {
    const { test: past } = tryOn(SHIPPED_BY_ID.get(id)!)
    expect(found(past)).toEqual(live.get(id) ?? [])
    expect(past).toMatchObject({ source: 'history', judged: past.coverage.ticks, limits: [] })
  },
)

test('rules about the events of a run are judged on the records, with the ticks between them', () => {
  for (const id of ['cull_storm', 'blueprint_failing', 'loss_degradation', 'no_checkpoint']) {
    const { test: past } = tryOn(SHIPPED_BY_ID.get(id)!)
    expect(past.firings, id).toBe((live.get(id) ?? []).length)
  }
  expect(live.get('cull_storm')).toHaveLength(1)
  expect(live.get('dead_chunk')).toHaveLength(1)
})

test('it says how many ticks it saw of how many there were, and from when on', () => {
  const { test: whole } = tryOn(SHIPPED_BY_ID.get('dead_chunk')!)
  const ticks = run.ticks.filter(({ columns }) => columns !== null).length
  const layers = run.descriptor.layers.length
  expect(whole.coverage).toEqual({ ticks: ticks * layers, of: ticks * layers, gaps: [], gaps_total: 0 })
  const half = startMs + (endMs - startMs) / 2
  const { test: second } = tryOn(SHIPPED_BY_ID.get('dead_chunk')!, half)
  expect(second.from_ms).toBeGreaterThanOrEqual(half - 1)
  expect(second.coverage.ticks).toBeLessThan(whole.coverage.ticks)
})

test('ticks that are missing by their numbers are counted as missing', () => {
  const count = createTickCount()
  for (const tick of [4, 5, 9]) count.note('a', tick)
  // Put back, and on from there.
  for (const tick of [2, 3]) count.note('a', tick)
  expect(count.counts()).toEqual({ ticks: 5, of: 8 })
  count.note('b', Number.NaN)
  expect(count.counts()).toEqual({ ticks: 6, of: null })
})

test('it works in turns, and what took too long ends with what was judged, and says so', () => {
  const { test: whole, turns } = tryOn(SHIPPED_BY_ID.get('dead_chunk')!, startMs, 1)
  expect(turns).toBeGreaterThan(100)
  expect(whole.limits).toEqual([])
  const { test: cut } = tryOn(SHIPPED_BY_ID.get('dead_chunk')!, startMs, 2_500)
  expect(cut.coverage.ticks).toBeLessThan(20)
  expect(cut.limits[0]).toContain('ask for fewer hours')
})

test('of many columns only those that the rule reads are unpacked', () => {
  expect(columnsOf(SHIPPED_BY_ID.get('dead_chunk')!)).toEqual(['dead_node_ratio'])
  expect(columnsOf(SHIPPED_BY_ID.get('alpha_jump')!)).toEqual(['alpha', 'state'])
  expect(columnsOf(SHIPPED_BY_ID.get('cull_storm')!)).toEqual(['state'])
  expect(columnsOf(SHIPPED_BY_ID.get('loss_degradation')!)).toEqual([])
})

test('no more than two rules are tried at a time', () => {
  const trials = createRuleTrials({ monotonicMs: () => 0 })
  const rule = SHIPPED_BY_ID.get('dead_chunk')!
  const open = (): number =>
    trials.open(library!.open(undefined), { rule, policy: toPolicy(rule), fromMs: startMs, toMs: endMs })
  const first = open()
  open()
  expect(open).toThrow('already')
  trials.close(first)
  expect(open).not.toThrow()
})
