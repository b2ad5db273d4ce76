/*
 * commandTargets: which seeds a draft means, what each of them is in now, and which of them would change.
 * In: a draft and the network view. Out: the seeds in order, split into will change, unchanged, illegal, stale; the hash of the list.
 * Invariant: deterministic for one state of the network; the hash covers exactly the seeds that will change and the state each is in.
 * Source: docs/commands.md "many seeds".
 */
import { createHash } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandDraft, CommandTargets, SeedQuery } from '../../lib/contracts/commandDraft.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import { blueprintReason, edgeReason } from '../../lib/contracts/edgeRules.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { LayerView, NetworkView, SeedView } from './networkView.ts'

/** What one target is asked to become; null: something else than a state changes. */
export interface Target {
  readonly seed: SeedView
  readonly targetState: SeedState | null
  readonly blueprintId: string | null
}

export type TargetFinding =
  | { readonly target: Target; readonly kind: 'changes' }
  | {
      readonly target: Target
      readonly kind: 'unchanged' | 'illegal' | 'stale'
      readonly code: string
      readonly text: string
    }

export interface ResolvedTargets {
  readonly layers: readonly LayerView[]
  readonly findings: readonly TargetFinding[]
  /** Named one by one or by a sentence; false for a command about one seed or a whole layer's service. */
  readonly many: boolean
  readonly listHash: string
}

const COMPARE = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const

function matches(view: LayerView, seed: SeedView, query: SeedQuery): boolean {
  if (query.states !== undefined && (seed.state === 'UNKNOWN' || !query.states.includes(seed.state))) return false
  return (query.where ?? []).every(({ metric, op, value }) => {
    const reading = view.metric(metric, seed.seedId)
    // Unmeasured matches nothing: it is neither above nor below.
    return reading !== null && COMPARE[op](reading, value)
  })
}

const rowsOf = (view: LayerView): SeedView[] => Array.from({ length: view.rows }, (_, row) => view.seed(row))

function selectMany(
  targets: CommandTargets,
  network: NetworkView,
  runId: string | undefined,
): { readonly layers: readonly LayerView[]; readonly seeds: readonly SeedView[] } {
  switch (targets.kind) {
    case 'layer': {
      const view = network.layer(targets.layer_id, runId)
      return { layers: [view], seeds: rowsOf(view) }
    }
    case 'seeds': {
      const layers = targets.layers.map(({ layer_id }) => network.layer(layer_id, runId))
      const seeds = targets.layers.flatMap(({ seed_ids }, at) =>
        [...new Set(seed_ids)].sort((a, b) => a - b).map((id) => layers[at]!.seed(id)),
      )
      return { layers, seeds }
    }
    case 'query': {
      const { query } = targets
      const layers = network.layers(runId).filter((view) => query.layers?.includes(view.layerId) ?? true)
      const unknown = query.layers?.find((id) => !layers.some((view) => view.layerId === id))
      if (unknown !== undefined)
        throw new AppError('STATE_NOT_FOUND', `layer ${unknown} is not known`, { path: 'targets.query.layers' })
      return { layers, seeds: layers.flatMap((view) => rowsOf(view).filter((seed) => matches(view, seed, query))) }
    }
  }
}

/** Judges one target by the edge table and by how old its state is. `insist`: stale is the operator's risk. */
export function judgeTarget(target: Target, insist: boolean): TargetFinding {
  const { seed, targetState, blueprintId } = target
  const old = seed.freshness === 'stale' || seed.freshness === 'silent' || seed.freshness === 'never'
  if (seed.state === 'UNKNOWN' || (old && !(insist && seed.freshness === 'stale'))) {
    const age = seed.ageMs === null ? 'it was never reported' : `last reported ${Math.round(seed.ageMs / 1_000)} s ago`
    return { target, kind: 'stale', code: 'COMMAND_TARGET_STALE', text: `${seed.freshness}: ${age}` }
  }
  if (targetState !== null) {
    const text = edgeReason(seed.state, targetState)
    if (text === '') return { target, kind: 'changes' }
    const same = seed.state === targetState
    return { target, kind: same ? 'unchanged' : 'illegal', code: 'COMMAND_ILLEGAL_EDGE', text }
  }
  const text = blueprintId === null ? '' : blueprintReason(seed.state)
  return text === '' ? { target, kind: 'changes' } : { target, kind: 'illegal', code: 'COMMAND_PRECONDITION', text }
}

/** Hashes the seeds that will change with the state and life each is in: what a person confirmed. */
export function hashTargets(findings: readonly TargetFinding[]): string {
  const hash = createHash('sha256')
  for (const { target, kind } of findings) {
    if (kind !== 'changes') continue
    const { layerId, seedId, state, generation } = target.seed
    hash.update(
      `${layerId} ${seedId} ${state} ${generation ?? '-'} ${target.targetState ?? ''} ${target.blueprintId ?? ''}\n`,
    )
  }
  return hash.digest('hex')
}

/** Finds the targets of a draft. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function resolveTargets(draft: CommandDraft, network: NetworkView): ResolvedTargets {
  const runId = draft.run_id
  const insist = draft.force
  const done = (layers: readonly LayerView[], targets: readonly Target[], many: boolean): ResolvedTargets => {
    const findings = targets.map((target) => judgeTarget(target, insist))
    return { layers, findings, many, listHash: hashTargets(findings) }
  }
  switch (draft.type) {
    case 'LifecycleTransitionCommand':
    case 'BlueprintUpdateCommand': {
      const wanted = {
        targetState: draft.type === 'LifecycleTransitionCommand' ? draft.target_state : null,
        blueprintId: draft.type === 'BlueprintUpdateCommand' ? draft.blueprint_id : null,
      }
      if (draft.targets === undefined) {
        const view = network.layer(draft.layer_id!, runId)
        return done([view], [{ seed: view.seed(draft.seed_id!), ...wanted }], false)
      }
      const { layers, seeds } = selectMany(draft.targets, network, runId)
      if (seeds.length > COMMAND_LIMITS.maxTargets)
        throw new AppError('CONTRACT_INVALID', `${seeds.length} seeds; ${COMMAND_LIMITS.maxTargets} are the bound`, {
          path: 'targets',
        })
      return done(
        layers,
        seeds.map((seed) => ({ seed, ...wanted })),
        true,
      )
    }
    case 'BatchCommand': {
      const view = network.layer(draft.layer_id, runId)
      // A part finds its seed as the part before it leaves it.
      const left = new Map<number, SeedState>()
      const targets = draft.commands.map((part) => {
        const seed = view.seed(part.seed_id)
        const target = {
          seed: { ...seed, state: left.get(part.seed_id) ?? seed.state },
          targetState: part.type === 'LifecycleTransitionCommand' ? part.target_state : null,
          blueprintId: part.type === 'BlueprintUpdateCommand' ? part.blueprint_id : null,
        }
        left.set(part.seed_id, target.targetState ?? 'GERMINATED')
        return target
      })
      return done([view], targets, false)
    }
    case 'CheckpointCommand':
    case 'RunControl':
    case 'NoOp':
      return done([network.layer(draft.layer_id, runId)], [], false)
  }
}
