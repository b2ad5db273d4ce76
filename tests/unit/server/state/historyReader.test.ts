import { expect, test } from 'vitest'
import { historyBytes, HistoryRing } from '../../../../server/ingest/historyRing.ts'
import { readSeries } from '../../../../server/state/historyReader.ts'
import type { KnownRun } from '../../../../server/state/runBook.ts'

/** One layer of two seeds whose columns are state and health; a slot is [state, state, health, health]. */
function runOf(slots: readonly (readonly [number, readonly number[]])[]): KnownRun {
  const shape = { slots: slots.length + 4, width: 4, mode: 'full', stride: 1 } as const
  const ring = new HistoryRing(new SharedArrayBuffer(historyBytes(shape)), shape)
  for (const [atMs, health] of slots) ring.append(atMs, atMs, (values) => values.set([3, 3, ...health]))
  return {
    descriptor: { seed_columns: [{ name: 'state' }, { name: 'health' }] },
    history: [ring],
    tables: [{ shape: { rows: 2 } }],
  } as unknown as KnownRun
}
const read = (run: KnownRun, points: number, seed?: number) =>
  readSeries({ run, layer: 0, metric: 'health', fromMs: 0, toMs: 100, points, seed })
const none = Number.NaN

test('a peak between two calm values stays, for each seed in the order it was measured', () => {
  const run = runOf([
    [1, [5, 5]],
    [2, [9, 5]],
    [3, [1, 0]],
    [4, [5, 7]],
    [60, [4, 4]],
  ])
  const series = read(run, 4)
  expect(series.at_ms).toEqual([1, 4, 60])
  expect(series.values).toEqual([
    [9, 1, 4],
    [0, 7, 4],
  ])
  expect(series.of).toBe(5)
  expect(series.states).toEqual([
    [3, 3, 3],
    [3, 3, 3],
  ])
  expect(read(run, 4, 1).values).toEqual([[0, 7, 4]])
})

test('unmeasured is never a number, and what was measured once is shown once', () => {
  const run = runOf([
    [1, [none, 2]],
    [2, [6, none]],
    [3, [none, none]],
    [60, [none, 8]],
    [61, [none, 8]],
  ])
  expect(read(run, 4).values).toEqual([
    [null, 6, null, null],
    [2, null, 8, 8],
  ])
})

test('never more points than asked for, and a bin without slots has none', () => {
  const run = runOf(
    Array.from({ length: 40 }, (_, index) => [index < 20 ? index : 60 + index, [index, -index]] as const),
  )
  for (const points of [2, 3, 10, 64]) {
    const series = read(run, points)
    expect(series.at_ms.length).toBeLessThanOrEqual(points)
    expect(series.at_ms.some((atMs) => atMs > 19 && atMs < 80)).toBe(false)
    expect(series.values.map((row) => row.length)).toEqual([series.at_ms.length, series.at_ms.length])
    expect([Math.max(...series.values[0]!.map(Number)), series.of]).toEqual([39, 40])
  }
})
