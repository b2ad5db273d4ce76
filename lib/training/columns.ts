/*
 * Columns: writes the readings of the tick into the wire's column order, and one seed's readings into an event snapshot.
 * In: core after a tick. Out: Float32Array [SEED_COLUMNS][seed], [LAYER_COLUMNS]; plain metric snapshots.
 * Invariant: every column of lib/contracts/metrics.ts has exactly one reader here; unmeasured is NaN (null in snapshots).
 * Source: seed-design.md 2.2; docs/training.md "metrics".
 */
import { AppError } from '../contracts/appError.ts'
import { SEED_STATE_ID } from '../contracts/lifecycleTable.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../contracts/metrics.ts'
import { findBlueprint } from './blueprints.ts'
import type { SeedRecord } from './seedRecord.ts'
import { parametersInUse, type TrainerCore } from './trainerCore.ts'
import type { MetricSnapshot } from './trainerTypes.ts'

type SeedReader = (core: TrainerCore, seed: SeedRecord) => number
type LayerReader = (core: TrainerCore) => number

const SEED_READERS: Readonly<Record<string, SeedReader>> = {
  state: (_core, seed) => SEED_STATE_ID[seed.state],
  ticks_in_state: (_core, seed) => seed.ticksInState,
  generation: (_core, seed) => seed.generation,
  blueprint: (_core, seed) => (seed.blueprintId === null ? 0 : (findBlueprint(seed.blueprintId)?.index ?? 0)),
  alpha: (_core, seed) => seed.alpha,
  alpha_velocity: (_core, seed) => seed.alphaVelocity,
  health_score: (core, seed) => core.window.readings.score[seed.index]!,
  chunk_mean: (core, seed) => core.window.readings.mean[seed.index]!,
  chunk_variance: (core, seed) => core.window.readings.variance[seed.index]!,
  sparsity: (core, seed) => core.window.readings.sparsity[seed.index]!,
  dead_node_ratio: (core, seed) => core.window.readings.deadRatio[seed.index]!,
  avg_inter_node_correlation: (core, seed) => core.window.readings.correlation[seed.index]!,
  effective_rank: (core, seed) => core.window.readings.rank[seed.index]!,
  demand_grad_norm: (core, seed) => core.window.readings.demand[seed.index]!,
  flow_grad_norm: (core, seed) => core.window.readings.flow[seed.index]!,
  seed_grad_norm: (_core, seed) => seed.gradNorm,
  grad_ratio: (_core, seed) => seed.gradRatio,
  update_ratio: (_core, seed) => seed.updateRatio,
  reconstruction_loss: (_core, seed) => seed.reconstructionLoss,
  shadow_gain: (_core, seed) => seed.shadowGain,
  weight_drift: (_core, seed) => seed.weightDrift,
  performance_delta: (_core, seed) => seed.contribution,
  loss_delta: (_core, seed) => seed.lossDelta,
  total_improvement: (_core, seed) => seed.totalImprovement,
  stability_score: (_core, seed) => seed.stability,
  compute_time_us: (_core, seed) => seed.computeUs,
}

const unmeasuredHere: LayerReader = () => NaN

const LAYER_READERS: Readonly<Record<string, LayerReader>> = {
  train_loss: (core) => core.counters.trainLoss,
  train_accuracy: (core) => core.counters.trainAccuracy,
  host_grad_norm: (core) => core.counters.hostGradNorm,
  clip_fraction: (core) => core.counters.clipFraction,
  // Wall time and the ring are the shell's; it fills these in its own copy.
  steps_per_s: unmeasuredHere,
  val_loss: (core) => core.counters.valLoss,
  val_accuracy: (core) => core.counters.valAccuracy,
  as_of_step: (core) => core.counters.valStep,
  parameters: parametersInUse,
  ring_dropped: unmeasuredHere,
}

function readerOf<R>(table: Readonly<Record<string, R>>, name: string): R {
  const reader = table[name]
  if (!reader) throw new AppError('INTERNAL', `column ${name} has no reader in the trainer`)
  return reader
}

const seedReaders = SEED_COLUMNS.map((column) => readerOf(SEED_READERS, column.name))
const layerReaders = LAYER_COLUMNS.map((column) => readerOf(LAYER_READERS, column.name))

/** Fills the columns of one layer: `seedTarget` [SEED_COLUMNS][seed], `layerTarget` [LAYER_COLUMNS]. */
export function writeColumns(
  core: TrainerCore,
  layer: number,
  seedTarget: Float32Array,
  layerTarget: Float32Array,
): void {
  const rows = core.config.seedsPerLayer
  for (let column = 0; column < seedReaders.length; column++) {
    const read = seedReaders[column]!
    for (let row = 0; row < rows; row++) seedTarget[column * rows + row] = read(core, core.seeds[layer * rows + row]!)
  }
  for (let column = 0; column < layerReaders.length; column++) layerTarget[column] = layerReaders[column]!(core)
}

/** Reads every metric of one seed as it is now; null = unmeasured or not finite. */
export function seedMetrics(core: TrainerCore, seed: SeedRecord): MetricSnapshot {
  const snapshot: Record<string, number | null> = {}
  SEED_COLUMNS.forEach((column, index) => {
    const value = seedReaders[index]!(core, seed)
    snapshot[column.name] = Number.isFinite(value) ? value : null
  })
  return snapshot
}
