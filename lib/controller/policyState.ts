/*
 * PolicyState: what the controller remembers between observations, as plain immutable data.
 * In: nothing. Out: the initial state and its configuration.
 * Invariant: a structured clone holds it all (JSON would lose NaN and Infinity): a policy restarted with it goes on as before.
 * Source: docs/training.md "policy".
 */
import type { SeedState } from '../contracts/lifecycle.ts'

export interface PolicyConfig {
  /** Blueprint ids by wire index; entry 0 is unused. */
  readonly blueprintTable: readonly (string | null)[]
  /** Order of the first try of each recipe. It carries a hint of ours (bypass_mlp first), stated in docs/training.md. */
  readonly blueprintOrder: readonly string[]
  readonly strategies: readonly string[]
  readonly maxActiveSeeds: number
  readonly germinateEveryTicks: number
  readonly plateauEvaluations: number
  readonly plateauGain: number
  readonly targetAccuracy: number
  readonly explorationWeight: number
  /** Stops growing after this many lives in a row ended without a fossil; 0 = never. */
  readonly stopAfterFailedLives: number
  readonly reconstructionTicks: number
  readonly maxReconstructionLoss: number
  readonly minTrainingTicks: number
  readonly maxTrainingTicks: number
  readonly minShadowGain: number
  readonly maxGraftingTicks: number
  readonly minStabilizationTicks: number
  readonly minEvaluatingTicks: number
  readonly maxEvaluatingTicks: number
  readonly minStability: number
  readonly minFineTuningTicks: number
  readonly maxFineTuningTicks: number
  readonly minContribution: number
  readonly minTotalImprovement: number
  /** Above this contribution with a total below 0 the host merely grew dependent. */
  readonly ransomContribution: number
  readonly ransomReads: number
  readonly embargoTicks: Readonly<Record<'CULLED' | 'CANCELLED' | 'ROLLED_BACK', number>>
  readonly pendingTimeoutTicks: number
  readonly backoffTicks: number
  readonly maxBackoffTicks: number
}

const TABLE = [null, 'affine', 'low_rank', 'mlp', 'residual_mlp', 'gated', 'bypass_mlp']

/** The measured defaults; they mirror the trainer's guards, which check them again. */
export const POLICY_DEFAULTS: PolicyConfig = Object.freeze({
  blueprintTable: TABLE,
  blueprintOrder: ['bypass_mlp', 'low_rank', 'residual_mlp', 'affine', 'gated', 'mlp'],
  strategies: ['linear', 'drift_controlled', 'momentum'],
  maxActiveSeeds: 3,
  germinateEveryTicks: 10,
  plateauEvaluations: 5,
  plateauGain: 0.01,
  targetAccuracy: 0.995,
  explorationWeight: 0.012,
  stopAfterFailedLives: 10,
  reconstructionTicks: 10,
  maxReconstructionLoss: 0.05,
  minTrainingTicks: 30,
  maxTrainingTicks: 60,
  minShadowGain: 0.002,
  maxGraftingTicks: 80,
  minStabilizationTicks: 6,
  minEvaluatingTicks: 6,
  maxEvaluatingTicks: 12,
  minStability: 0.8,
  minFineTuningTicks: 12,
  maxFineTuningTicks: 36,
  minContribution: 0.005,
  minTotalImprovement: 0.01,
  ransomContribution: 0.001,
  ransomReads: 2,
  embargoTicks: Object.freeze({ CULLED: 25, CANCELLED: 10, ROLLED_BACK: 25 }),
  pendingTimeoutTicks: 20,
  backoffTicks: 5,
  maxBackoffTicks: 80,
})

/** A decision that was sent and whose effect has not been seen yet, or that was refused and waits. */
export interface PendingDecision {
  readonly layerId: string
  readonly seedId: number
  readonly fromState: SeedState
  readonly generation: number
  /** Not repeated before this tick. */
  readonly untilTick: number
  readonly refusals: number
}

export interface SeedMemory {
  readonly state: SeedState | null
  readonly generation: number
  readonly ransomReads: number
  readonly ransomAsOf: number
}

export interface BlueprintRecord {
  readonly tries: number
  /** Lives of this recipe whose end was seen; those still under way say nothing yet, neither good nor bad. */
  readonly ended: number
  /** Sum of measured contributions; a failure adds 0. */
  readonly value: number
  readonly fossilised: number
}

export interface PolicyState {
  readonly config: PolicyConfig
  readonly tick: number
  readonly bestLoss: number
  readonly badEvaluations: number
  readonly asOfStep: number
  readonly valAccuracy: number
  /** True once the first plateau was seen: from then on growth follows its own cadence. */
  readonly growing: boolean
  readonly saturated: boolean
  readonly failedLives: number
  readonly lastGerminationTick: number
  readonly germinations: number
  readonly seeds: Readonly<Record<string, SeedMemory>>
  readonly blueprints: Readonly<Record<string, BlueprintRecord>>
  readonly pending: Readonly<Record<string, PendingDecision>>
}

/** Creates the state of a controller that has seen nothing. */
export function createPolicyState(overrides: Partial<PolicyConfig> = {}): PolicyState {
  return {
    config: { ...POLICY_DEFAULTS, ...overrides },
    tick: -1,
    bestLoss: Infinity,
    badEvaluations: 0,
    asOfStep: -1,
    valAccuracy: NaN,
    growing: false,
    saturated: false,
    failedLives: 0,
    lastGerminationTick: -1_000,
    germinations: 0,
    seeds: {},
    blueprints: {},
    pending: {},
  }
}
