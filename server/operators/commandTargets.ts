/*
 * commandTargets: which seeds a draft means, what each of them is in now, and which of them would change.
 * In: a draft and the network view. Out: the seeds in order, split into will change, unchanged, illegal, stale; the hash of the list.
 * Invariant: deterministic for one state of the network, which is copied before the first pause; the hash covers exactly the seeds that
 * will change and the state each is in; no step between two pauses looks at more than a few hundred seeds.
 * Source: docs/commands.md "many seeds".
 */
import { createHash } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import type { CommandDraft, CommandTargets, SeedQuery } from '../../lib/contracts/commandDraft.ts'
import { COMMAND_LIMITS } from '../../lib/contracts/commandLimits.ts'
import { blueprintReason, edgeReason } from '../../lib/contracts/edgeRules.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { ITEMS_PER_STEP } from '../state/inTurns.ts'
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

type Steps<T> = Generator<void, T, void>

/** Looks at seeds of one layer, those that fit. */
function* lookAt(
  view: LayerView,
  ids: number | readonly number[],
  fits: (seed: SeedView) => boolean,
): Steps<SeedView[]> {
  const count = typeof ids === 'number' ? ids : ids.length
  const seeds: SeedView[] = []
  for (let at = 0; at < count; at++) {
    const seed = view.seed(typeof ids === 'number' ? at : ids[at]!)
    if (fits(seed)) seeds.push(seed)
    if (at % ITEMS_PER_STEP === ITEMS_PER_STEP - 1) yield
  }
  return seeds
}

const ANY = (): boolean => true

function* selectMany(
  targets: CommandTargets,
  network: NetworkView,
  runId: string | undefined,
): Steps<{ readonly layers: readonly LayerView[]; readonly seeds: readonly SeedView[] }> {
  switch (targets.kind) {
    case 'layer': {
      const view = network.layer(targets.layer_id, runId)
      return { layers: [view], seeds: yield* lookAt(view, view.rows, ANY) }
    }
    case 'seeds': {
      const layers = targets.layers.map(({ layer_id }) => network.layer(layer_id, runId))
      const seeds: SeedView[][] = []
      for (const [at, { seed_ids }] of targets.layers.entries()) {
        const ids = [...new Set(seed_ids)].sort((a, b) => a - b)
        seeds.push(yield* lookAt(layers[at]!, ids, ANY))
      }
      return { layers, seeds: seeds.flat() }
    }
    case 'query': {
      const { query } = targets
      const picked = new Map(query.seeds?.map(({ layer_id, seed_ids }) => [layer_id, seed_ids]))
      const named = query.layers === undefined && picked.size === 0 ? null : [...(query.layers ?? []), ...picked.keys()]
      const layers = network.layers(runId).filter((view) => named?.includes(view.layerId) ?? true)
      const unknown = named?.find((id) => !layers.some((view) => view.layerId === id))
      if (unknown !== undefined)
        throw new AppError('STATE_NOT_FOUND', `layer ${unknown} is not known`, { path: 'targets.query.layers' })
      const seeds: SeedView[][] = []
      for (const view of layers) {
        const ids = picked.get(view.layerId)
        const asked = ids === undefined ? view.rows : [...new Set(ids)].sort((a, b) => a - b)
        seeds.push(yield* lookAt(view, asked, (seed) => matches(view, seed, query)))
      }
      return { layers, seeds: seeds.flat() }
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

/** A seed that will change with the state and life it is in: what a person confirmed. */
function lineOf({ seed, targetState, blueprintId }: Target): string {
  const { layerId, seedId, state, generation } = seed
  return `${layerId} ${seedId} ${state} ${generation ?? '-'} ${targetState ?? ''} ${blueprintId ?? ''}\n`
}

/** Judges all of them and hashes what will change. `targetOf`: one at a time, so that no step makes all of them. */
function* judgeAll<T>(
  layers: readonly LayerView[],
  items: readonly T[],
  targetOf: (item: T) => Target,
  { many, insist }: { readonly many: boolean; readonly insist: boolean },
): Steps<ResolvedTargets> {
  const hash = createHash('sha256')
  const findings: TargetFinding[] = []
  let lines = ''
  for (const item of items) {
    const target = targetOf(item)
    const finding = judgeTarget(target, insist)
    if (finding.kind === 'changes') lines += lineOf(target)
    if (findings.push(finding) % ITEMS_PER_STEP !== 0) continue
    hash.update(lines)
    lines = ''
    yield
  }
  return { layers, findings, many, listHash: hash.update(lines).digest('hex') }
}

/** Finds the targets of a draft. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function* resolvingTargets(draft: CommandDraft, network: NetworkView): Steps<ResolvedTargets> {
  const runId = draft.run_id
  const done = (layers: readonly LayerView[], targets: readonly Target[]): Steps<ResolvedTargets> =>
    judgeAll(layers, targets, (target) => target, { many: false, insist: draft.force })
  switch (draft.type) {
    case 'LifecycleTransitionCommand':
    case 'BlueprintUpdateCommand': {
      const wanted = {
        targetState: draft.type === 'LifecycleTransitionCommand' ? draft.target_state : null,
        blueprintId: draft.type === 'BlueprintUpdateCommand' ? draft.blueprint_id : null,
      }
      if (draft.targets === undefined) {
        const view = network.layer(draft.layer_id!, runId)
        return yield* done([view], [{ seed: view.seed(draft.seed_id!), ...wanted }])
      }
      const { layers, seeds } = yield* selectMany(draft.targets, network, runId)
      if (seeds.length > COMMAND_LIMITS.maxTargets)
        throw new AppError('CONTRACT_INVALID', `${seeds.length} seeds; ${COMMAND_LIMITS.maxTargets} are the bound`, {
          path: 'targets',
        })
      const { targetState, blueprintId } = wanted
      const targetOf = (seed: SeedView): Target => ({ seed, targetState, blueprintId })
      return yield* judgeAll(layers, seeds, targetOf, { many: true, insist: draft.force })
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
      return yield* done([view], targets)
    }
    case 'CheckpointCommand':
    case 'RunControl':
    case 'NoOp':
      return yield* done([network.layer(draft.layer_id, runId)], [])
  }
}
