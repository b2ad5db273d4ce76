/*
 * Fault injection: six ways to break the real computation on purpose, each labelled from first to last step.
 * In: a request that names itself. Out: changed rates, labels, biases or weights; fault events.
 * Invariant: nothing happens unless the run allows faults; an injected fault is always told with its id.
 * Source: docs/training.md "faults".
 */
import { assertNever } from './assertNever.ts'
import type { SeedRecord } from './seedRecord.ts'
import type { ActiveFault, TrainerCore } from './trainerCore.ts'
import type { FaultRequest } from './trainerTypes.ts'

export const FAULT_DEFAULTS = Object.freeze({
  lrFactor: 150,
  lrSteps: 30,
  noiseRatio: 0.6,
  noiseSteps: 600,
  frozenTicks: 400,
  driftSteps: 400,
  /** Taken from each bias of the chunk at each step of the drift: dead after about 300 steps, too slow for the governor. */
  driftPerStep: 0.08,
  jump: 50,
})

type FaultAnswer = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly text: string }

const bounded = (value: number | undefined, fallback: number, max: number): number =>
  value === undefined || !Number.isFinite(value) || value <= 0 ? fallback : Math.min(value, max)

/** Starts a fault on a checked seed (null for run-wide kinds). Refuses by text what would have no effect. */
export function startFault(core: TrainerCore, request: FaultRequest, seed: SeedRecord | null): FaultAnswer {
  const begin = (value: number, steps: number, text: string): FaultAnswer => {
    const fault: ActiveFault = {
      faultId: request.faultId,
      kind: request.kind,
      seed: seed?.index ?? -1,
      value,
      stepsLeft: steps,
    }
    if (steps > 0) core.faults.push(fault)
    tell(core, fault, 'injected', text)
    return { ok: true, text }
  }
  switch (request.kind) {
    case 'lr_spike': {
      const factor = bounded(request.factor, FAULT_DEFAULTS.lrFactor, 1e6)
      const steps = Math.ceil(bounded(request.steps, FAULT_DEFAULTS.lrSteps, 100_000))
      return begin(factor, steps, `host learning rate x${factor} without clipping for ${steps} steps`)
    }
    case 'label_noise': {
      const ratio = bounded(request.ratio, FAULT_DEFAULTS.noiseRatio, 1)
      const steps = Math.ceil(bounded(request.steps, FAULT_DEFAULTS.noiseSteps, 100_000))
      return begin(ratio, steps, `${Math.round(ratio * 100)} % random labels for ${steps} steps`)
    }
    case 'frozen_alpha': {
      if (seed?.state !== 'GRAFTING') return { ok: false, text: 'frozen_alpha needs a seed in GRAFTING' }
      const ticks = Math.ceil(bounded(request.ticks, FAULT_DEFAULTS.frozenTicks, 100_000))
      const steps = ticks * core.config.stepsPerTick
      return begin(seed.alpha, steps, `alpha held at ${seed.alpha.toFixed(2)} for up to ${ticks} ticks`)
    }
    case 'nan_weight': {
      const module = seed ? core.network.modules[seed.index] : null
      if (!module || !seed || seed.state === 'CULLED' || seed.state === 'CANCELLED' || seed.state === 'ROLLED_BACK') {
        return { ok: false, text: 'nan_weight needs a seed that carries a module' }
      }
      module.parameters[0]!.w[0] = NaN
      return begin(NaN, 0, `one weight of the ${module.blueprint.id} module set to NaN`)
    }
    case 'dead_bias_drift': {
      const steps = Math.ceil(bounded(request.steps, FAULT_DEFAULTS.driftSteps, 100_000))
      return begin(FAULT_DEFAULTS.driftPerStep, steps, `biases of the chunk pushed down for ${steps} steps`)
    }
    case 'dead_bias_jump':
      pushBiases(core, seed!, FAULT_DEFAULTS.jump)
      return begin(FAULT_DEFAULTS.jump, 0, `biases of the chunk lowered by ${FAULT_DEFAULTS.jump} at once`)
    default:
      return assertNever(request)
  }
}

function pushBiases(core: TrainerCore, seed: SeedRecord, amount: number): void {
  const units = core.network.chunkUnits
  const bias = core.network.parameters[2 * seed.layer + 1]!.w
  for (let j = 0; j < units; j++) bias[seed.row * units + j]! -= amount
}

function tell(core: TrainerCore, fault: ActiveFault, phase: 'injected' | 'ended', text: string): void {
  const seed = core.seeds[fault.seed]
  core.emit({
    kind: 'fault',
    phase,
    faultId: fault.faultId,
    fault: fault.kind,
    layerId: seed ? core.layerIds[seed.layer]! : null,
    seedId: seed ? seed.row : null,
    text,
  })
}

/** Applies per-step faults before the step and ends those that are over. */
export function advanceFaults(core: TrainerCore): void {
  for (let i = core.faults.length - 1; i >= 0; i--) {
    const fault = core.faults[i]!
    const over = fault.kind === 'frozen_alpha' && core.seeds[fault.seed]!.state !== 'GRAFTING'
    if (fault.stepsLeft <= 0 || over) {
      core.faults.splice(i, 1)
      tell(core, fault, 'ended', over ? 'the seed left GRAFTING' : 'duration over')
      continue
    }
    fault.stepsLeft--
    if (fault.kind === 'dead_bias_drift') pushBiases(core, core.seeds[fault.seed]!, fault.value)
  }
}

/** Ends learning-rate faults, as the governor does when it restores: otherwise it would restore into the same fire. */
export function endRateFaults(core: TrainerCore): void {
  for (let i = core.faults.length - 1; i >= 0; i--) {
    const fault = core.faults[i]!
    if (fault.kind !== 'lr_spike') continue
    core.faults.splice(i, 1)
    tell(core, fault, 'ended', 'ended by the governor')
  }
}

/** Factor on the host learning rate; above 1 the clip is off too. */
export function rateFactor(core: TrainerCore): number {
  let factor = 1
  for (const fault of core.faults) if (fault.kind === 'lr_spike') factor *= fault.value
  return factor
}

/** Replaces labels of the batch at the ratio of an active label_noise fault; draws from the data stream. */
export function spoilLabels(core: TrainerCore): void {
  for (const fault of core.faults) {
    if (fault.kind !== 'label_noise') continue
    for (let i = 0; i < core.y.length; i++) {
      if (core.dataRng.next() < fault.value) core.y[i] = core.dataRng.int(core.dataset.classes)
    }
  }
}

/** Tells whether a frozen-alpha fault holds this seed where it is. */
export function isAlphaHeld(core: TrainerCore, seed: SeedRecord): boolean {
  for (const fault of core.faults) if (fault.kind === 'frozen_alpha' && fault.seed === seed.index) return true
  return false
}
