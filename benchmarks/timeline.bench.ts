/*
 * timeline.bench: an hour of 10,000 seeds with a million transitions: how long the Timeline's three answers take, cold and warm.
 * In: nothing (--json FILE writes the results, --transitions N, --ticks N make it smaller). Out: ms of CPU per answer.
 * Invariant: the hour is written by the recorder's own writer and read by the reader's own code; every transition is counted in what
 * comes back. Cold: a library that was just opened. Warm: asked again.
 * Source: docs/history.md; docs/performance.md "history"; docs/ux.md.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ReplayLanesQuery } from '../lib/contracts/httpLanes.ts'
import { ReplayFlowQuery } from '../lib/contracts/httpReplay.ts'
import { LEGAL_EDGES, SEED_STATE_ID, SEED_STATES } from '../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../lib/contracts/liveRecords.ts'
import type { RunDescriptor } from '../lib/contracts/runDescriptor.ts'
import { buildLoadDescriptor } from '../lib/loadgen/loadRun.ts'
import { parseLoadTables } from '../lib/loadgen/loadTables.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { openHistoryLibrary } from '../server/history/historyLibrary.ts'
import { checksumOf } from '../server/history/historyTick.ts'
import { dwellOf } from '../server/history/replayDwell.ts'
import { flowOf } from '../server/history/replayFlow.ts'
import { lanesOf } from '../server/history/replayLanes.ts'
import { cpuNs, finish, judge, numberFlag, say } from './support/benchReport.ts'
import { openHourRecord } from './support/hourRecord.ts'

const LAYERS = 10
const SEEDS = 1_000
const TRANSITIONS = numberFlag('transitions', 1_000_000)
const TICKS = numberFlag('ticks', 3_600)
const START = 1_700_000_000_000
const COLD_ROUNDS = 5
const WARM_ROUNDS = 7
const BINS = '240'
/** Of docs/ux.md: first useful paint of a page, cold and warm. */
const BUDGET_MS = { cold: 1_500, warm: 500 }

let random = 1
const chance = (most: number): number => {
  random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
  return random % most
}

/** Writes the hour: each second a tick of all layers and its share of the transitions. */
function record(root: string, run: RunDescriptor): void {
  const { writer, close } = openHourRecord(root, run, START)
  const states = Array.from({ length: LAYERS }, () => new Uint8Array(SEEDS))
  const generations = Array.from({ length: LAYERS }, () => new Uint32Array(SEEDS))
  const health = Array.from({ length: LAYERS }, () => Float32Array.from({ length: SEEDS }, () => chance(1_000) / 1_000))
  let written = 0
  for (let tick = 0; tick < TICKS; tick++) {
    const atMs = START + tick * 1_000
    const due = Math.floor(((tick + 1) / TICKS) * TRANSITIONS)
    const records: LiveRecord[] = []
    for (; written < due; written++) {
      const [layer, seed] = [chance(LAYERS), chance(SEEDS)]
      const from = SEED_STATES[states[layer]![seed]!]!
      const ways = LEGAL_EDGES[from]
      const to = ways[chance(ways.length)] ?? 'DORMANT'
      states[layer]![seed] = SEED_STATE_ID[to]
      if (to === 'GERMINATED') generations[layer]![seed]!++
      records.push({
        kind: 'transition',
        offset: 0,
        at_ms: atMs + (records.length % 997),
        run_id: run.run_id,
        entry: { topic: `kasmina.event.layer.layer_${layer}`, entry_id: `${atMs}-${written}` },
        layer_id: run.layers[layer]!.layer_id,
        seed_id: seed,
        from_state: from,
        to_state: to,
        reason: 'a step of its life, told as long as such reasons are',
        triggered_by: 'policy',
        guard: { name: 'health_above', value: 0.5, threshold: 0.4, passed: true },
        step: tick * 20,
        tick,
        generation: generations[layer]![seed]!,
        blueprint_id: `blueprint-${seed % 6}`,
        correlation_id: null,
        legal: true,
      })
    }
    // As they come: several batches in a second.
    for (let at = 0; at < records.length; at += 60) writer.records(records.slice(at, at + 60))
    for (let layer = 0; layer < LAYERS; layer++) {
      const seeds = new Float32Array(SEEDS * run.seed_columns.length)
      seeds.set(states[layer]!, 0)
      const own = health[layer]!
      for (let seed = 0; seed < SEEDS; seed++)
        own[seed] = Math.min(1, Math.max(0, own[seed]! + (chance(2_001) - 1_000) / 50_000))
      seeds.set(own, SEEDS)
      const moment = { tick, step: tick * 20, flags: 0, entryMs: atMs, entrySeq: layer }
      const checksum = checksumOf(moment, seeds, SEEDS, run.seed_columns)
      const layerValues = new Float32Array(run.layer_columns.length)
      writer.tick({ ...moment, atMs, checksum, layer, layerValues, seeds })
    }
    if (writer.isDue(atMs)) close()
  }
  close()
  writer.end()
}

const root = mkdtempSync(path.join(tmpdir(), 'morphoscope-timeline-bench-'))
try {
  const tables = parseLoadTables(readFileSync(new URL('../assets/loadgen/tables.json', import.meta.url), 'utf8'))
  const shape = { layers: LAYERS, seedsPerLayer: SEEDS, hz: 1, metrics: 6, seed: 1 }
  const load = buildLoadDescriptor(shape, { runId: 'bench-flow', epoch: 1, eventsPerSecond: 0 }, tables, systemClock)
  const columns = ['state', 'health_score'].map((name) => load.seed_columns.find((column) => column.name === name)!)
  const run: RunDescriptor = { ...load, seed_columns: columns }
  say(`writing ${TICKS} s of ${LAYERS * SEEDS} seeds with ${TRANSITIONS} transitions`)
  record(root, run)

  const lanesQuery = ReplayLanesQuery.parse({ bins: BINS })
  const flowQuery = ReplayFlowQuery.parse({ bins: BINS })
  type History = ReturnType<ReturnType<typeof openHistoryLibrary>['open']>
  const ANSWERS = {
    flow: (history: History) => flowOf(history, flowQuery).of,
    lanes: (history: History) => lanesOf([history], lanesQuery).counts.transition!.reduce((sum, one) => sum + one, 0),
    // A stay ends with each transition but the first of a seed.
    dwell: (history: History) => dwellOf(history, lanesQuery).states.reduce((sum, one) => sum + one.ended, 0),
  }
  const check = (name: keyof typeof ANSWERS, counted: number): void => {
    const least = name === 'dwell' ? TRANSITIONS - LAYERS * SEEDS : TRANSITIONS
    if (counted < least || counted > TRANSITIONS) throw new Error(`${name}: ${counted} of ${TRANSITIONS} were counted`)
  }
  /** What a page can not do without: as many numbers moved and compared. */
  const numbers = Float64Array.from({ length: TRANSITIONS }, () => chance(1_000_000))
  const ceiling = (): void => void numbers.slice().sort()
  const ofAnswer = (name: keyof typeof ANSWERS) => {
    const coldRounds = Array.from({ length: COLD_ROUNDS }, () => {
      const library = openHistoryLibrary(root)
      const value = cpuNs(1, () => check(name, ANSWERS[name](library.open('bench-flow')))) / 1e6
      library.close()
      return { value, ceiling: cpuNs(1, ceiling) / 1e6 }
    })
    const library = openHistoryLibrary(root)
    const history = library.open('bench-flow')
    ANSWERS[name](history)
    const warmRounds = Array.from({ length: WARM_ROUNDS }, () => ({
      value: cpuNs(1, () => check(name, ANSWERS[name](history))) / 1e6,
      ceiling: cpuNs(1, ceiling) / 1e6,
    }))
    library.close()
    const bar = (ms: number) => ({
      text: `< ${ms} ms; ceiling: as many numbers sorted`,
      holds: (value: number) => value < ms,
    })
    return [
      judge(`${name} of an hour, cold`, 'ms', coldRounds, bar(BUDGET_MS.cold)),
      judge(`${name} of an hour, warm`, 'ms', warmRounds, bar(BUDGET_MS.warm)),
    ]
  }
  finish((['flow', 'lanes', 'dwell'] as const).flatMap(ofAnswer))
} finally {
  rmSync(root, { recursive: true, force: true })
}
