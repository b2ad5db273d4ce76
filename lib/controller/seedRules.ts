/*
 * Seed rules: what the policy wants of one seed that is not dormant.
 * In: the seed as seen, its memory, the configuration. Out: a target state with its reason, or null.
 * Invariant: pure; an unmeasured reading never counts as good enough; every rule states the numbers it used.
 * Source: docs/training.md "policy"; seed-design.md 2.3.
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import type { PolicyConfig, SeedMemory } from './policyState.ts'
import type { SeedView } from './seedView.ts'

export interface Wish {
  readonly to: SeedState
  readonly reason: string
}

const points = (fraction: number): string =>
  Number.isFinite(fraction) ? `${(fraction * 100).toFixed(2)} pp` : 'unmeasured'
/** A relative fall of the loss is a percentage, not percentage points. */
const fall = (ratio: number): string =>
  Number.isFinite(ratio) ? `${ratio < 0 ? 'up' : 'down'} ${(Math.abs(ratio) * 100).toFixed(1)} %` : 'change unmeasured'
const nats = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(4)} nats` : 'unmeasured')

/** Decides about one seed; DORMANT and FOSSILIZED seeds want nothing by themselves. */
export function decideSeed(seed: SeedView, memory: SeedMemory, config: PolicyConfig): Wish | null {
  switch (seed.state) {
    case 'GERMINATED':
      return { to: 'TRAINING', reason: 'a training slot is free' }
    case 'TRAINING':
      return decideTraining(seed, config)
    case 'GRAFTING':
      if (seed.alpha >= 1) return { to: 'STABILIZATION', reason: 'alpha reached 1' }
      if (seed.ticks > config.maxGraftingTicks) {
        return {
          to: 'ROLLED_BACK',
          reason: `stuck in blending at alpha ${seed.alpha.toFixed(2)} for ${seed.ticks} ticks`,
        }
      }
      return null
    case 'STABILIZATION':
      return seed.ticks >= config.minStabilizationTicks
        ? { to: 'EVALUATING', reason: `host settled for ${seed.ticks} ticks` }
        : null
    case 'EVALUATING':
      return decideEvaluating(seed, config)
    case 'FINE_TUNING':
      return decideFineTuning(seed, memory, config)
    case 'CULLED':
    case 'CANCELLED':
    case 'ROLLED_BACK':
      return seed.ticks >= config.embargoTicks[seed.state]
        ? { to: 'DORMANT', reason: `embargo of ${config.embargoTicks[seed.state]} ticks is over` }
        : null
    case 'DORMANT':
    case 'FOSSILIZED':
    case null:
      return null
  }
}

function decideTraining(seed: SeedView, config: PolicyConfig): Wish | null {
  const { reconstruction, shadowGain, ticks } = seed
  if (ticks >= config.reconstructionTicks && reconstruction > config.maxReconstructionLoss) {
    const reason = `reconstruction loss ${reconstruction.toFixed(3)} above ${config.maxReconstructionLoss}`
    return { to: 'CULLED', reason }
  }
  if (ticks < config.minTrainingTicks) return null
  if (shadowGain >= config.minShadowGain && reconstruction <= config.maxReconstructionLoss) {
    return { to: 'GRAFTING', reason: `shadow gain ${nats(shadowGain)}` }
  }
  if (ticks >= config.maxTrainingTicks) {
    return { to: 'CULLED', reason: `no shadow gain after ${ticks} ticks: ${nats(shadowGain)}` }
  }
  return null
}

function decideEvaluating(seed: SeedView, config: PolicyConfig): Wish | null {
  if (seed.ticks < config.minEvaluatingTicks) return null
  if (seed.contribution > 0 && seed.stability >= config.minStability) {
    return { to: 'FINE_TUNING', reason: `contribution ${points(seed.contribution)}` }
  }
  return seed.ticks >= config.maxEvaluatingTicks
    ? { to: 'CULLED', reason: `contribution ${points(seed.contribution)} after ${seed.ticks} ticks` }
    : null
}

function decideFineTuning(seed: SeedView, memory: SeedMemory, config: PolicyConfig): Wish | null {
  if (seed.ticks < config.minFineTuningTicks) return null
  const numbers = `contribution ${points(seed.contribution)}, validation loss ${fall(seed.totalImprovement)} since germination`
  if (seed.contribution >= config.minContribution && seed.totalImprovement >= config.minTotalImprovement) {
    return { to: 'FOSSILIZED', reason: numbers }
  }
  if (memory.ransomReads >= config.ransomReads) {
    return { to: 'CULLED', reason: `the host grew dependent without getting better: ${numbers}` }
  }
  return seed.ticks >= config.maxFineTuningTicks
    ? { to: 'CULLED', reason: `${numbers} after ${seed.ticks} ticks` }
    : null
}
