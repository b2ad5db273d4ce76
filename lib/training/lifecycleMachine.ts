/*
 * The lifecycle machine: takes one seed over one legal edge and does to the computation what the new state means.
 * In: core, seed, target, who and why. Out: changed record, module and alpha; a transition event; field reports.
 * Invariant: no edge outside LEGAL_EDGES is ever taken, by nobody; the metric snapshot is of the moment before.
 * Source: seed-design.md 2.3; docs/training.md "states".
 */
import { isLegalEdge } from '../contracts/lifecycleTable.ts'
import { AppError } from '../contracts/appError.ts'
import { findBlueprint } from './blueprints.ts'
import { seedMetrics } from './columns.ts'
import { SeedModule } from './seedModule.ts'
import { unmeasured, type LifePlan, type SeedRecord } from './seedRecord.ts'
import { setAlpha, type TrainerCore } from './trainerCore.ts'
import type { GuardReading, SeedState, TriggeredBy } from './trainerTypes.ts'

export interface TransitionCause {
  readonly reason: string
  readonly triggeredBy: TriggeredBy
  readonly forced?: boolean
  readonly guards?: readonly GuardReading[]
  readonly correlationId?: string | null
  /** Recipe of a germination. */
  readonly plan?: LifePlan
}

/** Takes the edge. @throws INTERNAL when it is not legal: callers check first */
export function applyTransition(core: TrainerCore, seed: SeedRecord, to: SeedState, cause: TransitionCause): void {
  const from = seed.state
  if (!isLegalEdge(from, to)) throw new AppError('INTERNAL', `edge ${from} -> ${to} is not legal`)
  const metrics = seedMetrics(core, seed)
  const ended = seed.blueprintId
  seed.state = to
  seed.ticksInState = 0
  applyEffects(core, seed, to, cause)
  core.emit(
    {
      kind: 'transition',
      layerId: core.layerIds[seed.layer]!,
      seedId: seed.row,
      generation: seed.generation,
      fromState: from,
      toState: to,
      reason: cause.reason,
      triggeredBy: cause.triggeredBy,
      forced: cause.forced ?? false,
      guard: cause.guards?.[0] ?? null,
      guards: cause.guards ?? [],
      blueprintId: seed.blueprintId ?? ended,
      strategy: seed.blueprintId || ended ? seed.strategy : null,
      metrics,
    },
    cause.correlationId ?? null,
  )
  if (to === 'GERMINATED') reportBlueprint(core, seed, 'built', null)
  if (to === 'FOSSILIZED' || to === 'CULLED' || to === 'CANCELLED' || to === 'ROLLED_BACK') {
    reportBlueprint(core, seed, 'field_report', to)
  }
}

function applyEffects(core: TrainerCore, seed: SeedRecord, to: SeedState, cause: TransitionCause): void {
  switch (to) {
    case 'GERMINATED':
      if (!cause.plan) throw new AppError('INTERNAL', 'a germination needs a plan')
      startLife(core, seed, cause.plan)
      break
    case 'TRAINING':
      setAlpha(core, seed, 0)
      break
    case 'GRAFTING':
      seed.graft = { velocity: 0, pauseTicks: 0, heldTicks: 0 }
      // Drift is judged against the weights the ramp began with, not against their growth while training.
      seed.weightEma = NaN
      break
    case 'STABILIZATION':
    case 'EVALUATING':
    case 'FINE_TUNING':
    case 'FOSSILIZED':
      setAlpha(core, seed, 1)
      break
    case 'CULLED':
    case 'CANCELLED':
    case 'ROLLED_BACK':
      // The module is kept until the embargo ends: a post-mortem can still read it.
      setAlpha(core, seed, 0)
      break
    case 'DORMANT':
      core.network.modules[seed.index] = null
      seed.blueprintId = null
      Object.assign(seed, unmeasured())
      break
  }
}

function startLife(core: TrainerCore, seed: SeedRecord, plan: LifePlan): void {
  Object.assign(seed, unmeasured())
  seed.generation++
  seed.ticksLived = 0
  seed.planned = null
  seed.baselineLoss = core.counters.valLoss
  seed.gradSquares = 0
  seed.gradSteps = 0
  seed.updateRatioSum = 0
  buildModule(core, seed, plan)
  setAlpha(core, seed, 0)
}

/** Builds the module from the policy stream and puts it in its chunk; used at germination and by a blueprint update. */
export function buildModule(core: TrainerCore, seed: SeedRecord, plan: LifePlan): void {
  const blueprint = findBlueprint(plan.blueprintId)
  if (!blueprint) throw new AppError('INTERNAL', `blueprint ${plan.blueprintId} is not in the table`)
  seed.blueprintId = plan.blueprintId
  seed.strategy = plan.strategy
  seed.rampTicks = plan.rampTicks
  core.network.modules[seed.index] = new SeedModule(blueprint, core.network.place(seed.layer), core.policyRng)
}

/** Emits what a recipe was built with or what its life was worth. */
export function reportBlueprint(
  core: TrainerCore,
  seed: SeedRecord,
  action: 'built' | 'updated' | 'field_report',
  outcome: SeedState | null,
): void {
  if (seed.blueprintId === null) return
  core.emit({
    kind: 'blueprint',
    action,
    layerId: core.layerIds[seed.layer]!,
    seedId: seed.row,
    generation: seed.generation,
    blueprintId: seed.blueprintId,
    strategy: seed.strategy,
    parameters: core.network.modules[seed.index]?.parameterCount ?? 0,
    outcome,
    contribution: Number.isFinite(seed.contribution) ? seed.contribution : null,
    totalImprovement: Number.isFinite(seed.totalImprovement) ? seed.totalImprovement : null,
    ticksLived: seed.ticksLived,
  })
}

/**
 * Takes a broken module out of the run: to ROLLED_BACK where that edge exists, to CANCELLED from GERMINATED. A fossil has
 * no way out; false then, and the governor must restore it.
 */
export function quarantine(core: TrainerCore, seed: SeedRecord, what: string): boolean {
  seed.errors++
  core.emit({
    kind: 'fault',
    phase: 'contained',
    faultId: `contained-${core.layerIds[seed.layer]!}-${seed.row}-${seed.generation}`,
    fault: 'non_finite',
    layerId: core.layerIds[seed.layer]!,
    seedId: seed.row,
    text: what,
  })
  const to: SeedState = seed.state === 'GERMINATED' ? 'CANCELLED' : 'ROLLED_BACK'
  if (!isLegalEdge(seed.state, to)) return false
  const guard: GuardReading = { name: 'non_finite', value: null, threshold: null, passed: false }
  applyTransition(core, seed, to, { reason: what, triggeredBy: 'guard', guards: [guard] })
  return true
}
