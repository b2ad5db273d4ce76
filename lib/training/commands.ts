/*
 * Commands about seeds: the checks in their fixed order, then the effect.
 * In: core and a seed command. Out: applied with what happened, or rejected with code, text and current state.
 * Invariant: existence, then stop, then compare-and-set, then edge table, then support, then guards; a refusal changes nothing but a counter.
 * Source: seed-design.md 2.3; docs/training.md "commands".
 */
import { isLegalEdge, LEGAL_EDGES } from '../contracts/lifecycleTable.ts'
import { BLUEPRINTS, findBlueprint } from './blueprints.ts'
import { evaluateGuards, findRefusal, type GuardCheck } from './guards.ts'
import { parseStrategy } from './grafting.ts'
import { applyTransition, buildModule, reportBlueprint } from './lifecycleMachine.ts'
import type { LifePlan, SeedRecord } from './seedRecord.ts'
import { activeSeeds, type TrainerCore } from './trainerCore.ts'
import type {
  BlueprintCommand,
  Expectation,
  GuardReading,
  SeedState,
  TrainerRejectCode,
  TrainerResult,
  TransitionCommand,
} from './trainerTypes.ts'

/** A refused edge is told at most once in this many ticks; the rest is counted into the next telling. */
const REFUSAL_TICKS = 25
const MAX_RAMP_TICKS = 1_000

type Refusal = { readonly code: TrainerRejectCode; readonly text: string }

/** Finds a seed by layer id and row; null when there is none. */
export function findSeed(core: TrainerCore, layerId: string, seedId: number): SeedRecord | null {
  const layer = core.layerIds.indexOf(layerId)
  const { seedsPerLayer } = core.config
  if (layer < 0 || !Number.isInteger(seedId) || seedId < 0 || seedId >= seedsPerLayer) return null
  return core.seeds[layer * seedsPerLayer + seedId] ?? null
}

/** Answers that a command took effect, with the state the seed is in now. */
export function applied(text: string, seed: SeedRecord | null, guards: readonly GuardReading[] = []): TrainerResult {
  const generation = seed?.generation ?? null
  return { status: 'applied', text, state: seed?.state ?? null, generation, guards, checkpoint: null }
}

/** Answers that a command changed nothing: code, why, the state as it stays, and the guard that said no. */
export function rejected(
  code: TrainerRejectCode,
  text: string,
  seed: SeedRecord | null,
  guard: GuardReading | null = null,
): TrainerResult {
  return { status: 'rejected', code, text, state: seed?.state ?? null, generation: seed?.generation ?? null, guard }
}

export const noSuchSeed = (layerId: string, seedId: number): TrainerResult =>
  rejected('COMMAND_PRECONDITION', `there is no seed ${seedId} in layer ${layerId.slice(0, 128)}`, null)

function checkStop(core: TrainerCore, seed: SeedRecord): Refusal | null {
  if (core.held[seed.layer] !== 1) return null
  return { code: 'COMMAND_STOPPED', text: `${core.layerIds[seed.layer]} is stopped: its structure stays as it is` }
}

function checkExpectation(seed: SeedRecord, expect: Expectation | null): Refusal | null {
  const code = 'COMMAND_PRECONDITION'
  if (expect?.fromState !== undefined && expect.fromState !== seed.state) {
    return { code, text: `the seed is in ${seed.state}, the command expects ${expect.fromState}` }
  }
  if (expect?.generation !== undefined && expect.generation !== seed.generation) {
    return { code, text: `the seed is in generation ${seed.generation}, the command expects ${expect.generation}` }
  }
  return null
}

function parsePlan(
  core: TrainerCore,
  blueprintId: string,
  strategyName: string,
  rampTicks: number | undefined,
): LifePlan | Refusal {
  const blueprint = findBlueprint(blueprintId)
  if (!blueprint) {
    const known = BLUEPRINTS.map((entry) => entry.id).join(', ')
    return {
      code: 'COMMAND_UNSUPPORTED',
      text: `blueprint "${blueprintId.slice(0, 64)}" is not built; supported: ${known}`,
    }
  }
  const parsed = parseStrategy(strategyName)
  if (!parsed.ok) return { code: 'COMMAND_UNSUPPORTED', text: parsed.text }
  const ramp = rampTicks ?? parsed.rampTicks ?? core.config.rampTicks
  if (!Number.isInteger(ramp) || ramp < 1 || ramp > MAX_RAMP_TICKS) {
    return { code: 'COMMAND_UNSUPPORTED', text: `a ramp of ${ramp} ticks is not in 1..${MAX_RAMP_TICKS}` }
  }
  return { blueprintId: blueprint.id, strategy: parsed.strategy, rampTicks: ramp }
}

/** Executes one transition; `restore` is called after a roll-back that names a checkpoint. */
export function executeTransition(
  core: TrainerCore,
  command: TransitionCommand,
  restore: (checkpointId: string) => void,
  hasCheckpoint: (checkpointId: string) => boolean,
): TrainerResult {
  const seed = findSeed(core, command.layerId, command.seedId)
  if (!seed) return noSuchSeed(command.layerId, command.seedId)
  const refusal = checkStop(core, seed) ?? checkExpectation(seed, command.expect)
  if (refusal) return rejected(refusal.code, refusal.text, seed)
  const from = seed.state
  const to = command.targetState
  if (!isLegalEdge(from, to)) {
    const legal = LEGAL_EDGES[from].join(', ') || 'none (terminal)'
    return rejected('COMMAND_ILLEGAL_EDGE', `${from} -> ${to} does not exist; legal from ${from}: ${legal}`, seed)
  }
  if (core.config.staticSeeds.includes(seed.index)) {
    return rejected('COMMAND_PRECONDITION', 'the seed is part of a static comparator and has no lifecycle', seed)
  }
  if (seed.frozen && command.triggeredBy === 'policy') {
    return rejected('COMMAND_PRECONDITION', 'the seed is frozen by an operator', seed)
  }
  if (command.checkpointId !== undefined && (to !== 'ROLLED_BACK' || !hasCheckpoint(command.checkpointId))) {
    const text = `checkpoint "${command.checkpointId.slice(0, 128)}" is not in memory, or the target is not ROLLED_BACK`
    return rejected('COMMAND_PRECONDITION', text, seed)
  }
  let plan: LifePlan | undefined
  if (to === 'GERMINATED') {
    const { blueprintId, graftingStrategy = 'linear', rampTicks } = command
    const usesPlanned = blueprintId === undefined && seed.planned !== null
    const parsed = usesPlanned
      ? seed.planned!
      : parsePlan(core, blueprintId ?? 'bypass_mlp', graftingStrategy, rampTicks)
    if ('code' in parsed) return rejected(parsed.code, parsed.text, seed)
    plan = parsed
  }
  return guardAndApply(core, seed, command, plan, restore)
}

function guardAndApply(
  core: TrainerCore,
  seed: SeedRecord,
  command: TransitionCommand,
  plan: LifePlan | undefined,
  restore: (checkpointId: string) => void,
): TrainerResult {
  const from = seed.state
  const checks = evaluateGuards(from, command.targetState, {
    seed,
    activeSeeds: activeSeeds(core),
    halted: core.halted,
    valLoss: core.counters.valLoss,
    moduleNorm: core.network.modules[seed.index]?.weightNorm() ?? null,
    config: core.config.guards,
  })
  const refusal = findRefusal(checks, command.force)
  if (refusal) {
    tellRefusal(core, seed, command, refusal)
    const text = `${from} -> ${command.targetState} refused: ${refusal.text}`
    return rejected('COMMAND_GUARD', text, seed, refusal.reading)
  }
  const guards = checks.map((entry) => entry.reading)
  applyTransition(core, seed, command.targetState, {
    reason: command.reason,
    triggeredBy: command.triggeredBy,
    forced: command.force,
    guards,
    correlationId: command.correlationId,
    ...(plan ? { plan } : {}),
  })
  if (command.checkpointId !== undefined) restore(command.checkpointId)
  return applied(`${from} -> ${command.targetState}`, seed, guards)
}

function tellRefusal(core: TrainerCore, seed: SeedRecord, command: TransitionCommand, refusal: GuardCheck): void {
  const key = `${seed.index}>${command.targetState}`
  const told = core.refusals.get(key)
  const { tick } = core.counters
  if (told && tick - told.tick < REFUSAL_TICKS && tick >= told.tick) {
    told.suppressed++
    return
  }
  core.refusals.set(key, { tick, suppressed: 0 })
  core.emit(
    {
      kind: 'guard_refused',
      layerId: command.layerId,
      seedId: command.seedId,
      generation: seed.generation,
      fromState: seed.state,
      toState: command.targetState,
      guard: refusal.reading,
      text: refusal.text,
      triggeredBy: command.triggeredBy,
      suppressed: told?.suppressed ?? 0,
    },
    command.correlationId,
  )
}

const UPDATABLE: ReadonlySet<SeedState> = new Set(['DORMANT', 'GERMINATED'])

/** Executes a blueprint update: germinates a dormant seed with it, or rebuilds the module of a germinated one. */
export function executeBlueprint(core: TrainerCore, command: BlueprintCommand): TrainerResult {
  const seed = findSeed(core, command.layerId, command.seedId)
  if (!seed) return noSuchSeed(command.layerId, command.seedId)
  const refusal = checkStop(core, seed) ?? checkExpectation(seed, command.expect)
  if (refusal) return rejected(refusal.code, refusal.text, seed)
  if (!UPDATABLE.has(seed.state)) {
    const text = `a blueprint is set in DORMANT or GERMINATED, the seed is in ${seed.state}: swapping a live module is a new life`
    return rejected('COMMAND_PRECONDITION', text, seed)
  }
  const plan = parsePlan(core, command.blueprintId, command.graftingStrategy, command.rampTicks)
  if ('code' in plan) return rejected(plan.code, plan.text, seed)
  if (seed.state === 'DORMANT') {
    // Remembered for the next germination, which is an edge of its own with its own guards.
    seed.planned = plan
    return applied(`next germination of this seed uses ${plan.blueprintId}, ${plan.strategy}`, seed)
  }
  buildModule(core, seed, plan)
  reportBlueprint(core, seed, 'updated', null)
  return applied(`module rebuilt as ${plan.blueprintId}, ${plan.strategy}, ramp ${plan.rampTicks}`, seed)
}
