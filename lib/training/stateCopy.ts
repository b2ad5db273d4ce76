/*
 * StateCopy: everything a command can change, copied, and put back exactly.
 * In: core before a command. Out: a function that undoes whatever commands did since, between the same two steps.
 * Invariant: after it the run is bit for bit what it was: records, modules, moments, random streams, counters, faults, event chain;
 * nothing that was told is taken back.
 * Source: docs/training.md "batches".
 */
import { restoreTensors, takeSnapshot } from './snapshot.ts'
import type { TrainerCore } from './trainerCore.ts'

/** Copies the state. `tensors`: also weights and moments, for commands that may restore a checkpoint. */
export function copyState(core: TrainerCore, tensors: boolean): () => void {
  const seeds = core.seeds.map((seed) => structuredClone(seed))
  const modules = [...core.network.modules]
  const alphas = core.alphas.slice()
  const counters = { ...core.counters }
  const data = core.dataRng.save()
  const policy = core.policyRng.save()
  const governor = core.governor.save()
  const faults = core.faults.map((fault) => ({ ...fault }))
  const refusals = [...core.refusals].map(([key, told]) => [key, { ...told }] as const)
  const rewindEvents = core.events.mark()
  const snapshot = tensors ? takeSnapshot(core) : null

  return () => {
    core.seeds.forEach((seed, i) => Object.assign(seed, seeds[i]))
    // A life that began meanwhile has a module of its own: the former one was never touched and comes back as it is.
    modules.forEach((module, i) => (core.network.modules[i] = module))
    if (snapshot) restoreTensors(core, snapshot)
    core.alphas.set(alphas)
    Object.assign(core.counters, counters)
    core.dataRng.restore(data)
    core.policyRng.restore(policy)
    core.governor.restore(governor)
    core.faults.splice(0, core.faults.length, ...faults)
    core.refusals.clear()
    for (const [key, told] of refusals) core.refusals.set(key, told)
    rewindEvents()
  }
}
