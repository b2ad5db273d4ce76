import { expect, test } from 'vitest'
import type { TransitionNote } from '../../../../server/ingest/lifeNotes.ts'
import type { SeedState } from '../../../../lib/contracts/lifecycle.ts'
import { findLife, nodesOfLife, notesOf, spanOf } from '../../../../server/threads/lifeStory.ts'
import { nodeOfNote } from '../../../../server/threads/recordNodes.ts'
import { toRow } from '../../../../server/threads/threadNode.ts'
import { row } from './threadFixture.ts'

const move = (
  tick: number,
  generation: number,
  from: SeedState,
  to: SeedState,
  cause: string | null = null,
): TransitionNote => ({
  kind: 'transition',
  run_id: 'run-1',
  layer_id: 'layer_0',
  seed_id: 3,
  at_ms: tick * 1_000,
  step: tick * 20,
  tick,
  generation,
  entry: { topic: 't', entry_id: `${tick}-0` },
  from_state: from,
  to_state: to,
  reason: '',
  triggered_by: 'policy',
  guard: null,
  guards: [{ name: 'patience', value: 1, threshold: 0, passed: true }],
  forced: false,
  correlation_id: cause,
  causation_id: cause,
  legal: true,
  blueprint_id: 'mlp',
  strategy: 'linear',
})
const NOTES = [
  move(10, 1, 'DORMANT', 'GERMINATED', 'c-1'),
  move(20, 1, 'GERMINATED', 'CULLED'),
  move(30, 1, 'CULLED', 'DORMANT'),
  move(40, 2, 'DORMANT', 'GERMINATED', 'c-2'),
  move(50, 2, 'GERMINATED', 'TRAINING'),
]
const ROWS = NOTES.map((note) => toRow(nodeOfNote(note)!))
const seed = { layerId: 'layer_0', seedId: 3 }

test('a life told from kept rows is the life told from live notes, with its neighbours', () => {
  expect(notesOf(ROWS)).toEqual(NOTES)
  expect(findLife(notesOf(ROWS), 1)).toEqual(findLife(NOTES, 1))
  expect(findLife(NOTES, 1)).toMatchObject({ previous: null, next: 2, life: { generation: 1, complete: true } })
  expect(findLife(NOTES, 3)).toBeNull()
})

test('its story holds its own guards, the command that began it, and what happened around it; nothing of other lives', () => {
  const rows = [
    row({ id: 'earlier', kind: 'command', atMs: 9_000, commandId: 'c-1', ...seed }),
    row({ id: 'began', kind: 'command', atMs: 39_500, commandId: 'c-2', ...seed }),
    row({ id: 'asked', kind: 'command', atMs: 45_000, commandId: 'c-3', ...seed }),
    row({ id: 'fault', kind: 'fault', atMs: 46_000 }),
    row({ id: 'saved', kind: 'checkpoint', atMs: 47_000 }),
    row({ id: 'before', kind: 'checkpoint', atMs: 35_000 }),
    ...ROWS,
  ].toSorted((a, b) => a.at_ms - b.at_ms)
  const { life } = findLife(NOTES, 2)!
  const span = spanOf(life, 60_000)
  expect(span).toEqual({ fromMs: 40_000, toMs: 60_000 })
  const nodes = nodesOfLife(rows, life, span)
  expect(nodes.map(({ id, relation }) => [id.replace(/ t@.*/, ''), relation])).toEqual([
    ['began', 'member'],
    ['transition', 'member'],
    ['asked', 'member'],
    ['fault', 'overlap'],
    ['saved', 'overlap'],
    ['transition', 'member'],
  ])
  expect(nodes[1]!.guards).toEqual([{ name: 'patience', value: 1, threshold: 0, passed: true }])
})
