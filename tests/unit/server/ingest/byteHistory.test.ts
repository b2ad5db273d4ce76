import { expect, test } from 'vitest'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { dequantize } from '../../../../lib/frames/quantize.ts'
import {
  ByteHistory,
  byteHistoryBytes,
  ByteHistoryWriter,
  planByteHistory,
} from '../../../../server/ingest/byteHistory.ts'

const columns = SEED_COLUMNS.filter((column) =>
  ['state', 'blueprint', 'health_score', 'sparsity'].includes(column.name),
)
const at = (name: string): number => columns.findIndex((column) => column.name === name)
const none = Number.NaN

function history(rows: number, slots = 6) {
  const kept = columns.flatMap((column, index) => (column.name === 'blueprint' ? [] : [index]))
  const shape = { slots, rows, columns: kept, bucketMs: 1_000 }
  const ring = new ByteHistory(new SharedArrayBuffer(byteHistoryBytes(shape)), shape)
  const writer = new ByteHistoryWriter(ring, columns)
  const add = (atMs: number, cells: Readonly<Record<string, readonly number[]>>): void => {
    const seeds = new Float32Array(rows * columns.length).fill(none)
    columns.forEach((column, index) => seeds.set(cells[column.name] ?? [], index * rows))
    writer.add(atMs, atMs / 100, seeds)
  }
  const read = (index: number, name: string): readonly (number | null)[] => {
    const bytes = new Uint8Array(rows)
    expect(ring.copy(index, at(name), bytes)).toBe(true)
    return [...bytes].map((byte) => (name === 'state' ? byte : dequantize(byte, columns[at(name)]!)))
  }
  return { ring, add, read }
}

test('of a bucket the alarming end stays: the lowest health, the highest sparsity, the state that most needs a look', () => {
  const { ring, add, read } = history(2)
  add(100, { state: [2, 0], health_score: [0.8, 0.5], sparsity: [0.1, 0.2] })
  add(500, { state: [8, 0], health_score: [0.2, 0.9], sparsity: [0.7, 0.1] })
  add(900, { state: [0, 2], health_score: [0.6, 0.7], sparsity: [0.3, 0.3] })
  expect(ring.range()).toEqual([0, 0])
  add(1_100, { state: [0, 0] })
  expect(ring.range()).toEqual([0, 1])
  expect([ring.atMs(0), ring.tick(0)]).toEqual([900, 9])
  expect(read(0, 'state')).toEqual([8, 2])
  expect(read(0, 'health_score')).toEqual([expect.closeTo(0.2, 2), expect.closeTo(0.5, 2)])
  expect(read(0, 'sparsity')).toEqual([expect.closeTo(0.7, 2), expect.closeTo(0.3, 2)])
})

test('unmeasured is no number; one measured tick of a bucket is enough to know it', () => {
  const { add, read } = history(2)
  add(0, { health_score: [none, none] })
  add(500, { health_score: [0.4, none] })
  add(1_000, {})
  expect(read(0, 'health_score')).toEqual([expect.closeTo(0.4, 2), null])
  expect(read(0, 'state')).toEqual([254, 254])
})

test('a column that is not kept is refused, and so is a picture that was overwritten', () => {
  const { ring, add } = history(1, 5)
  const target = new Uint8Array(1)
  for (let bucket = 0; bucket < 9; bucket++) add(bucket * 1_000, { health_score: [bucket / 10] })
  const [from, end] = ring.range()
  expect([from, end]).toEqual([5, 8])
  expect(ring.copy(from, at('health_score'), target)).toBe(true)
  expect(ring.copy(0, at('health_score'), target)).toBe(false)
  expect(ring.copy(from, at('blueprint'), target)).toBe(false)
})

test('buckets grow with the layer until the pictures fit, and no form is better than buckets that hide', () => {
  const plan = (rows: number, budgetBytes: number) =>
    planByteHistory({ rows, columns: SEED_COLUMNS, intervalMs: 1_000, seconds: 900, budgetBytes })
  const small = plan(1_000, 96_000_000)!
  expect([small.bucketMs, small.slots]).toEqual([1_000, 902])
  expect(small.columns[0]).toBe(SEED_COLUMNS.findIndex((column) => column.name === 'state'))
  expect(small.columns).not.toContain(SEED_COLUMNS.findIndex((column) => column.name === 'blueprint'))
  const large = plan(10_000, 96_000_000)!
  expect(large.bucketMs).toBeGreaterThan(1_000)
  expect(byteHistoryBytes(large)).toBeLessThanOrEqual(96_000_000)
  expect(plan(1_000_000, 96_000_000)).toBeNull()
  // Nothing is gained by slots for ticks that do not come.
  const slow = planByteHistory({
    rows: 10,
    columns: SEED_COLUMNS,
    intervalMs: 10_000,
    seconds: 900,
    budgetBytes: 1e6,
  })!
  expect(slow.slots).toBe(92)
})
