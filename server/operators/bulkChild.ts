/*
 * bulkChild: the command to one seed of a run over many.
 * In: the run, a target of its list. Out: StoredCommand of its own id.
 * Invariant: a child asks for what its run asks for, of the very state and life that were confirmed.
 * Source: docs/commands.md "waves".
 */
import type { FrozenTarget, StoredCommand } from './storedCommand.ts'

/** Makes the child; it is sent at once. */
export function childOf(parent: StoredCommand, target: FrozenTarget, id: string, nowMs: number): StoredCommand {
  const { targets: _targets, ...body } = parent.body as Record<string, unknown>
  return {
    ...parent,
    id,
    state: 'VALIDATED',
    stages: [
      { stage: 'drafted', atMs: nowMs, by: parent.actor, text: `one of ${parent.bulk?.list.length ?? 0}` },
      { stage: 'validated', atMs: nowMs, by: 'server' },
    ],
    outcome: null,
    layerId: target.layerId,
    seedId: target.seedId,
    body: { ...body, layer_id: target.layerId, seed_id: target.seedId },
    text: `${target.layerId} seed ${target.seedId}: ${parent.text}`,
    createdMs: nowMs,
    updatedMs: nowMs,
    heldUntilMs: null,
    deadlineMs: null,
    approval: null,
    attempts: 0,
    parentId: parent.id,
    children: 0,
    basis: {
      state: target.state,
      generation: target.generation,
      blueprint: null,
      tick: null,
      metric: null,
      value: null,
      siblings: null,
    },
    bulk: null,
    effect: null,
  }
}
