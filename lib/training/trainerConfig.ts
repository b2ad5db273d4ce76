/*
 * Defaults of a run and the checks of what a caller overrides.
 * In: TrainerOptions. Out: a complete, frozen TrainerConfig.
 * Invariant: every number here was measured on the digits task (docs/training.md) or is a bound with its reason beside it.
 * Source: docs/training.md "configuration".
 */
import { AppError } from '../contracts/appError.ts'
import type { GuardConfig, TrainerConfig, TrainerOptions } from './trainerOptions.ts'

const GUARDS: GuardConfig = Object.freeze({
  maxActiveSeeds: 3,
  minTrainingTicks: 30,
  reconstructionTicks: 10,
  maxReconstructionLoss: 0.05,
  minShadowGain: 0.002,
  minStabilizationTicks: 6,
  minEvaluatingTicks: 6,
  minStability: 0.8,
  minFineTuningTicks: 12,
  minContribution: 0.005,
  minTotalImprovement: 0.01,
  culledEmbargoTicks: 25,
  cancelledEmbargoTicks: 10,
  rolledBackEmbargoTicks: 25,
})

const DEFAULTS: Omit<TrainerConfig, 'seed'> = Object.freeze({
  width: 8,
  layers: 3,
  seedsPerLayer: 4,
  batch: 64,
  stepsPerTick: 20,
  ticksPerEvaluation: 5,
  ticksPerSnapshot: 25,
  learningRate: 2e-3,
  moduleLearningRate: 4e-3,
  clipNorm: 5,
  shiftPixels: 1,
  rampTicks: 20,
  faultsAllowed: false,
  checkpointsKept: 8,
  staticSeeds: [],
  guards: GUARDS,
})

const WHOLE: readonly (keyof TrainerConfig)[] = [
  'width',
  'layers',
  'seedsPerLayer',
  'batch',
  'stepsPerTick',
  'ticksPerEvaluation',
  'ticksPerSnapshot',
  'rampTicks',
  'checkpointsKept',
]

/** Completes the options. @throws CONFIG_INVALID naming every wrong key with its value */
export function createTrainerConfig(options: TrainerOptions): TrainerConfig {
  const config: TrainerConfig = { ...DEFAULTS, ...options, guards: { ...GUARDS, ...options.guards } }
  const problems: string[] = []
  if (!Number.isSafeInteger(config.seed)) problems.push(`seed ${config.seed} is not a whole number`)
  for (const key of WHOLE) {
    const value = config[key] as number
    // 65,536 is the widest layer a RunDescriptor carries; more is a typing error, not a wish.
    if (!Number.isInteger(value) || value < 1 || value > 65_536) problems.push(`${key} ${value} is not in 1..65536`)
  }
  if (config.width % config.seedsPerLayer !== 0) {
    problems.push(`width ${config.width} is not a multiple of seedsPerLayer ${config.seedsPerLayer}`)
  }
  for (const key of ['learningRate', 'moduleLearningRate'] as const) {
    if (!(config[key] > 0 && config[key] <= 1)) problems.push(`${key} ${config[key]} is not in (0, 1]`)
  }
  for (const index of config.staticSeeds) {
    if (!Number.isInteger(index) || index < 0 || index >= config.layers * config.seedsPerLayer) {
      problems.push(`staticSeeds ${index} is no seed`)
    }
  }
  for (const [key, value] of Object.entries(config.guards)) {
    if (!Number.isFinite(value)) problems.push(`guards.${key} ${value} is not a finite number`)
  }
  if (problems.length > 0) throw new AppError('CONFIG_INVALID', problems.join('; '), { problems })
  return Object.freeze({ ...config, guards: Object.freeze(config.guards) })
}
