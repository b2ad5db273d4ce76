/*
 * RunDescriptor: what a run is, sent once at its start, retained, replayed to late joiners.
 * In: zod. Out: the schema and the id of its column tables.
 * Invariant: frames refer to layers and columns only through `schema_id`; a frame whose descriptor is unknown waits, counted, and is never guessed.
 * Source: docs/protocol.md "runs"; docs/architecture.md.
 */
import { z } from 'zod'
import { BaseMessage } from './envelope.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step, WireId } from './ids.ts'
import { MetricColumn } from './metrics.ts'

export const RunOrigin = z.enum(['trainer', 'load-generator', 'external'])
export type RunOrigin = z.infer<typeof RunOrigin>

export const RunLayer = z.object({
  layer_id: LayerId,
  seeds: SeedId.min(1).max(65_536),
  units_per_seed: z.int().min(0).max(65_536).optional(),
})
export type RunLayer = z.infer<typeof RunLayer>

export const RunBlueprint = z.object({
  blueprint_id: WireId,
  index: z.int().min(1).max(255),
  parameters: z.int().min(0),
  note: Prose,
})

/** One point of the host curve; val_* may be null when the reference run did not measure it. */
export const ReferencePoint = z.object({ step: Step, val_accuracy: Finite.nullable(), val_loss: Finite.nullable() })

export const RunDescriptor = BaseMessage.extend({
  message_type: z.literal('RunDescriptor'),
  run_id: RunId,
  origin: RunOrigin,
  title: Prose.max(120),
  /** Publisher identity of the packed telemetry entries: matches the entry fields `src` and `epoch`. */
  telemetry_src: WireId,
  epoch: z.int().min(0),
  /** Stable hash of layers and columns; the frame header carries the same number. */
  schema_id: z.int().min(0).max(0xffff_ffff),
  layers: z.array(RunLayer).min(1).max(4_096),
  seed_columns: z.array(MetricColumn).min(1).max(128),
  layer_columns: z.array(MetricColumn).max(128),
  blueprints: z.array(RunBlueprint).max(255),
  seed: z.int(),
  steps_per_tick: z.int().min(1),
  expected_interval_ms: Finite.min(1),
  dataset: z.object({
    name: Prose,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .nullable(),
    samples: z.int().min(0),
    split: Prose,
  }),
  architecture: Prose,
  host_parameters: z.int().min(0),
  config: z.record(z.string().max(128), z.unknown()),
  faults_allowed: z.boolean(),
  /** A recorded run of the same seed without growth: drawn pale and labelled recorded. */
  control_curve: z.array(ReferencePoint).max(4_096).nullable(),
})
export type RunDescriptor = z.infer<typeof RunDescriptor>
