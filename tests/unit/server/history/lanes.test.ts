import { afterEach, expect, test } from 'vitest'
import { ReplayDwell, ReplayLanes, ReplayLanesQuery } from '../../../../lib/contracts/httpLanes.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { dwellOf } from '../../../../server/history/replayDwell.ts'
import { lanesOf } from '../../../../server/history/replayLanes.ts'
import { createHistoryWorld, TICK_MS, type HistoryWorld } from './historyWorld.ts'

const worlds: HistoryWorld[] = []
const open = (options: Parameters<typeof createHistoryWorld>[0] = {}): HistoryWorld => {
  const world = createHistoryWorld(options)
  worlds.push(world)
  return world
}
afterEach(() => worlds.splice(0).forEach((world) => world.end()))

const START = 1_700_000_000_000
const ask = (text: Record<string, string> = {}): ReplayLanesQuery =>
  ReplayLanesQuery.parse({ from: String(START), to: String(START + 100_000), bins: '10', ...text })

async function recorded(world: HistoryWorld, blocks: readonly (readonly LiveRecord[])[]) {
  const recorder = world.openRecorder()
  for (const records of blocks) {
    recorder.records(records)
    await world.settle(recorder.settle())
  }
  return recorder
}

test('every record of the window is in one bin, whether its block lies in one bin or over many', async () => {
  const world = open()
  const told = Array.from({ length: 1_000 }, (_, at) => world.transition(at % 2, at % 10, `${START + at * 100}-0`))
  // Twenty blocks inside a bin, then one over all of them.
  await recorded(world, [
    ...Array.from({ length: 20 }, (_, at) => told.slice(at * 40, at * 40 + 40)),
    [...told.slice(800, 999), told[999]!],
  ])
  const history = world.library().open(undefined)
  const lanes = ReplayLanes.parse(lanesOf([history], ask()))
  expect(lanes.counts.transition).toEqual(Array.from({ length: 10 }, () => 100))
  expect(lanes.total).toBe(1_000)
  expect(Object.keys(lanes.counts)).toEqual(['transition'])
  const part = lanesOf([history], ask({ from: String(START + 25_000), to: String(START + 35_000) }))
  // Both ends belong to the window.
  expect(part.total).toBe(101)
  const layer = lanesOf([history], ask({ layer: world.descriptor.layers[1]!.layer_id }))
  expect(layer.total).toBe(500)
})

test('what was critical is counted as such, and what the server says of itself is in the lanes of its runs', async () => {
  const world = open()
  const incident = (at: number, severity: 'info' | 'critical', runId: string | null): LiveRecord => ({
    kind: 'incident',
    offset: 0,
    at_ms: START + at,
    run_id: runId,
    code: 'BUS_UNAVAILABLE',
    severity,
    text: 'a test',
    lost: null,
    from_ms: null,
    to_ms: null,
  })
  await recorded(world, [
    [incident(5_000, 'info', world.descriptor.run_id)],
    [incident(15_000, 'critical', world.descriptor.run_id), incident(15_001, 'critical', null)],
  ])
  const library = world.library()
  const history = library.open(undefined)
  const lanes = lanesOf([history, library.server(history.run)], ask())
  expect(lanes.counts.incident?.slice(0, 3)).toEqual([1, 2, 0])
  expect(lanes.critical.slice(0, 3)).toEqual([0, 2, 0])
})

test('health is that of the reports of a bin; a report stands for five seconds at most, after that a bin has none', async () => {
  const world = open()
  const recorder = world.openRecorder()
  await world.pump(recorder, 20)
  await world.clock.advance(10_000)
  await world.pump(recorder, 20)
  await world.settle(recorder.settle())
  const history = world.library().open(undefined)
  const to = START + 40 * TICK_MS + 10_000
  const lanes = lanesOf([history], ask({ to: String(to), bins: '18' }))
  expect(lanes.health?.column).toBe('health_score')
  const { low, middle, high } = lanes.health!
  // Ten seconds of silence, of which the last report covers five.
  expect(middle.filter((value) => value === null).length).toBe(5)
  expect(middle[0]).not.toBe(null)
  expect(middle.at(-1)).not.toBe(null)
  middle.forEach((value, at) => {
    if (value === null) return expect([low[at], high[at]]).toEqual([null, null])
    expect(low[at]!).toBeLessThanOrEqual(value)
    expect(high[at]!).toBeGreaterThanOrEqual(value)
  })
})

test('a stay counts where it ended, when its beginning is known; who stays longer than nearly all is named', async () => {
  const world = open({ layers: 1, rows: 40 })
  const told: LiveRecord[] = []
  const go = (atMs: number, seed: number, from: string, to: string): void => {
    told.push(world.transition(0, seed, `${START + atMs}-${seed}`, { from_state: from, to_state: to } as never))
  }
  for (let seed = 0; seed < 20; seed++) go(50_000, seed, 'DORMANT', 'GERMINATED')
  // One second each, the last one ten.
  for (let seed = 0; seed < 20; seed++) go(seed === 19 ? 60_000 : 51_000, seed, 'GERMINATED', 'TRAINING')
  const recorder = await recorded(world, [told.toSorted((a, b) => a.at_ms - b.at_ms)])
  await world.pump(recorder, 5)
  await world.settle(recorder.settle())
  const history = world.library().open(undefined)
  const dwell = ReplayDwell.parse(dwellOf(history, ask()))
  const state = (name: string) => dwell.states.find((one) => one.state === name)!
  expect(state('GERMINATED')).toMatchObject({ ended: 20, p50_ms: 1_000, p95_ms: 1_000, longest_ms: 10_000 })
  expect(state('GERMINATED').classes.reduce((sum, count) => sum + count, 0)).toBe(20)
  // Nobody knows since when they were dormant.
  expect(state('DORMANT')).toMatchObject({ ended: 0, p50_ms: null, p95_ms: null, stuck: 0 })
  // Of those that are germinated by what was recorded, everyone is there for longer than a second by now.
  expect(state('GERMINATED').inside).toBeGreaterThan(0)
  expect(state('GERMINATED').stuck).toBe(state('GERMINATED').inside)
  expect(state('GERMINATED').seeds[0]!.for_ms).toBeGreaterThan(1_000)
})

test('an unknown layer and a window that ends before it begins are refused with the field', async () => {
  const world = open()
  await recorded(world, [[world.transition(0, 1, `${START}-0`)]])
  const history = world.library().open(undefined)
  expect(() => lanesOf([history], ask({ layer: 'nowhere' }))).toThrow(/layer is not known/)
  expect(() => dwellOf(history, ask({ from: String(START + 9), to: String(START) }))).toThrow(/to lies before from/)
})
