import { appendFileSync, existsSync, readdirSync, rmSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { ReplayLanesQuery } from '../../../../lib/contracts/httpLanes.ts'
import { ReplayFlowQuery } from '../../../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { recordColumnsIn } from '../../../../server/history/recordColumns.ts'
import { decodeColumns, encodeColumns, toColumns } from '../../../../server/history/recordIndex.ts'
import { dwellOf } from '../../../../server/history/replayDwell.ts'
import { recordsIn } from '../../../../server/history/replayEvents.ts'
import { flowOf } from '../../../../server/history/replayFlow.ts'
import { lanesOf } from '../../../../server/history/replayLanes.ts'
import { openIndexWriter, readIndex } from '../../../../server/history/segmentIndex.ts'
import { createHistoryWorld, type HistoryWorld } from './historyWorld.ts'

const worlds: HistoryWorld[] = []
afterEach(() => worlds.splice(0).forEach((world) => world.end()))

const START = 1_700_000_000_000

/** A run with transitions that come a little out of order, an alert, and telemetry over several chunks and a tail. */
async function recorded(): Promise<HistoryWorld> {
  const world = createHistoryWorld({ layers: 3, rows: 12, writer: { chunkMs: 1_500, segmentBytes: 60_000 } })
  worlds.push(world)
  const recorder = world.openRecorder()
  let order = 7
  const chance = (most: number): number => (order = (order * 48_271) % 2_147_483_647) % most
  const states = new Map<string, number>()
  for (let block = 0; block < 30; block++) {
    const records: LiveRecord[] = Array.from({ length: 1 + chance(40) }, (_, at) => {
      const [layer, seed] = [chance(3), chance(12)]
      const from = states.get(`${layer} ${seed}`) ?? 0
      const to = (from + 1 + chance(3)) % SEED_STATES.length
      states.set(`${layer} ${seed}`, to)
      const atMs = START + block * 300 + at * 7 + chance(400)
      return world.transition(layer, seed, `${START + block * 1_000 + at}-0`, {
        at_ms: atMs,
        from_state: SEED_STATES[from],
        to_state: SEED_STATES[to],
        blueprint_id: chance(2) === 0 ? null : `blueprint-${chance(4)}`,
      } as Partial<LiveRecord>)
    })
    if (block % 10 === 3)
      records.push({
        kind: 'alert',
        offset: 0,
        at_ms: START + block * 300,
        run_id: world.descriptor.run_id,
        layer_id: block === 3 ? null : 'layer_0',
        severity: 'critical',
        text: 'a test',
      })
    recorder.records(records)
    await world.pump(recorder, 2)
    if (block % 6 === 5) await world.settle(recorder.settle())
  }
  return world
}

const answersOf = (world: HistoryWorld) => {
  const library = world.library()
  const history = library.open(undefined)
  const lanes = (more: Record<string, string> = {}) =>
    lanesOf([history], ReplayLanesQuery.parse({ bins: '24', ...more }))
  const layer = world.descriptor.layers[1]!.layer_id
  const answers = {
    flow: flowOf(history, ReplayFlowQuery.parse({ bins: '24' })),
    part: flowOf(
      history,
      ReplayFlowQuery.parse({ bins: '5', from: String(START + 2_000), to: String(START + 6_000), layer }),
    ),
    lanes: lanes(),
    ofLayer: lanes({ layer }),
    dwell: dwellOf(history, ReplayLanesQuery.parse({ from: String(START + 2_000), to: String(START + 9_000) })),
  }
  library.close()
  return answers
}

test('flow, lanes and stays are the same with the index, without it, and with one that is torn', async () => {
  const world = await recorded()
  const { folder } = world.library().open(undefined)
  const indices = readdirSync(folder).filter((name) => name.endsWith('.mhx'))
  expect(indices.length).toBeGreaterThan(1)
  const told = answersOf(world)
  expect(told.flow.of).toBeGreaterThan(200)
  expect(told.flow.exact).toBe(false)
  expect(told.lanes.critical.reduce((sum, count) => sum + count, 0)).toBe(3)
  expect(told.lanes.health!.middle.some((value) => value !== null)).toBe(true)
  truncateSync(path.join(folder, indices[0]!), 700)
  appendFileSync(path.join(folder, indices[1]!), 'what is no entry')
  expect(answersOf(world)).toEqual(told)
  for (const name of indices) rmSync(path.join(folder, name))
  expect(answersOf(world)).toEqual(told)
})

test('columns of a window are its records in their order', async () => {
  const world = await recorded()
  const history = world.library().open(undefined)
  const [fromMs, toMs] = [START + 1_000, START + 7_500]
  const { count, atMs, seed, kind, layer, layers } = recordColumnsIn([history], fromMs, toMs)
  const records = [...recordsIn([history], fromMs, toMs)].map(({ record }) => record)
  expect(count).toBe(records.length)
  expect([...atMs]).toEqual(records.map((record) => record.at_ms))
  records.forEach((record, at) => {
    if (record.kind !== 'transition') return expect(kind[at]! & 0x80).toBe(0x80)
    expect([layers[layer[at]!], seed[at]]).toEqual([record.layer_id, record.seed_id])
  })
})

test('columns come back as they were written, and bytes of another length are refused', () => {
  const world = createHistoryWorld()
  worlds.push(world)
  const columns = toColumns([
    world.transition(1, 70_000, '5-0', { blueprint_id: 'norm' } as Partial<LiveRecord>),
    world.transition(0, 2, '6-0'),
  ])
  const bytes = encodeColumns(columns)
  expect(decodeColumns(bytes)).toEqual(columns)
  expect(() => decodeColumns(bytes.subarray(0, bytes.length - 1))).toThrow(RangeError)
})

test('who goes on writing cuts off what the index says of blocks that were lost', () => {
  const world = createHistoryWorld()
  worlds.push(world)
  const file = path.join(world.root, '000001.mhx')
  const first = openIndexWriter(file, 0)
  for (const at of [100, 200, 300]) first.add(at, () => Uint8Array.of(at % 251))
  first.add(400, () => {
    throw new RangeError('more names than an index can hold')
  })
  first.end()
  expect([...readIndex(file).keys()]).toEqual([100, 200, 300])
  const next = openIndexWriter(file, 250)
  next.add(250, () => Uint8Array.of(9, 9))
  next.end()
  expect([...readIndex(file)].map(([at, { payload }]) => [at, [...payload]])).toEqual([
    [100, [100]],
    [200, [200]],
    [250, [9, 9]],
  ])
  // A folder that takes no file: the history is written all the same.
  const nowhere = openIndexWriter(path.join(world.root, 'missing', 'x.mhx'), 0)
  nowhere.add(1, () => Uint8Array.of(1))
  nowhere.end()
  expect(existsSync(path.join(world.root, 'missing'))).toBe(false)
})
