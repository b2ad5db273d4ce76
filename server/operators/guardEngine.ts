/*
 * guardEngine: looks at a draft and at the network, and says everything there is to say before anything happens.
 * In: a draft, the network view, budget, environment, who has control. Out: legality with reasons, level, readings, effect, demands.
 * Invariant: reads only; the same question at the same moment has the same answer; what is not legal never gets a gesture.
 * Source: docs/commands.md "preview"; docs/ux.md "guard levels".
 */
import type { BlastBudget, CommandReason, PreviewGuard, PreviewTargets } from '../../lib/contracts/commandPreview.ts'
import type { CommandDraft } from '../../lib/contracts/commandDraft.ts'
import { EDGE_GUARDS, inverseOf, type EdgeInverse } from '../../lib/contracts/edgeRules.ts'
import type { Freshness } from '../../lib/contracts/freshness.ts'
import { worstFreshness } from '../../lib/contracts/freshnessRule.ts'
import { demandsOf, guardedKind, judgeLevel, type Demands, type LevelVerdict } from '../../lib/contracts/guardLevels.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { isLiveState } from '../../lib/contracts/lifecycleTable.ts'
import { isOverBudget, type BudgetBook } from './blastBudget.ts'
import { effectText, type EffectText } from './commandText.ts'
import { resolvingTargets, type ResolvedTargets, type TargetFinding } from './commandTargets.ts'
import { ITEMS_PER_STEP } from '../state/inTurns.ts'
import type { LayerView, NetworkView } from './networkView.ts'
import { describingTargets } from './targetSplit.ts'

export interface GuardContext {
  readonly network: NetworkView
  readonly budget: BudgetBook
  readonly environment: 'DEMO' | 'PROD' | 'STAGING'
  /** Seeds one command may change. */
  readonly quota: number
  /** Somebody else is the commander. */
  readonly proposed: boolean
  /** Layers under an emergency stop: all, some, none. */
  readonly halted: (layerId: string) => boolean
  /** Why the run can not be paused, resumed or ended now. */
  readonly againstRun: (action: 'pause' | 'resume' | 'stop') => { readonly code: string; readonly text: string } | null
}

export interface Evaluation {
  readonly resolved: ResolvedTargets
  readonly runId: string | null
  /** Empty: it is legal. */
  readonly reasons: readonly CommandReason[]
  readonly warnings: readonly CommandReason[]
  readonly verdict: LevelVerdict
  readonly demands: Demands
  readonly guards: readonly PreviewGuard[]
  readonly effect: EffectText
  readonly inverse: EdgeInverse | null
  readonly budget: BlastBudget
  readonly targets: PreviewTargets
  readonly freshness: Freshness
  readonly ageMs: number | null
  readonly changing: number
  /** Seeds that would change, by layer. */
  readonly wanted: ReadonlyMap<string, readonly number[]>
}

/** Reasons of targets that are told; more of them say nothing new. */
const TOLD_REASONS = 8

const COMPARE = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const

const reason = (code: string, text: string, hint: string | null = null): CommandReason => ({ code, text, hint })

/** Readings the layer will judge by. */
function readGuards(resolved: ResolvedTargets, force: boolean): PreviewGuard[] {
  const one = resolved.findings.length === 1 ? resolved.findings[0]! : null
  const { target } = one ?? {}
  if (target === undefined || target.targetState === null || target.seed.state === 'UNKNOWN') return []
  const view = resolved.layers[0]!
  const rules = EDGE_GUARDS[`${target.seed.state}>${target.targetState}`] ?? []
  return rules.map(({ metric, op, threshold, unit, kind }) => {
    const value = view.metric(metric, target.seed.seedId)
    const limit = typeof threshold === 'number' ? threshold : (view.thresholds[threshold] ?? null)
    const passed = value === null || limit === null ? null : COMPARE[op](value, limit)
    const skipped = force ? '; skipped by force' : ''
    return {
      name: metric,
      text: `${metric} ${op} ${limit === null ? 'a threshold this run does not tell' : limit} (${kind})${skipped}`,
      value,
      threshold: limit,
      unit,
      passed,
      age_ms: target.seed.ageMs,
      decided_by: 'layer' as const,
    }
  })
}

function freshnessGuard(views: readonly LayerView[]): PreviewGuard[] {
  return views.slice(0, 16).map((view) => ({
    name: 'telemetry',
    text: `${view.layerId} is ${view.freshness}`,
    value: view.ageMs === null ? null : view.ageMs / 1_000,
    threshold: null,
    unit: 's',
    passed: view.freshness === 'fresh' || view.freshness === 'late',
    age_ms: view.ageMs,
    decided_by: 'server' as const,
  }))
}

/** What stands against the whole of it. */
function findReasons(
  draft: CommandDraft,
  resolved: ResolvedTargets,
  context: GuardContext,
  changing: number,
): { readonly reasons: CommandReason[]; readonly warnings: CommandReason[] } {
  const reasons: CommandReason[] = []
  const warnings: CommandReason[] = []
  const halted = resolved.layers.filter((view) => context.halted(view.layerId))
  const run = draft.type === 'RunControl' ? context.againstRun(draft.action) : null
  if (run !== null) reasons.push(reason(run.code, run.text))
  if (halted.length > 0 && draft.type !== 'NoOp' && draft.type !== 'RunControl')
    reasons.push(
      reason(
        'COMMAND_HALTED',
        `an emergency stop is in force on ${halted.map((view) => view.layerId).join(', ')}`,
        'resume first',
      ),
    )
  // A run that stands still sends nothing: going on with it can not wait for telemetry.
  const resumes = draft.type === 'RunControl' && draft.action === 'resume'
  const old = resumes ? [] : resolved.layers.filter((view) => !['fresh', 'late'].includes(view.freshness))
  const insists = draft.force && old.every((view) => view.freshness === 'stale')
  for (const view of old.slice(0, 8)) {
    const age = view.ageMs === null ? 'it never reported' : `last report ${Math.round(view.ageMs / 1_000)} s ago`
    const found = reason(
      'COMMAND_TARGET_STALE',
      `${view.layerId} is ${view.freshness}: ${age}`,
      'wait for fresh telemetry',
    )
    if (insists || (resolved.many && changing > 0)) warnings.push(found)
    else reasons.push(found)
  }
  const partial = resolved.many || (draft.type === 'BatchCommand' && !draft.atomic)
  const hasBad = changing < resolved.findings.length
  if (resolved.findings.length > 0 && (changing === 0 || (!partial && hasBad)))
    for (const finding of differentBad(resolved.findings)) {
      // A stale target was told with its layer already.
      if (finding.kind === 'stale' && reasons.some((known) => known.code === 'COMMAND_TARGET_STALE')) continue
      reasons.push(reason(finding.code, finding.text))
    }
  if (resolved.many && resolved.findings.length === 0) reasons.push(reason('STATE_NOT_FOUND', 'the selection is empty'))
  if (changing > context.quota)
    reasons.push(
      reason('COMMAND_QUOTA', `${changing} seeds would change; ${context.quota} are allowed at once`, 'choose fewer'),
    )
  return { reasons, warnings }
}

type BadFinding = Exclude<TargetFinding, { kind: 'changes' }>

/** The first few that are told in different words. */
function differentBad(findings: readonly TargetFinding[]): BadFinding[] {
  const seen = new Map<string, BadFinding>()
  for (const finding of findings) {
    if (finding.kind === 'changes' || seen.has(finding.text)) continue
    if (seen.set(finding.text, finding).size === TOLD_REASONS) break
  }
  return [...seen.values()]
}

/** Counts what would change, by layer; each seed once, though a batch may name it twice. */
function* countChanging({
  findings,
  many,
}: ResolvedTargets): Generator<
  void,
  { readonly changing: number; readonly wanted: ReadonlyMap<string, readonly number[]> },
  void
> {
  const wanted = new Map<string, number[]>()
  let changing = 0
  for (const [at, { kind, target }] of findings.entries()) {
    if (at % ITEMS_PER_STEP === ITEMS_PER_STEP - 1) yield
    if (kind !== 'changes') continue
    changing++
    const { layerId, seedId } = target.seed
    const ids = wanted.get(layerId) ?? []
    if (ids.length === 0) wanted.set(layerId, ids)
    if (many || !ids.includes(seedId)) ids.push(seedId)
  }
  return { changing, wanted }
}

function statesOf(draft: CommandDraft): readonly SeedState[] {
  if (draft.type === 'LifecycleTransitionCommand') return [draft.target_state]
  if (draft.type !== 'BatchCommand') return []
  return draft.commands.flatMap((part) => (part.type === 'LifecycleTransitionCommand' ? [part.target_state] : []))
}

function inverseFor(draft: CommandDraft, resolved: ResolvedTargets): EdgeInverse | null {
  const one = resolved.findings.find((finding) => finding.kind === 'changes')?.target
  switch (draft.type) {
    case 'LifecycleTransitionCommand':
      return one === undefined || one.seed.state === 'UNKNOWN' ? null : inverseOf(one.seed.state, draft.target_state)
    case 'BlueprintUpdateCommand':
      return one !== undefined && one.seed.state !== 'UNKNOWN' && isLiveState(one.seed.state)
        ? { text: 'the blueprint before can be set again while the seed is GERMINATED', targetState: null }
        : { text: 'CANCELLED ends the life that begins with it', targetState: 'CANCELLED' }
    case 'CheckpointCommand':
      return draft.operation === 'save' ? { text: 'nothing changes', targetState: null } : null
    case 'RunControl':
      return draft.action === 'stop' ? null : { text: draft.action === 'pause' ? 'resume' : 'pause', targetState: null }
    case 'BatchCommand':
    case 'NoOp':
      return null
  }
}

/** Evaluates a draft, in steps. @throws STATE_NOT_FOUND, CONTRACT_INVALID when its target does not exist */
export function* evaluatingCommand(draft: CommandDraft, context: GuardContext): Generator<void, Evaluation, void> {
  const resolved = yield* resolvingTargets(draft, context.network)
  yield
  const { changing, wanted } = yield* countChanging(resolved)
  yield
  const budget = context.budget.weigh(resolved.layers, wanted)
  yield
  const { reasons, warnings } = findReasons(draft, resolved, context, changing)
  const levelContext = {
    environment: context.environment,
    targetStates: statesOf(draft),
    targets: Math.max(1, changing),
    overBudget: isOverBudget(budget),
    stale: warnings.some((warning) => warning.code === 'COMMAND_TARGET_STALE') && !resolved.many,
    force: draft.force,
  }
  const verdict = judgeLevel(guardedKind(draft), levelContext)
  const demands = demandsOf(verdict.level, { ...levelContext, proposed: context.proposed })
  yield
  const targets = yield* describingTargets(resolved)
  const first = resolved.layers[0] ?? null
  const ages = resolved.layers.map((view) => view.ageMs)
  return {
    resolved,
    runId: first?.runId ?? null,
    reasons,
    warnings,
    verdict,
    demands,
    guards: [...freshnessGuard(resolved.layers), ...readGuards(resolved, draft.force)],
    effect: effectText(draft, resolved, changing),
    inverse: inverseFor(draft, resolved),
    budget,
    targets,
    freshness: worstFreshness(resolved.layers.map((view) => view.freshness)),
    ageMs: ages.includes(null) || ages.length === 0 ? null : Math.max(...(ages as number[])),
    changing,
    wanted,
  }
}
