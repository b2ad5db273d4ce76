/*
 * The end of a tick: readings of the window, validation, alpha ramps, paired readings, snapshots.
 * In: core after the last step of the tick. Out: fresh readings; text when the run must be restored.
 * Invariant: the order is fixed (readings, validation, ramps, contributions): it is part of what a seed reproduces.
 * Source: docs/training.md "cadence".
 */
import { gradientNorm, weightNorm } from './adam.ts'
import { readContribution, validateHost, type Between } from './evaluation.ts'
import { isAlphaHeld } from './faults.ts'
import { advanceAlpha } from './grafting.ts'
import { findBrokenModules } from './optimiserStep.ts'
import type { SeedRecord } from './seedRecord.ts'
import { isStill, setAlpha, type TrainerCore } from './trainerCore.ts'

const GRAD_RATIO_EMA = 0.9
const WEIGHT_EMA = 0.9
const SLOW_LOSS_EMA = 0.9
/** Ticks between paired readings; a seed's index staggers them so that they do not fall on one tick. */
const FINE_TUNING_READ_TICKS = 5
const FOSSIL_READ_TICKS = 50

/** Ends the tick; returns why the last good snapshot must be restored, or null. `between` is called among its evaluations. */
export function createTickEnd(core: TrainerCore): (between: Between | null) => string | null {
  const half = core.dataset.val.n >> 1
  const rightOn = new Uint8Array(half)
  const rightOff = new Uint8Array(half)

  return (between) => {
    const { counters, config } = core
    counters.tick++
    for (const seed of core.seeds) {
      seed.ticksInState++
      if (seed.blueprintId !== null) seed.ticksLived++
    }
    core.window.finish()
    closeHostSums(core)
    for (const seed of core.seeds) closeSeedSums(core, seed)
    core.layerGradSquares.fill(0)
    core.network.computeUs.fill(0)
    counters.tickSteps = 0

    const broken = findBrokenModules(core) || findBrokenHost(core)
    // What has to be restored is restored before anything stands still: nothing moves after somebody was told so.
    const turns = broken === null ? between : null
    if (counters.tick % config.ticksPerEvaluation === 0) validateHost(core, turns)
    for (const seed of core.seeds) advanceRamp(core, seed)
    counters.slowLoss = Number.isNaN(counters.slowLoss)
      ? counters.tickLoss
      : SLOW_LOSS_EMA * counters.slowLoss + (1 - SLOW_LOSS_EMA) * counters.tickLoss
    if (!Number.isFinite(counters.slowLoss)) counters.slowLoss = NaN
    for (const seed of core.seeds) if (isReadingDue(core, seed)) readContribution(core, seed, rightOn, rightOff, turns)
    return broken
  }
}

function findBrokenHost({ network }: TrainerCore): string | null {
  const norm = weightNorm(network.parameters) + gradientNorm(network.parameters)
  return Number.isFinite(norm) ? null : 'a host weight is not finite'
}

function closeHostSums(core: TrainerCore): void {
  const { counters } = core
  const steps = counters.tickSteps
  counters.tickLoss = counters.tickLossSum / steps
  counters.hostGradNorm = Math.sqrt(counters.hostGradSquares / steps)
  counters.clipFraction = counters.clippedSteps / steps
  counters.tickLossSum = 0
  counters.hostGradSquares = 0
  counters.clippedSteps = 0
}

function closeSeedSums(core: TrainerCore, seed: SeedRecord): void {
  const module = core.network.modules[seed.index]
  const steps = core.counters.tickSteps
  seed.alphaVelocity = NaN
  if (!module) return
  const norm = module.weightNorm()
  noteDrift(seed, norm)
  const timedUs = core.network.computeUs[seed.index]!
  seed.computeUs = core.nowUs && timedUs > 0 ? timedUs / steps : NaN
  if (seed.gradSteps === 0) {
    seed.gradNorm = NaN
    seed.updateRatio = NaN
    return
  }
  seed.gradNorm = Math.sqrt(seed.gradSquares / seed.gradSteps)
  seed.updateRatio = seed.updateRatioSum / seed.gradSteps / norm
  const host = core.network
  const layerParameters = host.parameters[2 * seed.layer]!.w.length + host.parameters[2 * seed.layer + 1]!.w.length
  const hostNorm = Math.sqrt(core.layerGradSquares[seed.layer]! / steps / layerParameters)
  const ratio = seed.gradNorm / Math.sqrt(module.parameterCount) / hostNorm
  if (Number.isFinite(ratio)) {
    seed.gradRatio = Number.isNaN(seed.gradRatio)
      ? ratio
      : GRAD_RATIO_EMA * seed.gradRatio + (1 - GRAD_RATIO_EMA) * ratio
  }
  seed.gradSquares = 0
  seed.gradSteps = 0
  seed.updateRatioSum = 0
}

function noteDrift(seed: SeedRecord, norm: number): void {
  if (!Number.isFinite(norm)) return
  seed.weightDrift = Number.isNaN(seed.weightEma) ? NaN : Math.abs(norm - seed.weightEma) / (seed.weightEma + 0.5)
  seed.weightEma = Number.isNaN(seed.weightEma) ? norm : WEIGHT_EMA * seed.weightEma + (1 - WEIGHT_EMA) * norm
}

function advanceRamp(core: TrainerCore, seed: SeedRecord): void {
  if (seed.state !== 'GRAFTING') {
    seed.alphaVelocity = seed.blueprintId === null ? NaN : 0
    return
  }
  const before = seed.alpha
  if (!isStill(core, seed) && !isAlphaHeld(core, seed)) {
    const { counters } = core
    const next = advanceAlpha(seed.strategy, before, seed.graft, {
      rampTicks: seed.rampTicks,
      weightDrift: seed.weightDrift,
      valLossFall: counters.valLossFall,
      tickLoss: counters.tickLoss,
      slowLoss: counters.slowLoss,
    })
    // Twenty steps of 1/20 end a hair under 1 in binary; that hair would cost a tick.
    setAlpha(core, seed, next > 1 - 1e-9 ? 1 : next)
  }
  seed.alphaVelocity = seed.alpha - before
}

function isReadingDue(core: TrainerCore, seed: SeedRecord): boolean {
  if (core.config.staticSeeds.includes(seed.index)) return false
  const { tick } = core.counters
  if (seed.state === 'EVALUATING') return true
  if (seed.state === 'FINE_TUNING') return tick % FINE_TUNING_READ_TICKS === seed.index % FINE_TUNING_READ_TICKS
  return seed.state === 'FOSSILIZED' && tick % FOSSIL_READ_TICKS === seed.index % FOSSIL_READ_TICKS
}
