/*
 * Lockstep: trainer and policy in one loop without a bus, for determinism tests and the recorded experiments.
 * In: something that steps like a trainer, a policy. Out: the run, decision by decision, at zero latency.
 * Invariant: the policy sees exactly what would travel on the wire, and its decisions meet the same guards.
 * Source: docs/training.md "lockstep".
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import type { Decision, DecisionOutcome, LayerObservation } from './observation.ts'
import { decide, type PolicyStep } from './policy.ts'
import type { PolicyState } from './policyState.ts'
import type { Observation } from './observation.ts'

/** What lockstep needs of a trainer: structural, so that this room does not import the training room. */
export interface SteppedTrainer {
  readonly step: number
  readonly tick: number
  readonly halted: boolean
  readonly layerIds: readonly string[]
  readonly seedsPerLayer: number
  runStep(): boolean
  seedColumns(layer: number): Float32Array
  layerColumns(layer: number): Float32Array
  execute(command: LockstepCommand): { readonly status: 'applied' | 'rejected' }
}

export interface LockstepCommand {
  readonly type: 'transition'
  readonly layerId: string
  readonly seedId: number
  readonly targetState: SeedState
  readonly reason: string
  readonly triggeredBy: 'policy'
  readonly force: false
  readonly expect: Decision['expect']
  readonly correlationId: null
  readonly blueprintId?: string
  readonly graftingStrategy?: string
}

export interface LockstepInput {
  readonly trainer: SteppedTrainer
  readonly policy: PolicyState
  readonly steps: number
  readonly reduce?: (state: PolicyState, observation: Observation) => PolicyStep
  readonly onTick?: (step: number) => void
}

/** Runs `steps` optimiser steps; returns the policy's last state. */
export function runLockstep({ trainer, policy, steps, reduce = decide, onTick }: LockstepInput): PolicyState {
  let state = policy
  let outcomes: DecisionOutcome[] = []
  for (let i = 0; i < steps; i++) {
    if (!trainer.runStep()) continue
    const { step, tick, halted } = trainer
    const result = reduce(state, { step, tick, halted, layers: observe(trainer), outcomes })
    state = result.state
    outcomes = result.decisions.map((decision) => ({
      key: decision.key,
      applied: trainer.execute(toCommand(decision)).status === 'applied',
    }))
    onTick?.(step)
  }
  return state
}

/** Builds layer observations from a trainer's own columns. */
export function observe(trainer: SteppedTrainer): LayerObservation[] {
  return trainer.layerIds.map((layerId, layer) => ({
    layerId,
    seeds: trainer.seedsPerLayer,
    seedColumns: trainer.seedColumns(layer),
    layerColumns: trainer.layerColumns(layer),
  }))
}

/** Turns a decision into the command the trainer executes. */
export function toCommand(decision: Decision): LockstepCommand {
  const { layerId, seedId, targetState, reason, expect, blueprintId, graftingStrategy } = decision
  return {
    type: 'transition',
    layerId,
    seedId,
    targetState,
    reason,
    triggeredBy: 'policy',
    force: false,
    expect,
    correlationId: null,
    ...(blueprintId === undefined ? {} : { blueprintId }),
    ...(graftingStrategy === undefined ? {} : { graftingStrategy }),
  }
}
