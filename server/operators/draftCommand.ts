/*
 * draftCommand: a draft that passed every guard, as the record that will be kept of it.
 * In: draft, evaluation, who, id, moment. Out: StoredCommand in its first lasting state.
 * Invariant: what was seen is kept with it: state, life and reading at this moment are what later looks are held against.
 * Source: docs/commands.md "records".
 */
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { Operator } from './caller.ts'
import { commandText } from './commandText.ts'
import { bodyOf, commandHash } from './commandPreviewer.ts'
import type { Evaluation } from './guardEngine.ts'
import type { Basis, FrozenTarget, StoredBulk, StoredCommand, StoredStage } from './storedCommand.ts'
import { waveSizes } from './targetSplit.ts'

export interface DraftedBy {
  readonly id: string
  readonly key: string
  readonly caller: Operator
  readonly nowMs: number
  readonly auditSeq: number | null
  /** Who alone may approve; null: any other operator. */
  readonly approver: string | null
  readonly touched: ReadonlySet<number>
}

const isState = (state: SeedState | 'UNKNOWN'): state is SeedState => state !== 'UNKNOWN'

function basisOf(draft: CommandDraft, { resolved }: Evaluation, touched: ReadonlySet<number>): Basis | null {
  const one = resolved.findings.length === 1 && !resolved.many ? resolved.findings[0]!.target.seed : null
  const layer = resolved.layers[0]
  if (one === null || layer === undefined || draft.type === 'BatchCommand') return null
  const metric = draft.expected_effect?.metric ?? null
  const expect = 'expect' in draft ? draft.expect : undefined
  return {
    state: expect?.from_state ?? (isState(one.state) ? one.state : null),
    generation: expect?.generation ?? one.generation,
    blueprint: layer.metric('blueprint', one.seedId),
    tick: layer.tick,
    metric,
    value: metric === null ? null : layer.metric(metric, one.seedId),
    siblings: metric === null ? null : layer.mean(metric, new Set([...touched, one.seedId])).value,
  }
}

/** Freezes the list that was confirmed. */
export function freezeTargets({ resolved }: Pick<Evaluation, 'resolved'>): FrozenTarget[] {
  return resolved.findings.flatMap(({ kind, target: { seed } }) =>
    kind === 'changes' && isState(seed.state)
      ? [{ layerId: seed.layerId, seedId: seed.seedId, state: seed.state, generation: seed.generation }]
      : [],
  )
}

/** Makes the run over many that begins with nothing done. */
export function newBulk(list: readonly FrozenTarget[], listHash: string, sizes = waveSizes(list.length)): StoredBulk {
  return {
    state: 'waiting',
    text: '',
    list,
    listHash,
    waves: sizes.map((size, index) => ({
      index,
      size,
      state: 'waiting',
      applied: 0,
      failed: 0,
      unknown: 0,
      startedMs: null,
      finishedMs: null,
      gate: null,
    })),
    skipped: 0,
    drift: null,
  }
}

/** Makes the record. */
export function draftCommand(draft: CommandDraft, found: Evaluation, by: DraftedBy): StoredCommand {
  const { caller, nowMs } = by
  const { demands, verdict, resolved } = found
  const waits = demands.approvals > 0
  const held = !waits && demands.graceMs > 0
  const stage = (name: StoredStage['stage'], who: string, text?: string): StoredStage => ({
    stage: name,
    atMs: nowMs,
    by: who,
    ...(text === undefined ? {} : { text }),
  })
  const stages = [
    stage('drafted', caller.actor),
    stage('validated', 'server'),
    ...(waits ? [stage('awaiting approval', 'server', demands.approvalText)] : []),
    ...(held ? [stage('held', 'server', `${demands.graceMs / 1_000} s in which it can be taken back`)] : []),
  ]
  const one = !resolved.many && draft.type !== 'BatchCommand' ? resolved.findings[0]?.target.seed : undefined
  const layerIds = new Set(resolved.layers.map((view) => view.layerId))
  return {
    id: by.id,
    type: draft.type,
    state: waits ? 'AWAIT_APPROVAL' : held ? 'HELD' : 'VALIDATED',
    stages,
    outcome: null,
    hash: commandHash(draft),
    level: verdict.level,
    raised: verdict.raised,
    actor: caller.actor,
    session: caller.session,
    via: caller.via,
    reason: draft.reason,
    runId: found.runId,
    layerId: one?.layerId ?? (layerIds.size === 1 ? [...layerIds][0]! : null),
    seedId: one?.seedId ?? null,
    targetState: draft.type === 'LifecycleTransitionCommand' ? draft.target_state : null,
    body: bodyOf(draft),
    text: commandText(draft, found.changing),
    createdMs: nowMs,
    updatedMs: nowMs,
    heldUntilMs: held ? nowMs + demands.graceMs : null,
    deadlineMs: null,
    graceMs: demands.graceMs,
    approvals: [],
    approval: waits
      ? { needed: 1, expiresMs: nowMs + COMMAND_LIMITS.approvalMs, text: demands.approvalText, from: by.approver }
      : null,
    attempts: 0,
    key: by.key,
    correlationId: draft.correlation_id ?? by.id,
    parentId: null,
    children: 0,
    effect: draft.expected_effect ?? null,
    basis: basisOf(draft, found, by.touched),
    verdict: null,
    bulk: resolved.many ? newBulk(freezeTargets(found), resolved.listHash) : null,
    auditSeq: by.auditSeq,
    inverse: found.inverse === null ? null : { text: found.inverse.text, target_state: found.inverse.targetState },
    timeoutMs: draft.timeout_ms,
    ttlMs: draft.ttl_ms,
    priority: draft.priority,
  }
}
