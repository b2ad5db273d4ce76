/*
 * One optimiser step: batch, host pass, module updates, then the incubator of training modules behind the host.
 * In: core. Out: updated weights, sums of the tick, quarantines and, when the loss says so, a governor rollback.
 * Invariant: a training module never changes the host's output or weights; no allocation on the way; no clock in a decision.
 * Source: docs/training.md "step"; seed-design.md 2.3.
 */
import { adamStep, gradientNorm } from './adam.ts'
import { fillBatch } from './dataset.ts'
import { advanceFaults, rateFactor, spoilLabels } from './faults.ts'
import { sumOfSquares } from './kernels.ts'
import { quarantine } from './lifecycleMachine.ts'
import type { BackwardOptions } from './network.ts'
import { reconstruct } from './reconstruction.ts'
import type { SeedRecord } from './seedRecord.ts'
import { isStill, type TrainerCore } from './trainerCore.ts'

/** Modules learn at half pace while blending and a quarter when fine-tuning: the host must be able to follow. */
const GRAFTING_PACE = 0.5
const FINE_TUNING_PACE = 0.25
const TRAIN_EMA = 0.98
const SHADOW_EMA = 0.98

/** What a finished step asks of its caller: null = go on, text = restore the last good snapshot. */
export type StepVerdict = string | null

/** Creates the step function of one core; its options objects are made once. */
export function createOptimiserStep(core: TrainerCore): () => StepVerdict {
  const { config, network, window, counters, learn } = core
  const hostPass: BackwardOptions = {
    host: true,
    stopLayer: 0,
    learn,
    onLayer: (layer, activations, dH, dZ) => window.observe(layer, activations, dH, dZ, config.batch),
  }
  const shadowPass = { host: false, stopLayer: 0, learn: core.shadowLearn, onLayer: null }

  let broken: string | null = null

  const hostStep = (): number => {
    for (const seed of core.seeds) {
      const active = (seed.state === 'GRAFTING' || seed.state === 'FINE_TUNING') && !isStill(core, seed)
      learn[seed.index] = active ? 1 : 0
    }
    network.forward(core.x, config.batch, core.alphas)
    broken = network.nonFiniteChunk < 0 ? null : contain(core, network.nonFiniteChunk, 'non-finite module output')
    const loss = network.loss(core.y, 0, config.batch, true)
    const accuracy = network.lastCorrect / config.batch
    network.backward(core.x, config.batch, hostPass)
    broken = stepHost(core) ?? broken
    stepLiveModules(core)
    noteLoss(core, loss, accuracy)
    return loss
  }

  return () => {
    counters.step++
    counters.tickSteps++
    advanceFaults(core)
    fillBatch(core.dataset, core.dataRng, core.x, core.y, config.batch, config.shiftPixels)
    if (core.faults.length > 0) spoilLabels(core)
    network.timing = core.nowUs !== null
    const loss = hostStep()
    incubate(core, shadowPass, loss)
    network.timing = false
    if (broken) return broken
    if (core.governor.observe(loss) !== 'rollback') return null
    const mean = core.governor.meanLoss()
    return Number.isFinite(loss)
      ? `loss ${loss.toFixed(3)} against a mean of ${mean.toFixed(3)} for 3 steps`
      : 'the loss is not finite'
  }
}

/** Quarantines the seed of a chunk; text when it has no way out and the run must be restored. */
function contain(core: TrainerCore, chunk: number, what: string): string | null {
  return quarantine(core, core.seeds[chunk]!, what) ? null : `${what} in a fossilised seed`
}

/** Steps the host. A non-finite gradient steps nothing; the guilty modules are looked for, else the run is restored. */
function stepHost(core: TrainerCore): string | null {
  const { network, config, counters } = core
  let squares = 0
  for (let i = 0; i < network.parameters.length; i += 2) {
    const part = sumOfSquares(network.parameters[i]!.g) + sumOfSquares(network.parameters[i + 1]!.g)
    if (i >> 1 < config.layers) core.layerGradSquares[i >> 1]! += part
    squares += part
  }
  const norm = Math.sqrt(squares)
  const factor = rateFactor(core)
  const clip = factor === 1 ? config.clipNorm : 0
  network.steps++
  adamStep(network.parameters, norm, network.steps, config.learningRate * factor, clip)
  if (!Number.isFinite(norm)) return findBrokenModules(core) ?? 'the host gradient is not finite'
  counters.hostGradSquares += squares
  if (norm > config.clipNorm) counters.clippedSteps++
  return null
}

/** Quarantines modules with non-finite weights. Empty text when that explains it, null when nothing was found. */
export function findBrokenModules(core: TrainerCore): string | null {
  let found: string | null = null
  for (const seed of core.seeds) {
    const module = core.network.modules[seed.index]
    if (!module || Number.isFinite(module.weightNorm())) continue
    // A module that ended waits out its embargo switched off: nothing to contain.
    if (seed.state === 'CULLED' || seed.state === 'CANCELLED' || seed.state === 'ROLLED_BACK') continue
    found = (found ?? '') || (contain(core, seed.index, 'non-finite module weight') ?? '')
  }
  return found
}

function noteLoss(core: TrainerCore, loss: number, accuracy: number): void {
  const { counters } = core
  counters.tickLossSum += loss
  if (!Number.isFinite(loss)) return
  const start = Number.isNaN(counters.trainLoss)
  counters.trainLoss = start ? loss : TRAIN_EMA * counters.trainLoss + (1 - TRAIN_EMA) * loss
  counters.trainAccuracy = start ? accuracy : TRAIN_EMA * counters.trainAccuracy + (1 - TRAIN_EMA) * accuracy
}

function stepLiveModules(core: TrainerCore): void {
  for (const seed of core.seeds) {
    if (core.learn[seed.index] === 0) continue
    const pace = seed.state === 'GRAFTING' ? GRAFTING_PACE : FINE_TUNING_PACE
    if (seed.state === 'GRAFTING' || seed.state === 'FINE_TUNING') stepModule(core, seed, pace)
  }
}

/** Steps one module and notes its gradient and update ratio. False when its gradient is not finite: quarantined then. */
function stepModule(core: TrainerCore, seed: SeedRecord, pace: number): boolean {
  const module = core.network.modules[seed.index]!
  const norm = gradientNorm(module.parameters)
  const moved = module.step(norm, core.config.moduleLearningRate * pace, core.config.clipNorm)
  if (!Number.isFinite(norm)) {
    quarantine(core, seed, 'non-finite module gradient')
    return false
  }
  seed.gradSquares += norm * norm
  seed.gradSteps++
  seed.updateRatioSum += Math.sqrt(moved)
  return true
}

/** Trains the modules in TRAINING: first on their own chunk, then on the loss of a shadow pass over the same batch. */
function incubate(core: TrainerCore, pass: BackwardOptions & { stopLayer: number }, hostLoss: number): void {
  const { network, config, shadowAlphas, shadowLearn } = core
  let shadows = 0
  let lowest = config.layers
  for (const seed of core.seeds) {
    shadowLearn[seed.index] = 0
    if (seed.state !== 'TRAINING' || isStill(core, seed)) continue
    if (seed.ticksInState < config.guards.reconstructionTicks) {
      if (reconstruct(core, seed)) stepModule(core, seed, 1)
      else quarantine(core, seed, 'non-finite reconstruction')
      continue
    }
    shadowLearn[seed.index] = 1
    shadows++
    lowest = Math.min(lowest, seed.layer)
  }
  if (shadows === 0) return
  for (let i = 0; i < shadowAlphas.length; i++) shadowAlphas[i] = shadowLearn[i] === 1 ? 1 : core.alphas[i]!
  pass.stopLayer = lowest
  network.forward(core.x, config.batch, shadowAlphas)
  const broken = network.nonFiniteChunk
  const gain = hostLoss - network.loss(core.y, 0, config.batch, true)
  network.backward(core.x, config.batch, pass)
  for (const seed of core.seeds) {
    if (shadowLearn[seed.index] === 0) continue
    if (seed.index === broken) {
      quarantine(core, seed, 'non-finite module output')
      continue
    }
    if (!stepModule(core, seed, 1) || !Number.isFinite(gain)) continue
    seed.shadowGain = Number.isNaN(seed.shadowGain) ? gain : SHADOW_EMA * seed.shadowGain + (1 - SHADOW_EMA) * gain
  }
}
