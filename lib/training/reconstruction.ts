/*
 * Reconstruction: the first lesson of a module in TRAINING, regressing onto its own chunk with the host detached.
 * In: activations of the batch that the host pass left behind. Out: accumulated module gradients, the smoothed loss.
 * Invariant: no gradient reaches the host; the loss is relative to the chunk's variance, so 1 means "no better than the mean".
 * Source: docs/training.md "states".
 */
import type { SeedRecord } from './seedRecord.ts'
import type { TrainerCore } from './trainerCore.ts'

const RECONSTRUCTION_EMA = 0.9

/** Accumulates the gradients of one regression step. False when the loss is not finite (nothing is noted then). */
export function reconstruct(core: TrainerCore, seed: SeedRecord): boolean {
  const { network, config } = core
  const module = network.modules[seed.index]!
  const rows = config.batch
  const units = network.chunkUnits
  const width = config.width
  const offset = seed.row * units
  const activations = network.activations[seed.layer]!
  const source = seed.layer === 0 ? core.x : network.blended[seed.layer - 1]!
  const startUs = core.nowUs?.() ?? 0
  module.forward(activations, offset, source, rows)

  const count = rows * units
  let mean = 0
  for (let n = 0; n < rows; n++) for (let j = 0; j < units; j++) mean += activations[n * width + offset + j]!
  mean /= count
  let error = 0
  let power = 0
  for (let n = 0; n < rows; n++) {
    for (let j = 0; j < units; j++) {
      const a = activations[n * width + offset + j]!
      const difference = module.out[n * units + j]! - a
      error += difference * difference
      power += (a - mean) * (a - mean)
      module.dOut[n * units + j] = (2 * difference) / count
    }
  }
  const loss = error / (power + 1e-9 * count)
  if (!Number.isFinite(loss)) return false
  const before = seed.reconstructionLoss
  seed.reconstructionLoss = Number.isNaN(before) ? loss : RECONSTRUCTION_EMA * before + (1 - RECONSTRUCTION_EMA) * loss
  module.clearGradients()
  module.backward(activations, offset, source, rows, true, null, null)
  if (core.nowUs) network.computeUs[seed.index]! += core.nowUs() - startUs
  return true
}
