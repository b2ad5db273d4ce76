import { expect, test } from 'vitest'
import { createHealthWatch } from '../../../../server/threads/healthWatch.ts'
import type { NodeDraft } from '../../../../server/threads/threadNode.ts'
import { createManualClock } from '../../../support/manualClock.ts'

function open(values: (number | null)[]) {
  const clock = createManualClock()
  const nodes: NodeDraft[] = []
  const watch = createHealthWatch({
    clock,
    afterMs: 10_000,
    add: (added) => void nodes.push(...added),
    read: () => [{ metric: 'health_score', unit: 'ratio', value: values.shift() ?? null, atMs: clock.wallMs() }],
  })
  const anchor = (nodeId: string, agoMs = 0) =>
    watch.anchor({
      thread: 't',
      nodeId,
      atMs: clock.wallMs() - agoMs,
      runId: 'run',
      layerId: 'layer_0',
      seedId: 1,
      generation: 2,
    })
  return { clock, nodes, watch, anchor }
}

test('tells how it was before and after, with both moments, once for each anchor', async () => {
  const { clock, nodes, anchor } = open([0.4, 0.9])
  anchor('move')
  anchor('move')
  await clock.advance(9_999)
  expect(nodes).toEqual([])
  await clock.advance(1)
  expect(nodes).toEqual([
    expect.objectContaining({
      id: 'health move',
      correlationId: 't',
      causationId: 'move',
      generation: 2,
      text: 'health score 0.400 to 0.900',
      health: [
        {
          metric: 'health_score',
          unit: 'ratio',
          before: 0.4,
          before_ms: 1_700_000_000_000,
          after: 0.9,
          after_ms: 1_700_000_010_000,
        },
      ],
    }),
  ])
})

test('an event out of a replay is not read: now says nothing of then', async () => {
  const { clock, nodes, anchor } = open([0.4, 0.9])
  anchor('old', 60_000)
  await clock.advance(20_000)
  expect(nodes).toEqual([])
})

test('unmeasured stays unmeasured, and nothing measured at all is no node', async () => {
  const { clock, nodes, anchor } = open([null, 0.5, null, null])
  anchor('first')
  await clock.advance(10_000)
  anchor('second')
  await clock.advance(10_000)
  expect(nodes.map(({ text }) => text)).toEqual(['health score unmeasured to 0.500'])
})

test('holds a thousand and counts the rest; a stop leaves nothing behind', () => {
  const { clock, watch, anchor } = open([])
  for (let at = 0; at < 1_003; at++) anchor(`n${at}`)
  expect(watch.dropped()).toBe(3)
  watch.stop()
  expect(clock.openTimers).toBe(0)
})
