/*
 * What a run is made from: the data set, the configuration with its guards, and the part of it a caller has to say.
 * In: plain data. Out: the shapes of it.
 * Invariant: seed, configuration and command log reproduce a run; wall clock appears in nothing that decides anything.
 * Source: docs/training.md.
 */
/** One half of a labelled sample set: `x` is [n][dims] row-major in 0..1, `y` is [n] class ids. */
export interface DataSplit {
  readonly x: Float32Array
  readonly y: Uint8Array
  readonly n: number
}

export interface Dataset {
  readonly name: string
  readonly dims: number
  readonly classes: number
  /** Edge of the square picture, for the shift augmentation; 0 = not a picture, never shifted. */
  readonly side: number
  readonly samples: number
  /** SHA-256 of the source bytes; null when the data are generated. */
  readonly sha256: string | null
  readonly splitNote: string
  readonly train: DataSplit
  readonly val: DataSplit
  readonly test: DataSplit
}

/** Thresholds of the guards; ticks unless the name says otherwise. Fractions are 0..1. */
export interface GuardConfig {
  readonly maxActiveSeeds: number
  readonly minTrainingTicks: number
  readonly reconstructionTicks: number
  readonly maxReconstructionLoss: number
  readonly minShadowGain: number
  readonly minStabilizationTicks: number
  readonly minEvaluatingTicks: number
  readonly minStability: number
  readonly minFineTuningTicks: number
  readonly minContribution: number
  readonly minTotalImprovement: number
  readonly culledEmbargoTicks: number
  readonly cancelledEmbargoTicks: number
  readonly rolledBackEmbargoTicks: number
}

/** The whole configuration of a run. Seed + configuration + command log reproduce it. */
export interface TrainerConfig {
  readonly seed: number
  readonly width: number
  readonly layers: number
  readonly seedsPerLayer: number
  readonly batch: number
  readonly stepsPerTick: number
  readonly ticksPerEvaluation: number
  readonly ticksPerSnapshot: number
  readonly learningRate: number
  readonly moduleLearningRate: number
  readonly clipNorm: number
  readonly shiftPixels: number
  /** Default length of the alpha ramp. */
  readonly rampTicks: number
  readonly faultsAllowed: boolean
  /** Checkpoints kept in memory by id; the oldest leaves first. */
  readonly checkpointsKept: number
  /** Flat indices of seeds that carry a bypass_mlp trained end to end from step 0 (static comparator); no lifecycle. */
  readonly staticSeeds: readonly number[]
  readonly guards: GuardConfig
}

/** What a caller has to say; everything else has a documented default (trainerConfig.ts). */
export type TrainerOptions = Partial<Omit<TrainerConfig, 'guards'>> & {
  readonly seed: number
  readonly guards?: Partial<GuardConfig>
}
