/*
 * timeline: a recorded stretch with sixty thousand transitions, asked over HTTP: every one is counted, wherever it is counted from.
 * In: a folder written by the recorder's own writer, a server over it. Out: tests.
 * Invariant: flow, lanes and stays agree with each other and with what was written; benchmarks/timeline.bench.ts is the same at full size.
 * Source: docs/history.md "flow", "lanes", "stays".
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ReplayDwell, ReplayLanes } from '../../lib/contracts/httpLanes.ts'
import { ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { openHistoryWriter } from '../../server/history/historyWriter.ts'
import { folderOf, writeRunFile } from '../../server/history/runFolder.ts'
import { startTestServer, type TestServer } from '../support/serverHarness.ts'
import { buildRun } from '../unit/server/runFixture.ts'

const TRANSITIONS = 60_000
const SEEDS = 400
const START = 1_700_000_000_000
const EVERY_MS = 10

const run = buildRun({ layers: 2, rows: SEEDS })
const dataDir = mkdtempSync(path.join(tmpdir(), 'timeline-'))
const folder = path.join(dataDir, 'history', folderOf(run.run_id))
let server: TestServer

beforeAll(async () => {
  writeRunFile(folder, {
    form: 1,
    run_id: run.run_id,
    recorded_run_id: run.run_id,
    kept: 'recorded',
    first_seen_ms: START,
    descriptor: run,
  })
  const writer = openHistoryWriter(folder)
  writer.describe(run, 'exact')
  for (let at = 0; at < TRANSITIONS; at += 300)
    writer.records(
      Array.from({ length: 300 }, (_, place): LiveRecord => {
        const turn = at + place
        // Every seed of both layers in its turn, one state further each time.
        const [seed, layer, round] = [turn % SEEDS, Math.floor(turn / SEEDS) % 2, Math.floor(turn / (2 * SEEDS))]
        const layerId = run.layers[layer]!.layer_id
        return {
          kind: 'transition',
          offset: 0,
          at_ms: START + turn * EVERY_MS,
          run_id: run.run_id,
          entry: { topic: `kasmina.event.layer.${layerId}`, entry_id: `${START + turn}-0` },
          layer_id: layerId,
          seed_id: seed,
          from_state: SEED_STATES[round % SEED_STATES.length]!,
          to_state: SEED_STATES[(round + 1) % SEED_STATES.length]!,
          reason: 'a test',
          triggered_by: 'policy',
          guard: null,
          step: null,
          tick: null,
          generation: null,
          blueprint_id: seed % 2 === 0 ? 'norm' : null,
          correlation_id: null,
          legal: true,
        }
      }),
    )
  writer.end()
  server = await startTestServer({ DATA_DIR: dataDir })
}, 120_000)
afterAll(async () => {
  await server.end()
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
})

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
const ask = async (what: string, more = ''): Promise<unknown> =>
  (await server.get(`/api/replay/${what}?run=${run.run_id}&bins=100${more}`)).body

test('every transition is in the flow, once, and the counts of states end where the last of them led', async () => {
  expect(readdirSync(folder).some((name) => name.endsWith('.mhx'))).toBe(true)
  const flow = ReplayFlow.parse(await ask('flow'))
  expect(flow).toMatchObject({ of: TRANSITIONS, exact: true, breaks: 0 })
  expect(sum(flow.transitions.map(({ n }) => n))).toBe(TRANSITIONS)
  const rounds = TRANSITIONS / (2 * SEEDS)
  expect(flow.river.counts[SEED_STATES[rounds % SEED_STATES.length]!]!.at(-1)).toBe(2 * SEEDS)
  flow.river.t_ms.forEach((_, bin) =>
    expect(sum(Object.values(flow.river.counts).map((counts) => counts[bin]!))).toBe(2 * SEEDS),
  )
  const half = ReplayFlow.parse(await ask('flow', `&layer=${run.layers[1]!.layer_id}`))
  expect([half.of, half.exact]).toEqual([TRANSITIONS / 2, true])
})

test('lanes hold each of them in one bin, stays end with each but the first of a seed', async () => {
  const lanes = ReplayLanes.parse(await ask('lanes'))
  expect([sum(lanes.counts.transition!), lanes.total]).toEqual([TRANSITIONS, TRANSITIONS])
  const some = ReplayLanes.parse(await ask('lanes', `&from=${START + 1_000 * EVERY_MS}&to=${START + 1_999 * EVERY_MS}`))
  expect(some.total).toBe(1_000)
  const dwell = ReplayDwell.parse(await ask('dwell'))
  expect(sum(dwell.states.map(({ ended }) => ended))).toBe(TRANSITIONS - 2 * SEEDS)
  // Each waits for all the others.
  expect(dwell.states.filter(({ ended }) => ended > 0).every((one) => one.p50_ms === 2 * SEEDS * EVERY_MS)).toBe(true)
})
