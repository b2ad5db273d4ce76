/*
 * Snapshot: a copy of every tensor of the run, and the way back to it.
 * In: core. Out: weights and moments of host and modules; a restore that keeps counters running.
 * Invariant: nothing is erased by a restore: only modules of the same life are overwritten, seeds being blended become ROLLED_BACK.
 * Source: docs/training.md "governor", "checkpoints".
 */
import { isLegalEdge } from '../contracts/lifecycleTable.ts'
import type { Parameter } from './adam.ts'
import { endRateFaults } from './faults.ts'
import { applyTransition } from './lifecycleMachine.ts'
import type { TrainerCore } from './trainerCore.ts'
import type { SeedState, TriggeredBy } from './trainerTypes.ts'

export interface TensorCopy {
  readonly w: Float32Array
  readonly m: Float32Array
  readonly v: Float32Array
}

export interface ModuleCopy {
  readonly index: number
  readonly generation: number
  readonly blueprintId: string
  readonly steps: number
  readonly tensors: readonly TensorCopy[]
}

export interface Snapshot {
  readonly step: number
  readonly tick: number
  readonly hostSteps: number
  readonly host: readonly TensorCopy[]
  readonly modules: readonly ModuleCopy[]
}

const copyOf = (parameter: Parameter): TensorCopy => ({
  w: parameter.w.slice(),
  m: parameter.m.slice(),
  v: parameter.v.slice(),
})

function putBack(parameters: readonly Parameter[], tensors: readonly TensorCopy[]): void {
  parameters.forEach((parameter, i) => {
    parameter.w.set(tensors[i]!.w)
    parameter.m.set(tensors[i]!.m)
    parameter.v.set(tensors[i]!.v)
    parameter.g.fill(0)
  })
}

/** Copies all tensors. */
export function takeSnapshot(core: TrainerCore): Snapshot {
  const { network, counters } = core
  const modules: ModuleCopy[] = []
  network.modules.forEach((module, index) => {
    if (!module) return
    modules.push({
      index,
      generation: core.seeds[index]!.generation,
      blueprintId: module.blueprint.id,
      steps: module.steps,
      tensors: module.parameters.map(copyOf),
    })
  })
  return {
    step: counters.step,
    tick: counters.tick,
    hostSteps: network.steps,
    host: network.parameters.map(copyOf),
    modules,
  }
}

/** Counts the bytes of a snapshot: 12 per parameter. */
export function snapshotBytes(snapshot: Snapshot): number {
  let bytes = 0
  for (const tensor of snapshot.host) bytes += 12 * tensor.w.length
  for (const module of snapshot.modules) for (const tensor of module.tensors) bytes += 12 * tensor.w.length
  return bytes
}

/** Puts host weights back, and those of modules that still live the same life. */
export function restoreTensors(core: TrainerCore, snapshot: Snapshot): void {
  const { network, seeds } = core
  putBack(network.parameters, snapshot.host)
  network.steps = snapshot.hostSteps
  for (const copy of snapshot.modules) {
    const module = network.modules[copy.index]
    const seed = seeds[copy.index]!
    if (!module || seed.generation !== copy.generation || module.blueprint.id !== copy.blueprintId) continue
    putBack(module.parameters, copy.tensors)
    module.steps = copy.steps
  }
}

const BLENDED: ReadonlySet<SeedState> = new Set(['GRAFTING', 'STABILIZATION', 'EVALUATING', 'FINE_TUNING'])

/** Restores the tensors and ends the lives whose effect on the host can no longer be trusted. Returns how many. */
export function rollBack(
  core: TrainerCore,
  snapshot: Snapshot,
  reason: string,
  triggeredBy: TriggeredBy,
  correlationId: string | null = null,
): number {
  restoreTensors(core, snapshot)
  endRateFaults(core)
  let rolledBack = 0
  for (const seed of core.seeds) {
    if (!BLENDED.has(seed.state) || !isLegalEdge(seed.state, 'ROLLED_BACK')) continue
    if (core.config.staticSeeds.includes(seed.index)) continue
    applyTransition(core, seed, 'ROLLED_BACK', { reason, triggeredBy, correlationId })
    rolledBack++
  }
  core.governor.reset()
  core.counters.rollbacks++
  return rolledBack
}
