/*
 * threadIndexLaws: what the index of threads promises, on every dialect.
 * In: a factory of open databases. Out: vitest tests, added to the records suite.
 * Invariant: the tests ask the real engines.
 * Source: docs/protocol.md "threads".
 */
import { expect, test } from 'vitest'
import type { Records } from '../../server/stores/recordsDatabase.ts'
import { openThreadIndex } from '../../server/threads/threadIndex.ts'
import type { NodeDraft } from '../../server/threads/threadNode.ts'
import { createManualClock } from '../support/manualClock.ts'

const START_MS = 1_700_000_000_000

const node = (at: number, more: Partial<NodeDraft> = {}): NodeDraft => ({
  id: `n${at}`,
  atMs: START_MS + at,
  kind: 'stage',
  text: `moment ${at}`,
  correlationId: 'thread-1',
  runId: 'run-1',
  ...more,
})

export function threadIndexLaws(open: (at?: string) => Promise<Records>, address: () => Promise<string>): void {
  const opened = async (records: Records, bounds: { maxRows?: number; maxWaiting?: number } = {}, nowMs = START_MS) => {
    const clock = createManualClock(nowMs)
    const problems: string[] = []
    const index = await openThreadIndex({
      db: records.db,
      clock,
      onProblem: (text) => void problems.push(text),
      ...bounds,
    })
    return { clock, index, problems }
  }

  test('threads: what is added is found by its thread in order, told twice it is there once, and it outlives a restart', async () => {
    const at = await address()
    const records = await open(at)
    const { index } = await opened(records)
    index.add([node(2), node(1), node(1, { id: 'second', ord: 2 }), node(3, { correlationId: 'other' })])
    index.add([node(2, { text: 'told again' })])
    await index.settle()
    const found = async (from: typeof index) =>
      (await from.ofThread('thread-1', 10)).rows.map((row) => [row.id, row.text])
    const wanted = [
      ['n1', 'moment 1'],
      ['second', 'moment 1'],
      ['n2', 'moment 2'],
    ]
    expect(await found(index)).toEqual(wanted)
    expect(index.state()).toEqual({ since_ms: START_MS + 1, lost: 0, waiting: 0 })
    await index.stop()
    await records.close()
    const again = await opened(await open(at))
    expect(await found(again.index)).toEqual(wanted)
    expect(again.index.state().since_ms).toBe(START_MS + 1)
    await again.index.stop()
  })

  test('threads: a long thread keeps its beginning and its end, and says how many it has', async () => {
    const { index } = await opened(await open())
    index.add(Array.from({ length: 40 }, (_, at) => node(at)))
    await index.settle()
    const { rows, of } = await index.ofThread('thread-1', 10)
    expect(of).toBe(40)
    expect(rows.map((row) => row.at_ms - START_MS)).toEqual([0, 1, 2, 3, 4, 35, 36, 37, 38, 39])
    await index.stop()
  })

  test('threads: changes and places are found by run, layer, seed and moment', async () => {
    const { index } = await opened(await open())
    index.add([
      node(1, { isChange: true }),
      node(2, { isChange: true, runId: 'run-2' }),
      node(3, { isChange: true, runId: null }),
      node(4, { layerId: 'layer_0', seedId: 3, generation: 5_000_000_000 }),
      node(5, { layerId: 'layer_0', seedId: 4 }),
      node(6, { layerId: 'layer_0' }),
      node(7, { kind: 'fault' }),
    ])
    await index.settle()
    const ids = (rows: readonly { readonly id: string }[]) => rows.map((row) => row.id)
    const span = { fromMs: START_MS, toMs: START_MS + 10 }
    expect(ids(await index.changes({ ...span, runId: 'run-1' }, 10))).toEqual(['n3', 'n1'])
    expect(ids(await index.changes({ ...span, runId: null }, 10))).toEqual(['n3', 'n2', 'n1'])
    const place = { runId: 'run-1', layerId: 'layer_0', seedId: 3 }
    expect(ids(await index.ofPlace({ ...place, ...span }, 10))).toEqual(['n1', 'n3', 'n4', 'n6', 'n7'])
    expect(await index.ofSeed(place, 10)).toEqual([expect.objectContaining({ id: 'n4', generation: 5_000_000_000 })])
    expect(ids(await index.newest('fault', START_MS + 10, 10))).toEqual(['n7'])
    await index.stop()
  })

  test('threads: bounded in number and age; what does not fit into memory is counted as lost', async () => {
    const records = await open()
    const { index, clock } = await opened(records, { maxRows: 5, maxWaiting: 8 })
    index.add(Array.from({ length: 10 }, (_, at) => node(at)))
    expect(index.state()).toMatchObject({ lost: 2, waiting: 8 })
    await index.settle()
    await clock.advance(600_000)
    await expect.poll(() => index.state().since_ms).toBe(START_MS + 5)
    expect((await index.ofThread('thread-1', 100)).of).toBe(5)
    await index.stop()
    const later = await opened(records, {}, START_MS + 31 * 86_400_000)
    expect(later.index.state().since_ms).toBeNull()
    expect((await later.index.ofThread('thread-1', 100)).of).toBe(0)
    await later.index.stop()
  })

  test('threads: one row that the database refuses is counted and does not hold back the others', async () => {
    const { index, problems } = await opened(await open())
    index.add([node(1), { ...node(2), seedId: {} as never as number }, node(3)])
    await index.settle()
    expect((await index.ofThread('thread-1', 10)).rows.map((row) => row.id)).toEqual(['n1', 'n3'])
    expect(index.state()).toMatchObject({ lost: 1, waiting: 0 })
    expect(problems).toHaveLength(1)
    await index.stop()
  })
}
