/*
 * loadRun: says what a generated run is: its own run id and source, its layers and columns, and that nothing in it is measured.
 * In: the shape of the load. Out: a RunDescriptor of origin `load-generator`.
 * Invariant: no generated run can be taken for a trainer's: origin, title, source, run id and layer ids all say what it is.
 * Source: docs/performance.md "load generator"; docs/protocol.md "run descriptor".
 */
import { MESSAGE_VERSION } from '../contracts/envelope.ts'
import { type MetricColumn, SEED_COLUMNS } from '../contracts/metrics.ts'
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import { schemaIdOf } from '../frames/schemaId.ts'
import type { Clock } from '../primitives/clock.ts'
import type { LoadTables } from './loadTables.ts'

/** Columns that follow from the life of a seed and have no table. */
export const LIFE_COLUMNS = ['state', 'ticks_in_state', 'generation', 'blueprint', 'alpha', 'alpha_velocity'] as const

/** Metrics with tables, most telling first: `--metrics N` takes the first N. Wall time of one machine is not among them. */
export const LOAD_METRICS: readonly string[] = Object.freeze([
  'health_score',
  'demand_grad_norm',
  'flow_grad_norm',
  'chunk_variance',
  'dead_node_ratio',
  'reconstruction_loss',
  'sparsity',
  'effective_rank',
  'avg_inter_node_correlation',
  'chunk_mean',
  'grad_ratio',
  'shadow_gain',
  'seed_grad_norm',
  'update_ratio',
  'weight_drift',
  'performance_delta',
  'loss_delta',
  'total_improvement',
  'stability_score',
])

/** Bounds of one generated run. */
export const LOAD_LIMITS = Object.freeze({
  layers: 1_000,
  seedsPerLayer: 65_536,
  seeds: 2_000_000,
  metrics: LOAD_METRICS.length,
  minHz: 0.1,
  hz: 1_000,
})

export interface LoadShape {
  readonly layers: number
  readonly seedsPerLayer: number
  readonly hz: number
  /** How many of LOAD_METRICS travel, besides LIFE_COLUMNS. */
  readonly metrics: number
  readonly seed: number
}

/** Columns of a generated run in wire order. */
export function loadColumns(metrics: number): readonly MetricColumn[] {
  const wanted: ReadonlySet<string> = new Set([...LIFE_COLUMNS, ...LOAD_METRICS.slice(0, metrics)])
  return SEED_COLUMNS.filter((column) => wanted.has(column.name))
}

export interface LoadIdentity {
  readonly runId: string
  readonly epoch: number
  /** Transition events per second, at most; 0 for none. */
  readonly eventsPerSecond: number
}

/** Builds the descriptor of a generated run. */
export function buildLoadDescriptor(
  shape: LoadShape,
  identity: LoadIdentity,
  tables: LoadTables,
  clock: Clock,
  newId: () => string = () => globalThis.crypto.randomUUID(),
): RunDescriptor {
  const layers = Array.from({ length: shape.layers }, (_, layer) => ({
    layer_id: `load_${layer}`,
    seeds: shape.seedsPerLayer,
  }))
  const columns = loadColumns(shape.metrics)
  const { provenance } = tables
  const source = `loadgen-${identity.runId}`
  const events = identity.eventsPerSecond
  return {
    message_id: newId(),
    timestamp: clock.wallMs() / 1_000,
    source,
    version: MESSAGE_VERSION,
    message_type: 'RunDescriptor',
    metadata: {
      generated: 'every number of this run is generated; nothing was trained or measured',
      transitions:
        events === 0 ? 'none are published' : `sampled: at most ${events} per second; the heartbeat counts all`,
      not_modelled: 'correlation between metrics and between seeds',
    },
    run_id: identity.runId,
    origin: 'load-generator',
    title: `Load generator: ${shape.layers} x ${shape.seedsPerLayer} seeds at ${shape.hz} Hz (generated, not trained)`,
    telemetry_src: source,
    epoch: identity.epoch,
    schema_id: schemaIdOf(layers, columns, []),
    layers,
    seed_columns: [...columns],
    // There is no host, so there is nothing to say about one.
    layer_columns: [],
    blueprints: tables.blueprints.map(({ blueprint_id: id, index }) => ({
      blueprint_id: id,
      index,
      parameters: 0,
      note: 'a name from the recorded runs; no module exists here',
    })),
    seed: shape.seed,
    steps_per_tick: provenance.steps_per_tick,
    expected_interval_ms: Math.max(1, 1_000 / shape.hz),
    dataset: { name: 'none (generated numbers)', sha256: null, samples: 0, split: 'none' },
    architecture: 'none: a load generator, not a network',
    host_parameters: 0,
    config: { ...shape, fitted_to_run_seeds: provenance.fit_seeds, fitted_steps: provenance.steps_per_seed },
    faults_allowed: false,
    control_curve: null,
  }
}
