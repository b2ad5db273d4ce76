/*
 * The random control: same guards, same timing, but a random dormant seed and a random recipe.
 * In: a random stream. Out: a policy step function like decide.
 * Invariant: it differs from the heuristic in the choice of place and recipe and in nothing else, so the difference is theirs.
 * Source: docs/training.md "random control".
 */
import { decide, type GrowthChoice, type PolicyStep } from './policy.ts'
import type { Observation } from './observation.ts'
import type { PolicyState } from './policyState.ts'

/** Creates a control policy; `draw` gives uniform numbers in [0, 1). */
export function createRandomPolicy(draw: () => number): (state: PolicyState, observation: Observation) => PolicyStep {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(draw() * items.length)]!
  const choice: GrowthChoice = {
    seed: pick,
    blueprint: (state) => pick(state.config.blueprintOrder),
  }
  return (state, observation) => decide(state, observation, choice)
}
