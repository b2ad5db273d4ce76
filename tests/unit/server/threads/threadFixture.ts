/*
 * threadFixture: rows of the index and a stored command, for tests of what is told from them.
 * In: what is different. Out: rows, commands.
 * Invariant: plain data in the shapes of the product.
 * Source: docs/protocol.md "threads".
 */
import type { StoredCommand } from '../../../../server/operators/storedCommand.ts'
import type { ThreadNodeRow } from '../../../../server/stores/recordsSchema.ts'
import { toRow, type NodeDraft } from '../../../../server/threads/threadNode.ts'

let made = 0

export const row = (draft: Partial<NodeDraft> & Pick<NodeDraft, 'kind' | 'atMs'>): ThreadNodeRow =>
  toRow({ id: `n${++made}`, text: draft.kind, runId: 'run-1', ...draft })

export const COMMAND_ID = '019a0000-0000-7000-8000-000000000001'

export const command = (more: Partial<StoredCommand> = {}): StoredCommand => ({
  id: COMMAND_ID,
  type: 'LifecycleTransitionCommand',
  state: 'HELD',
  stages: [
    { stage: 'drafted', atMs: 1_000, by: 'ada' },
    { stage: 'validated', atMs: 1_000, by: 'server' },
    { stage: 'held', atMs: 1_000, by: 'server' },
  ],
  outcome: null,
  hash: 'h',
  level: 1,
  raised: [],
  actor: 'ada',
  session: 'ada',
  via: 'web',
  reason: 'it dips',
  runId: 'run-1',
  layerId: 'layer_0',
  seedId: 3,
  targetState: 'CULLED',
  body: {},
  text: 'layer_0 seed 3 to CULLED',
  createdMs: 1_000,
  updatedMs: 1_000,
  heldUntilMs: null,
  deadlineMs: null,
  graceMs: 5_000,
  approvals: [],
  approval: null,
  attempts: 0,
  key: 'key',
  correlationId: 'alert-7',
  parentId: null,
  children: 0,
  effect: null,
  basis: { state: 'TRAINING', generation: 2, blueprint: null, tick: 1, metric: null, value: null, siblings: null },
  verdict: null,
  bulk: null,
  auditSeq: 4,
  inverse: null,
  timeoutMs: 5_000,
  ttlMs: 5_000,
  priority: 'normal',
  ...more,
})
