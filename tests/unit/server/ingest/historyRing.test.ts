import { expect, test } from 'vitest'
import { historyBytes, HistoryRing, planHistory } from '../../../../server/ingest/historyRing.ts'

const ring = (slots: number, stride = 1) => {
  const shape = { slots, width: 2, mode: 'full', stride } as const
  return new HistoryRing(new SharedArrayBuffer(historyBytes(shape)), shape)
}
const times = (of: HistoryRing, from = 0, to = 1e9) => {
  const seen: number[] = []
  of.visit(from, to, (slot) => void seen.push(slot.atMs))
  return seen
}

test('keeps the newest slots in order and forgets the oldest', () => {
  const kept = ring(10)
  for (let at = 1; at <= 25; at++) kept.append(at, at, (values) => values.fill(at))
  expect(times(kept)).toEqual([18, 19, 20, 21, 22, 23, 24, 25])
  expect(times(kept, 20, 22)).toEqual([20, 21, 22])
  kept.visit(25, 25, (slot) => expect([...slot.values, slot.tick]).toEqual([25, 25, 25]))
})

test('keeps each n-th tick only, and a pause stays a pause', () => {
  const kept = ring(10, 3)
  for (const at of [1, 2, 3, 4, 5, 100, 101, 102]) kept.append(at, at, (values) => values.fill(at))
  expect(times(kept)).toEqual([1, 4, 101])
})

test('plans the richest form the budget allows, and never more', () => {
  const input = { rows: 4, seedColumns: 26, layerColumns: 10, intervalMs: 100, seconds: 900 }
  expect(planHistory({ ...input, budgetBytes: 1e8 })).toMatchObject({ mode: 'full', stride: 1 })
  expect(planHistory({ ...input, budgetBytes: 1e6 })).toMatchObject({ mode: 'full', stride: 4 })
  expect(planHistory({ ...input, rows: 65_536, budgetBytes: 1e6 })).toMatchObject({ mode: 'summary' })
  expect(planHistory({ ...input, rows: 65_536, budgetBytes: 10_000 })).toBeNull()
  for (const budgetBytes of [1e4, 1e5, 1e6, 1e7]) {
    const plan = planHistory({ ...input, budgetBytes })
    if (plan !== null) expect(historyBytes(plan)).toBeLessThanOrEqual(budgetBytes)
  }
})
