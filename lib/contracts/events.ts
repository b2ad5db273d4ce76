/*
 * Events: what happened to seeds and to the host, sent once, at the moment, losslessly.
 * In: zod. Out: transitions, alerts, checkpoints, blueprints, counterfactual readings, faults, failed guards, evaluations.
 * Invariant: an event is past tense and never sampled (failed guards are rate limited and say how many were left out).
 * Source: seed-design.md 2.4.
 */
import { z } from 'zod'
import { BaseMessage, FreeRecord, Label, OptionalProse } from './envelope.ts'
import { Finite, Fraction, LayerId, Prose, SeedId, Step } from './ids.ts'
import { SeedState } from './lifecycle.ts'
import { GuardReading } from './liveRecords.ts'
import { MetricMap, MetricName } from './metricMap.ts'
import { RunPosition } from './telemetry.ts'

export const TriggeredBy = z.enum(['operator', 'policy', 'guard', 'governor', 'unknown'])
export type TriggeredBy = z.infer<typeof TriggeredBy>

const Generation = z.int().min(0)

export const StateTransitionEvent = BaseMessage.extend({
  message_type: z.literal('StateTransitionEvent'),
  layer_id: LayerId,
  seed_id: SeedId,
  from_state: SeedState,
  to_state: SeedState,
  reason: OptionalProse,
  metrics_snapshot: MetricMap.default({}),
  transition_duration_ms: Finite.min(0).default(0),
  triggered_by: TriggeredBy.default('unknown'),
  success: z.boolean().default(true),
  generation: Generation.nullish(),
  guard: GuardReading.nullish(),
  blueprint_id: Label.nullish(),
  ...RunPosition,
})
export type StateTransitionEvent = z.infer<typeof StateTransitionEvent>

export const AlertSeverity = z.enum(['info', 'warning', 'critical'])
export type AlertSeverity = z.infer<typeof AlertSeverity>

export const PerformanceAlert = BaseMessage.extend({
  message_type: z.literal('PerformanceAlert'),
  layer_id: LayerId,
  seed_id: SeedId.nullish(),
  /** degradation, improvement, anomaly, threshold_exceeded, resource_exhaustion, or the id of an alert rule. */
  alert_type: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  severity: AlertSeverity,
  metric_name: z.union([MetricName, z.literal('')]).default(''),
  metric_value: Finite.nullish(),
  threshold: Finite.nullish(),
  details: FreeRecord.default({}),
  recommended_action: Prose.nullish(),
  ...RunPosition,
})
export type PerformanceAlert = z.infer<typeof PerformanceAlert>

export const CheckpointEvent = BaseMessage.extend({
  message_type: z.literal('CheckpointEvent'),
  layer_id: LayerId.nullish(),
  seed_id: SeedId.nullish(),
  checkpoint_id: Label,
  operation: z.enum(['created', 'deleted', 'recovered']),
  checkpoint_size_bytes: z.int().min(0).default(0),
  success: z.boolean().default(true),
  error: Prose.nullish(),
  /** Hash of the weights inside, hexadecimal. */
  hash: z
    .string()
    .regex(/^[0-9a-f]{8,128}$/)
    .nullish(),
  ...RunPosition,
})
export type CheckpointEvent = z.infer<typeof CheckpointEvent>

export const BlueprintEvent = BaseMessage.extend({
  message_type: z.literal('BlueprintEvent'),
  layer_id: LayerId,
  seed_id: SeedId,
  blueprint_id: Label,
  operation: z.enum(['updated', 'validated', 'rolled_back', 'instantiated', 'removed']),
  previous_blueprint_id: Label.nullish(),
  metrics_delta: MetricMap.default({}),
  success: z.boolean().default(true),
  details: FreeRecord.default({}),
  grafting_strategy: Label.nullish(),
  generation: Generation.nullish(),
  ...RunPosition,
})
export type BlueprintEvent = z.infer<typeof BlueprintEvent>

/** The same validation samples with the seed and with its alpha forced to 0. */
export const CounterfactualReading = BaseMessage.extend({
  message_type: z.literal('CounterfactualReading'),
  layer_id: LayerId,
  seed_id: SeedId,
  generation: Generation,
  blueprint_id: Label.nullish(),
  accuracy_on: Fraction.nullable(),
  accuracy_off: Fraction.nullable(),
  loss_on: Finite.nullable(),
  loss_off: Finite.nullable(),
  samples: z.int().min(1),
  /** First sample (inclusive) and last sample (exclusive) of the validation split. */
  sample_range: z.tuple([z.int().min(0), z.int().min(0)]),
  ...RunPosition,
})
export type CounterfactualReading = z.infer<typeof CounterfactualReading>

/** A fault was injected on purpose, or its effect ended: every such moment is marked, so that no picture of it passes for real. */
export const FaultEvent = BaseMessage.extend({
  message_type: z.literal('FaultEvent'),
  layer_id: LayerId.nullish(),
  seed_id: SeedId.nullish(),
  /** Which injection, e.g. nan_module. */
  fault_id: Label,
  action: z.enum(['injected', 'cleared']),
  text: OptionalProse,
  parameters: FreeRecord.default({}),
  ...RunPosition,
})
export type FaultEvent = z.infer<typeof FaultEvent>

/** A guard refused an edge. Rate limited per seed: `suppressed` counts equal ones left out since the last event. */
export const GuardEvent = BaseMessage.extend({
  message_type: z.literal('GuardEvent'),
  layer_id: LayerId,
  seed_id: SeedId,
  from_state: SeedState,
  to_state: SeedState,
  guard: GuardReading,
  suppressed: z.int().min(0).default(0),
  generation: Generation.nullish(),
  ...RunPosition,
})
export type GuardEvent = z.infer<typeof GuardEvent>

/** One validation of the host: a point of its curve. */
export const EvaluationEvent = BaseMessage.extend({
  message_type: z.literal('EvaluationEvent'),
  layer_id: LayerId.nullish(),
  val_accuracy: Fraction.nullable(),
  val_loss: Finite.nullable(),
  train_accuracy: Fraction.nullable(),
  train_loss: Finite.nullable(),
  /** Parameters in the forward pass. */
  parameters: z.int().min(0).nullable(),
  samples: z.int().min(0).nullish(),
  ...RunPosition,
  step: Step,
})
export type EvaluationEvent = z.infer<typeof EvaluationEvent>
