import { expect, test } from 'vitest'
import { TABLE_META } from '../../../../lib/frames/seedTable.ts'
import { schemaIdOf } from '../../../../lib/frames/schemaId.ts'
import { createRunTable, noteReport, RUN_LIMITS } from '../../../../server/ingest/runTable.ts'
import type { RunAnnouncement } from '../../../../server/ingest/ingestMessages.ts'
import { buildRun } from '../runFixture.ts'

const open = () => {
  const announced: RunAnnouncement[] = []
  const gone: string[] = []
  const table = createRunTable({
    historySeconds: 60,
    onRun: (run) => void announced.push(run),
    onGone: (run) => void gone.push(run.descriptor.run_id),
  })
  return { table, announced, gone }
}

test('announces a run once; a repetition changes nothing, a take-over is refused', () => {
  const { table, announced } = open()
  expect(table.announce(buildRun(), 1_000).changed).toBe(true)
  expect(table.announce(buildRun(), 2_000).changed).toBe(false)
  expect(announced).toHaveLength(1)
  expect(() => table.announce(buildRun({ src: 'thief' }), 2_000)).toThrow(/another source/)
  expect(() => table.announce(buildRun({ runId: 'run-2', src: 'src-run-1' }), 2_000)).toThrow(/already belong/)
  expect(() => table.announce(buildRun({ rows: 5 }), 2_000)).toThrow(/can not change/)
  expect(() => table.announce({ ...buildRun({ runId: 'run-3' }), schema_id: 1 }, 2_000)).toThrow(/schema_id/)
})

test('keeps one layer name of two sources apart and finds the newest by layer', () => {
  const { table } = open()
  const first = table.announce(buildRun({ runId: 'a' }), 1_000).run
  const second = table.announce(buildRun({ runId: 'b' }), 2_000).run
  expect(first.tables[0]).not.toBe(second.tables[0])
  first.tables[0]!.seeds.fill(1)
  expect([...second.tables[0]!.seeds].every(Number.isNaN)).toBe(true)
  expect(table.byLayer('layer_0')).toBe(second)
  expect(table.bySource('src-a', 1)).toBe(first)
  expect(table.bySource('src-a', 2)).toBeUndefined()
})

test('bounds runs and cells: the oldest silent run goes, a run that reports never does', () => {
  const { table, gone } = open()
  for (let at = 0; at < RUN_LIMITS.runs; at++) table.announce(buildRun({ runId: `run-${at}` }), at)
  expect(() => table.announce(buildRun({ runId: 'more' }), 1_000)).toThrow(/over the bound/)
  table.byId('run-0')!.lastReportMs = 99_000
  table.announce(buildRun({ runId: 'more' }), 100_000)
  expect(gone).toEqual(['run-1'])
  expect(() => table.announce(buildRun({ runId: 'huge', layers: 100, rows: 65_536 }), 100_000)).toThrow(/cells/)
  expect(table.byId('huge')).toBeUndefined()
})

test('bounds the layers of all runs together', () => {
  const { table } = open()
  for (let at = 0; at < 2; at++) table.announce(buildRun({ runId: `wide-${at}`, layers: 4_096, rows: 1 }), 1_000)
  expect(() => table.announce(buildRun({ runId: 'one-more' }), 1_000)).toThrow(/sum of layers/)
  expect(() => table.announce(buildRun({ runId: 'too-wide', layers: 4_097, rows: 1 }), 99_000)).toThrow(/4097 layers/)
  expect(table.all()).toHaveLength(2)
})

test('gives an assumed run more rows and columns without losing what is there', () => {
  const { table, announced } = open()
  const descriptor = buildRun({ rows: 2 })
  const { run } = table.announce(descriptor, 1_000, true)
  const width = descriptor.seed_columns.length
  run.tables[0]!.seeds[3 * 2 + 1] = 42
  const others = [...descriptor.layers, { layer_id: 'other', seeds: 1 }]
  const kept = run.history[0]!
  kept.append(1_500, 1, (values) => void values.fill(7))
  table.reshape(run, { ...descriptor, layers: others, schema_id: 0 })
  // A layer that kept its form keeps its past.
  expect(run.history[0]).toBe(kept)
  const layers = [{ layer_id: 'layer_0', seeds: 5 }, others[1]!, { layer_id: 'new', seeds: 1 }]
  const seed_columns = [...descriptor.seed_columns, { ...descriptor.seed_columns[1]!, name: 'extra' }]
  table.reshape(run, {
    ...descriptor,
    layers,
    seed_columns,
    schema_id: schemaIdOf(layers, seed_columns, descriptor.layer_columns),
  })
  expect(run.tables).toHaveLength(3)
  expect(run.tables[0]!.seeds[3 * 5 + 1]).toBe(42)
  expect(run.tables[0]!.seeds[width * 5]).toBeNaN()
  expect(announced.map((one) => one.index)).toEqual([0, 0, 0])
})

test('the interval of a layer is the median of its last gaps', () => {
  const { run } = open().table.announce(buildRun(), 0)
  const meta = run.tables[0]!.meta
  let at = 1_000
  for (const gap of [0, 100, 100, 5_000, 100, 100, 100, 100, 100, 100, 100]) noteReport(run, 0, (at += gap))
  expect(meta[TABLE_META.intervalMs]).toBe(100)
  expect(meta[TABLE_META.reports]).toBe(11)
  expect(run.lastReportMs).toBe(at)
})
