import { expect, test } from 'vitest'
import { LayerDetail } from '../../../../lib/contracts/httpApi.ts'
import { layoutTables, openTables } from '../../../../lib/frames/seedTable.ts'
import { systemClock as clock } from '../../../../lib/primitives/clock.ts'
import { layerText } from '../../../../server/state/layerText.ts'
import { createRunBook } from '../../../../server/state/runBook.ts'
import { buildRun } from '../runFixture.ts'

const HEAD = {
  layer_id: 'layer_0',
  run_id: 'run-1',
  origin: 'load-generator',
  total_seeds: 10_000,
  active_seeds: 0,
  states: {},
  age_ms: null,
  freshness: 'never',
  blueprints: {},
  flags: {},
}

const open = (rows: number) => {
  const descriptor = buildRun({ rows })
  const shapes = [
    {
      rows,
      seedColumns: descriptor.seed_columns.length,
      layerColumns: descriptor.layer_columns.length,
      rowTimes: false,
    },
  ]
  const tables = new SharedArrayBuffer(layoutTables(shapes).bytes)
  const [table] = openTables(tables, shapes)
  table!.clear()
  const run = createRunBook().announce({
    index: 0,
    descriptor,
    implicit: false,
    firstSeenMs: 0,
    shapes,
    tables,
    history: [null],
    pictures: [null],
  })
  return { run, table: table! }
}

test.each([1, 4_096, 4_097, 10_000])('%i seeds are one document of the contract, in small pieces', async (rows) => {
  const { run, table } = open(rows)
  table.seeds.fill(Number.NaN)
  table.seeds[rows + rows - 1] = 0.5
  const pieces: string[] = []
  let turns = 0
  const other = clock.every(0, () => void turns++)
  for await (const piece of layerText(HEAD, { run, layer: 0, clock })) pieces.push(piece)
  other()
  const detail = LayerDetail.parse(JSON.parse(pieces.join('')))
  expect(detail.seeds.seed_id).toEqual(Array.from({ length: rows }, (_, row) => row))
  const name = run.descriptor.seed_columns[1]!.name
  expect(detail.seeds.metrics[name]!.at(-1)).toBe(0.5)
  expect(detail.seeds.metrics[name]!.filter((value) => value !== null)).toHaveLength(1)
  expect(detail.seeds.age_ms.every((age) => age === null)).toBe(true)
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(100_000)
  // Others had their turns in between.
  expect(turns).toBeGreaterThan(0)
})
