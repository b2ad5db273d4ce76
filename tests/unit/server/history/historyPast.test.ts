import { afterEach, expect, test } from 'vitest'
import { momentTables, recordedSeed } from '../../../../server/history/historyPast.ts'
import { openTables } from '../../../../lib/frames/seedTable.ts'
import { createHistoryWorld, TICK_MS, valueAt, type HistoryWorld } from './historyWorld.ts'

const worlds: HistoryWorld[] = []
afterEach(() => worlds.splice(0).forEach((world) => world.end()))

async function recorded(ticks: number) {
  const world = createHistoryWorld()
  worlds.push(world)
  const recorder = world.openRecorder()
  const firstMs = world.clock.wallMs() + TICK_MS
  await world.pump(recorder, Math.floor(ticks / 2))
  // Half of it is in a chunk, the rest in the open tail: both are the past.
  await world.settle(recorder.settle())
  await world.pump(recorder, ticks - Math.floor(ticks / 2))
  return { world, firstMs }
}

test('series of a seed come from chunk and tail alike, every value as it was reported', async () => {
  const { world, firstMs: beganMs } = await recorded(40)
  const history = world.library().open(undefined)
  const endMs = world.clock.wallMs()
  const layerId = world.descriptor.layers[1]!.layer_id
  const ask = {
    run: world.descriptor.run_id,
    layerId,
    seed: 4,
    fromMs: beganMs - TICK_MS,
    toMs: endMs,
    points: 1_000,
  }
  const { series, firstMs } = recordedSeed(history, { ...ask, metrics: ['health_score', 'alpha_velocity'] })
  const [health, velocity] = series
  const wanted = Array.from({ length: 40 }, (_, at) => valueAt('health_score', 4, at + 1, 1)).filter(Number.isFinite)
  expect(health!.values.filter((value) => value !== null)).toEqual(wanted.map((value) => Number(value.toPrecision(7))))
  expect(health!.of).toBe(wanted.length)
  // Never measured: no point is made up.
  expect([velocity!.of, velocity!.values]).toEqual([0, []])
  expect(firstMs).toBe(beganMs)
  expect(() => recordedSeed(history, { ...ask, seed: 99, metrics: ['health_score'] })).toThrow('seed')
  expect(() => recordedSeed(history, { ...ask, metrics: ['nothing'] })).toThrow('metric')
})

test('a moment is told with the time since which anything of each layer is recorded; before that it is empty', async () => {
  const { world, firstMs } = await recorded(10)
  const history = world.library().open(undefined)
  const endMs = world.clock.wallMs()
  const then = momentTables(history, { ms: endMs - 3 * TICK_MS, seq: null })
  expect([then.atMs, then.firstMs]).toEqual([endMs - 3 * TICK_MS, [firstMs, firstMs]])
  const [table] = openTables(then.tables, then.shapes)
  const column = world.descriptor.seed_columns.findIndex(({ name }) => name === 'health_score')
  expect(table!.seeds[column * 10 + 3]).toBe(valueAt('health_score', 3, 7, 0))
  const before = momentTables(history, { ms: firstMs - 1, seq: null })
  expect([before.atMs, before.firstMs]).toEqual([null, [firstMs, firstMs]])
})
