import { expect, test } from 'vitest'
import { OLD_SEEDS } from '../../../../lib/contracts/liveRecords.ts'
import { layoutTables, openTables } from '../../../../lib/frames/seedTable.ts'
import { createLayerReader, oldSeedsOf } from '../../../../server/state/layerReader.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { buildRun } from '../runFixture.ts'

test('states of layers of any size are counted by name; averaged, negative and absent ones are not zero', () => {
  const descriptor = buildRun({ layers: 2, rows: 8 })
  const layers = [descriptor.layers[0]!, { ...descriptor.layers[1]!, seeds: 3 }]
  const shapes = layers.map((layer) => ({
    rows: layer.seeds,
    seedColumns: descriptor.seed_columns.length,
    layerColumns: descriptor.layer_columns.length,
    rowTimes: false,
  }))
  const tables = new SharedArrayBuffer(layoutTables(shapes).bytes)
  const opened = openTables(tables, shapes)
  for (const table of opened) table.clear()
  const run = createRunBook().announce({
    index: 0,
    descriptor: { ...descriptor, layers },
    implicit: false,
    firstSeenMs: 0,
    shapes,
    tables,
    history: [null, null],
    pictures: [null, null],
  })
  const reader = createLayerReader()
  const of = (layer: number) => reader.summary(run, layer, { nowMs: 1_000, lost: 0 })
  expect(of(0)).toMatchObject({ active_seeds: 0, unknown_states: 0, age_ms: null })
  opened[0]!.begin()
  opened[0]!.seeds.set([0, 1, 2, 2, 10, 2.5, -1, Number.NaN])
  opened[0]!.end()
  // A smaller layer after a larger one must not see what the larger one left.
  opened[1]!.begin()
  opened[1]!.seeds.set([7, Number.POSITIVE_INFINITY, 11])
  opened[1]!.end()
  expect(of(0)).toMatchObject({
    active_seeds: 3,
    unknown_states: 2,
    states: { DORMANT: 1, GERMINATED: 1, TRAINING: 2, ROLLED_BACK: 1, FOSSILIZED: 0 },
  })
  expect(of(1)).toMatchObject({ active_seeds: 0, unknown_states: 2, states: { FOSSILIZED: 1, DORMANT: 0 } })
})

test('of a layer whose seeds are reported singly the seeds that were not heard of lately are told, the oldest first', () => {
  const nowMs = 100_000
  const times = Float64Array.of(nowMs - 10, nowMs - 70_000, Number.NaN, nowMs - 6_000, nowMs - 4_999)
  expect(oldSeedsOf(times, nowMs)).toEqual({ seed_id: [1, 3], age_ms: [70_000, 6_000], of: 2 })
  const many = oldSeedsOf(new Float64Array(2_000), nowMs)!
  expect([many.seed_id.length, many.of]).toEqual([OLD_SEEDS, 2_000])
  // Where a report is always of the whole layer no seed has an age of its own.
  expect(oldSeedsOf(new Float64Array(0), nowMs)).toBeUndefined()
})
