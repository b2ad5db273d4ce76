/*
 * TrainerCore: the mutable heart that the steps, the lifecycle and the commands of one trainer share.
 * In: configuration and data set. Out: network, seeds, random streams, counters, buffers, event log.
 * Invariant: everything that decides the future is in here and in no closure, so a checkpoint can hold it all.
 * Source: docs/training.md "structure".
 */
import { isLiveState } from '../contracts/lifecycleTable.ts'
import { createEventLog, type EventBody, type EventLog } from './eventLog.ts'
import { createGovernor, type Governor } from './governor.ts'
import { HealthWindow } from './health.ts'
import { Network } from './network.ts'
import { createRng, type Rng } from './rng.ts'
import { createSeedRecord, type SeedRecord } from './seedRecord.ts'
import type { Dataset, TrainerConfig } from './trainerOptions.ts'
import type { FaultKind } from './trainerTypes.ts'

/** Rows of one evaluation pass: larger than a batch, small enough to stay in cache. */
export const EVALUATION_ROWS = 500

export interface ActiveFault {
  readonly faultId: string
  readonly kind: FaultKind
  readonly seed: number
  readonly value: number
  stepsLeft: number
}

/** Plain numbers of the run; copied whole into checkpoints. NaN = unmeasured. */
export interface Counters {
  step: number
  tick: number
  trainLoss: number
  trainAccuracy: number
  tickLossSum: number
  tickLoss: number
  slowLoss: number
  valLoss: number
  valAccuracy: number
  valLossFall: number
  valStep: number
  hostGradSquares: number
  hostGradNorm: number
  clippedSteps: number
  clipFraction: number
  tickSteps: number
  checkpointCount: number
  rollbacks: number
}

export interface TrainerCore {
  readonly config: TrainerConfig
  readonly dataset: Dataset
  readonly network: Network
  readonly seeds: readonly SeedRecord[]
  readonly dataRng: Rng
  readonly policyRng: Rng
  readonly counters: Counters
  readonly governor: Governor
  readonly window: HealthWindow
  readonly events: EventLog
  readonly layerIds: readonly string[]
  /** Batch buffers. */
  readonly x: Float32Array
  readonly y: Uint8Array
  /** Blend weights of the live pass, of the shadow pass, and scratch for readings. */
  readonly alphas: Float64Array
  readonly shadowAlphas: Float64Array
  readonly readingAlphas: Float64Array
  readonly learn: Uint8Array
  readonly shadowLearn: Uint8Array
  /** Squared gradient norm per host layer, summed over the tick. */
  readonly layerGradSquares: Float64Array
  readonly faults: ActiveFault[]
  /** Last told refusal per seed and edge: tick and number suppressed since. */
  readonly refusals: Map<string, { tick: number; suppressed: number }>
  halted: boolean
  /** 1 = the layer stands still under a stop: no alpha, no module and no structure of it changes. */
  readonly held: Uint8Array
  /** Monotonic microseconds for compute_time_us; null = not measured. Never read by a decision. */
  readonly nowUs: (() => number) | null
  emit(body: EventBody, correlationId?: string | null): void
}

function createCounters(): Counters {
  return {
    step: 0,
    tick: 0,
    trainLoss: NaN,
    trainAccuracy: NaN,
    tickLossSum: 0,
    tickLoss: NaN,
    slowLoss: NaN,
    valLoss: NaN,
    valAccuracy: NaN,
    valLossFall: NaN,
    valStep: NaN,
    hostGradSquares: 0,
    hostGradNorm: NaN,
    clippedSteps: 0,
    clipFraction: NaN,
    tickSteps: 0,
    checkpointCount: 0,
    rollbacks: 0,
  }
}

/** Creates the heart of a run: three streams from one seed (host init, data, policy and module init). */
export function createTrainerCore(config: TrainerConfig, dataset: Dataset, nowUs: (() => number) | null): TrainerCore {
  const { width, layers, seedsPerLayer, batch, seed } = config
  const chunks = layers * seedsPerLayer
  const maxRows = Math.max(batch, EVALUATION_ROWS)
  const shape = { inputs: dataset.dims, width, layers, seedsPerLayer, classes: dataset.classes, maxRows }
  const counters = createCounters()
  const events = createEventLog()
  const network = new Network(shape, seed, nowUs)
  return {
    config,
    dataset,
    network,
    seeds: Array.from({ length: chunks }, (_, index) => createSeedRecord(index, seedsPerLayer)),
    dataRng: createRng(seed ^ 0xa5a5),
    policyRng: createRng(seed ^ 0x5a5a),
    counters,
    governor: createGovernor(),
    window: new HealthWindow(layers, seedsPerLayer, width / seedsPerLayer),
    events,
    layerIds: Array.from({ length: layers }, (_, layer) => `layer_${layer}`),
    x: new Float32Array(batch * dataset.dims),
    y: new Uint8Array(batch),
    alphas: new Float64Array(chunks),
    shadowAlphas: new Float64Array(chunks),
    readingAlphas: new Float64Array(chunks),
    learn: new Uint8Array(chunks),
    shadowLearn: new Uint8Array(chunks),
    layerGradSquares: new Float64Array(layers),
    faults: [],
    refusals: new Map(),
    halted: false,
    held: new Uint8Array(layers),
    nowUs,
    emit: (body, correlationId = null) => events.append(body, counters.step, counters.tick, correlationId),
  }
}

/** Counts the seeds in GERMINATED..FINE_TUNING. */
export function activeSeeds(core: TrainerCore): number {
  let count = 0
  for (const seed of core.seeds) if (isLiveState(seed.state)) count++
  return count
}

/** Tells whether no step is made: halted as a whole, or every layer held. */
export function isStanding(core: TrainerCore): boolean {
  return core.halted || core.held.every((held) => held === 1)
}

/** Tells whether a seed's alpha and module must stay as they are: frozen by itself or with its layer. */
export function isStill(core: TrainerCore, seed: SeedRecord): boolean {
  return seed.frozen || core.held[seed.layer] === 1
}

/** Sets alpha in the record and in the blend weights of the next pass. */
export function setAlpha(core: TrainerCore, seed: SeedRecord, alpha: number): void {
  seed.alpha = alpha
  core.alphas[seed.index] = alpha
}

/** Counts parameters of the forward pass: host, and every module whose alpha is above 0. */
export function parametersInUse(core: TrainerCore): number {
  let count = core.network.parameterCount
  for (const seed of core.seeds) if (seed.alpha > 0) count += core.network.modules[seed.index]?.parameterCount ?? 0
  return count
}
