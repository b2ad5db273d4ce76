/*
 * runFixture: a valid RunDescriptor of any small shape.
 */
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../../lib/contracts/runDescriptor.ts'
import { schemaIdOf } from '../../../lib/frames/schemaId.ts'

export interface RunFixture {
  readonly runId?: string
  readonly src?: string
  readonly layers?: number
  readonly rows?: number
  readonly intervalMs?: number
}

export function buildRun({
  runId = 'run-1',
  src,
  layers = 1,
  rows = 4,
  intervalMs = 100,
}: RunFixture = {}): RunDescriptor {
  const table = Array.from({ length: layers }, (_, at) => ({ layer_id: `layer_${at}`, seeds: rows }))
  return {
    message_id: '3b7a3a52-0000-4000-8000-000000000001',
    timestamp: 1_700_000_000,
    source: src ?? `src-${runId}`,
    version: '2.0',
    message_type: 'RunDescriptor',
    metadata: {},
    run_id: runId,
    origin: 'load-generator',
    title: runId,
    telemetry_src: src ?? `src-${runId}`,
    epoch: 1,
    schema_id: schemaIdOf(table, SEED_COLUMNS, LAYER_COLUMNS),
    layers: table,
    seed_columns: [...SEED_COLUMNS],
    layer_columns: [...LAYER_COLUMNS],
    blueprints: [],
    seed: 1,
    steps_per_tick: 1,
    expected_interval_ms: intervalMs,
    dataset: { name: 'none', sha256: null, samples: 0, split: 'none' },
    architecture: 'none',
    host_parameters: 0,
    config: {},
    faults_allowed: false,
    control_curve: null,
  }
}
