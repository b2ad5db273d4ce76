import { expect, test } from 'vitest'
import { buildThread } from '../../../../server/threads/threadView.ts'
import { nodeOfGap } from '../../../../server/threads/recordNodes.ts'
import { toRow } from '../../../../server/threads/threadNode.ts'
import { row } from './threadFixture.ts'

const members = [
  row({ id: 'alert', kind: 'alert', atMs: 1_000, text: 'accuracy fell', layerId: 'layer_0' }),
  row({ id: 'ack', kind: 'ack', atMs: 3_000 }),
  row({ id: 'cmd', kind: 'command', atMs: 4_000, commandId: 'c-1' }),
  row({ id: 'sent', kind: 'stage', atMs: 4_010, ord: 101, commandId: 'c-1', causationId: 'c-1' }),
  row({ id: 'other', kind: 'command', atMs: 4_020, commandId: 'c-2' }),
  row({ id: 'outcome', kind: 'outcome', atMs: 4_130, commandId: 'c-1', causationId: 'c-1' }),
  row({ id: 'move', kind: 'transition', atMs: 4_120, commandId: 'c-1', causationId: 'c-1' }),
  row({ id: 'health', kind: 'health', atMs: 19_120, causationId: 'move' }),
  row({ id: 'cleared', kind: 'cleared', atMs: 30_000 }),
]
const told = (rows = members, beside: Parameters<typeof buildThread>[2] = []) =>
  buildThread('t', rows, beside, rows.length)!

test('the story is in order, and every node but the first has one way in with its latency', () => {
  const view = told()
  expect(view.nodes.map(({ id }) => id)).toEqual([
    'alert',
    'ack',
    'cmd',
    'sent',
    'other',
    'move',
    'outcome',
    'health',
    'cleared',
  ])
  expect(view.edges.map(({ from, to, latency_ms, kind }) => [from, to, latency_ms, kind])).toEqual([
    ['alert', 'ack', 2_000, 'then'],
    ['ack', 'cmd', 1_000, 'then'],
    ['cmd', 'sent', 10, 'cause'],
    ['sent', 'other', 10, 'then'],
    ['sent', 'move', 110, 'cause'],
    ['move', 'outcome', 10, 'cause'],
    ['move', 'health', 15_000, 'cause'],
    ['health', 'cleared', 10_880, 'then'],
  ])
  expect(view).toMatchObject({ title: 'accuracy fell', from_ms: 1_000, to_ms: 30_000, layer_id: 'layer_0', of: 9 })
})

test('a fault that overlaps stands beside the story, with the first member it touches; a gap is told with its cause', () => {
  const fault = row({ id: 'fault', kind: 'fault', atMs: 500, text: 'noise' })
  const gap = toRow(nodeOfGap('run-1', { from_ms: 5_000, to_ms: 9_000, cause: 'bus_down', lost: 7 }))
  const view = told(members, [fault, gap])
  expect(view.nodes[0]).toMatchObject({ id: 'fault', relation: 'overlap' })
  expect(view.edges.at(-1)).toEqual({ from: 'fault', to: 'alert', latency_ms: 500, kind: 'overlap' })
  expect(view.gaps).toEqual([{ from_ms: 5_000, to_ms: 9_000, cause: 'bus_down', lost: 7 }])
  expect(view.nodes.some(({ id }) => id.startsWith('gap'))).toBe(false)
})

test('where the clocks of cause and effect contradict each other the edge has no latency', () => {
  const rows = [
    row({ id: 'move', kind: 'transition', atMs: 1_000, causationId: 'c', commandId: 'c' }),
    row({ id: 'first', kind: 'stage', atMs: 900 }),
    row({ id: 'cmd', kind: 'command', atMs: 1_500, commandId: 'c' }),
  ]
  expect(told(rows).edges).toContainEqual({ from: 'cmd', to: 'move', latency_ms: null, kind: 'cause' })
  expect(buildThread('t', [], [], 0)).toBeNull()
})

test('a thread that names several places names none as its own', () => {
  const rows = [
    row({ kind: 'transition', atMs: 1, layerId: 'a', seedId: 1 }),
    row({ kind: 'transition', atMs: 2, layerId: 'b', seedId: 1 }),
  ]
  expect(told(rows)).toMatchObject({ layer_id: null, seed_id: 1 })
})
