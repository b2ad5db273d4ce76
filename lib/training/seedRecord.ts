/*
 * SeedRecord: everything the trainer knows about one seed besides the module's tensors.
 * In: nothing. Out: fresh records, resets at the start of a life.
 * Invariant: plain data only, so a checkpoint is a copy; unmeasured numbers are NaN.
 * Source: docs/training.md "seeds".
 */
import type { BlueprintId, SeedState, StrategyId } from './trainerTypes.ts'

/** Recipe of one life. */
export interface LifePlan {
  readonly blueprintId: BlueprintId
  readonly strategy: StrategyId
  readonly rampTicks: number
}

export interface ContributionRead {
  readonly delta: number
  readonly lossDelta: number
  readonly lossOn: number
}

/** Working memory of the alpha rules. */
export interface GraftMemory {
  velocity: number
  pauseTicks: number
  heldTicks: number
}

export interface SeedRecord {
  readonly index: number
  readonly layer: number
  readonly row: number
  state: SeedState
  ticksInState: number
  ticksLived: number
  generation: number
  blueprintId: BlueprintId | null
  strategy: StrategyId
  rampTicks: number
  alpha: number
  alphaVelocity: number
  graft: GraftMemory
  frozen: boolean
  /** Recipe that a blueprint update left for the next germination. */
  planned: LifePlan | null
  reconstructionLoss: number
  shadowGain: number
  baselineLoss: number
  /** Last 12 paired readings; their mean is the contribution. */
  reads: ContributionRead[]
  contribution: number
  lossDelta: number
  stability: number
  totalImprovement: number
  weightEma: number
  weightDrift: number
  gradRatio: number
  errors: number
  /** Sums over the steps of the running tick. */
  gradSquares: number
  gradSteps: number
  updateRatioSum: number
  /** Readings of the tick that ended. */
  gradNorm: number
  updateRatio: number
  computeUs: number
}

export const CONTRIBUTION_READS = 12

/** Creates a dormant seed that never lived. */
export function createSeedRecord(index: number, seedsPerLayer: number): SeedRecord {
  return {
    index,
    layer: Math.floor(index / seedsPerLayer),
    row: index % seedsPerLayer,
    state: 'DORMANT',
    ticksInState: 0,
    ticksLived: 0,
    generation: 0,
    blueprintId: null,
    strategy: 'linear',
    rampTicks: 0,
    alpha: 0,
    alphaVelocity: NaN,
    graft: { velocity: 0, pauseTicks: 0, heldTicks: 0 },
    frozen: false,
    planned: null,
    errors: 0,
    gradSquares: 0,
    gradSteps: 0,
    updateRatioSum: 0,
    ...unmeasured(),
  }
}

/** Forgets what was measured in an earlier life. */
export function unmeasured() {
  return {
    reconstructionLoss: NaN,
    shadowGain: NaN,
    baselineLoss: NaN,
    reads: [] as ContributionRead[],
    contribution: NaN,
    lossDelta: NaN,
    stability: NaN,
    totalImprovement: NaN,
    weightEma: NaN,
    weightDrift: NaN,
    gradRatio: NaN,
    gradNorm: NaN,
    updateRatio: NaN,
    computeUs: NaN,
  }
}

/** Notes one paired reading and refreshes contribution, loss delta and stability. */
export function noteContribution(seed: SeedRecord, read: ContributionRead): void {
  seed.reads.push(read)
  if (seed.reads.length > CONTRIBUTION_READS) seed.reads.shift()
  const n = seed.reads.length
  let delta = 0
  let lossDelta = 0
  let loss = 0
  for (const entry of seed.reads) {
    delta += entry.delta
    lossDelta += entry.lossDelta
    loss += entry.lossOn
  }
  const mean = loss / n
  let squares = 0
  for (const entry of seed.reads) squares += (entry.lossOn - mean) ** 2
  seed.contribution = delta / n
  seed.lossDelta = lossDelta / n
  seed.stability = mean > 0 ? 1 - Math.min(1, Math.sqrt(squares / n) / mean) : NaN
}
