/*
 * The static comparator: the same host with bypass modules in it from the first step, trained end to end, no lifecycle.
 * In: core with configured staticSeeds. Out: modules at alpha 1 in FINE_TUNING that no command may move.
 * Invariant: it exists to keep the growth claim honest; a run without staticSeeds is untouched.
 * Source: docs/training.md "honest limits".
 */
import { buildModule } from './lifecycleMachine.ts'
import { setAlpha, type TrainerCore } from './trainerCore.ts'

/** Plants the configured modules before step 1. */
export function plantStaticSeeds(core: TrainerCore): void {
  for (const index of core.config.staticSeeds) {
    const seed = core.seeds[index]!
    buildModule(core, seed, { blueprintId: 'bypass_mlp', strategy: 'linear', rampTicks: core.config.rampTicks })
    seed.state = 'FINE_TUNING'
    setAlpha(core, seed, 1)
  }
}
