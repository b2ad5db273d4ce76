/*
 * The trainer's self-description, and the hash of everything it has learned.
 * In: core. Out: its part of a RunDescriptor; SHA-256 over all weights.
 * Invariant: the description states the task honestly: data set, split, sizes and configuration of this very run.
 * Source: seed-design.md 2.2; docs/training.md "what it is".
 */
import { createHash } from 'node:crypto'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../contracts/metrics.ts'
import { BLUEPRINTS, parameterCount } from './blueprints.ts'
import type { TrainerCore } from './trainerCore.ts'
import type { TrainerDescription } from './trainerTypes.ts'

/** Describes the run. Blueprint parameters are those at layer 0, where modules are largest. */
export function describeTrainer(core: TrainerCore): TrainerDescription {
  const { config, dataset, network } = core
  const units = network.chunkUnits
  const sizes = [dataset.dims, ...Array.from({ length: config.layers }, () => config.width), dataset.classes]
  return {
    layers: core.layerIds.map((layer_id) => ({ layer_id, seeds: config.seedsPerLayer, units_per_seed: units })),
    seed_columns: [...SEED_COLUMNS],
    layer_columns: [...LAYER_COLUMNS],
    blueprints: BLUEPRINTS.map((entry) => ({
      blueprint_id: entry.id,
      index: entry.index,
      parameters: parameterCount(entry, units, config.width, dataset.dims),
      note: entry.note,
    })),
    seed: config.seed,
    steps_per_tick: config.stepsPerTick,
    dataset: { name: dataset.name, sha256: dataset.sha256, samples: dataset.samples, split: dataset.splitNote },
    architecture: `${sizes.join('-')} ReLU, softmax cross-entropy, Adam; ${network.chunks} seeds of ${units} units`,
    host_parameters: network.parameterCount,
    config: { ...config, guards: { ...config.guards } },
    faults_allowed: config.faultsAllowed,
  }
}

/** Hashes host weights, then each module's weights behind its chunk number. */
export function hashWeights(core: TrainerCore): string {
  const hash = createHash('sha256')
  const add = (w: Float32Array): void => {
    hash.update(new Uint8Array(w.buffer, w.byteOffset, w.byteLength))
  }
  for (const parameter of core.network.parameters) add(parameter.w)
  core.network.modules.forEach((module, index) => {
    if (!module) return
    hash.update(`module ${index} ${module.blueprint.id}`)
    for (const parameter of module.parameters) add(parameter.w)
  })
  return hash.digest('hex')
}
