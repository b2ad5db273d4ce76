/*
 * Telemetry in its JSON form: the compatible form that other publishers send; our own hot path sends columnar frames.
 * In: zod. Out: LayerHealthReport, SeedMetricsSnapshot, TelemetryBatch.
 * Invariant: unmeasured is null, never 0; every map is bounded; a lifecycle state is a name, except the float ids inside
 * health_metrics, which are averages and may be fractional.
 * Source: seed-design.md 2.2.
 */
import { z } from 'zod'
import { BaseMessage, FreeRecord, Label, MESSAGE_LIMITS } from './envelope.ts'
import { LayerId, RunId, SeedId, Step, UnixSeconds } from './ids.ts'
import { SeedState } from './lifecycle.ts'
import { MetricMap, SeedMetrics } from './metricMap.ts'

/** Where in the run a message belongs; absent from publishers that do not know. */
export const RunPosition = {
  run_id: RunId.nullish(),
  step: Step.nullish(),
  tick: Step.nullish(),
}

const SeedCount = z.int().min(0).max(MESSAGE_LIMITS.seedsPerReport)

export const LayerHealthReport = BaseMessage.extend({
  message_type: z.literal('LayerHealthReport'),
  layer_id: LayerId,
  total_seeds: SeedCount,
  active_seeds: SeedCount,
  /** seed id -> metric -> value. */
  health_metrics: SeedMetrics,
  /** Absent from publishers that send the minimum. */
  performance_summary: MetricMap.default({}),
  /** Start and end of the observed window, Unix seconds. */
  telemetry_window: z.tuple([UnixSeconds, UnixSeconds]),
  anomalies: z.array(FreeRecord).max(MESSAGE_LIMITS.listItems).default([]),
  ...RunPosition,
})
  .refine((report) => report.active_seeds <= report.total_seeds, {
    path: ['active_seeds'],
    message: 'not more active seeds than seeds',
  })
  .refine((report) => report.telemetry_window[0] <= report.telemetry_window[1], {
    path: ['telemetry_window'],
    message: 'the window ends after it starts',
  })
export type LayerHealthReport = z.infer<typeof LayerHealthReport>

export const SeedMetricsSnapshot = BaseMessage.extend({
  message_type: z.literal('SeedMetricsSnapshot'),
  layer_id: LayerId,
  seed_id: SeedId,
  lifecycle_state: SeedState,
  blueprint_id: Label.nullish(),
  metrics: MetricMap,
  error_count: z.int().min(0).default(0),
  warning_count: z.int().min(0).default(0),
  checkpoint_id: Label.nullish(),
  compute_stats: MetricMap.default({}),
  grafting_info: FreeRecord.nullish(),
  generation: z.int().min(0).nullish(),
  ...RunPosition,
})
export type SeedMetricsSnapshot = z.infer<typeof SeedMetricsSnapshot>

export const BatchedTelemetry = z.discriminatedUnion('message_type', [LayerHealthReport, SeedMetricsSnapshot])

/** Several full messages in one entry. Empty `messages` with metadata.claim_check_id means the payload lies elsewhere. */
export const TelemetryBatch = BaseMessage.extend({
  message_type: z.literal('TelemetryBatch'),
  messages: z.array(BatchedTelemetry).max(MESSAGE_LIMITS.messagesPerBatch),
  /** What the publisher says it used; the bytes decide, not this. */
  compression: Label.nullish(),
  batch_size: z.int().min(0).default(0),
})
export type TelemetryBatch = z.infer<typeof TelemetryBatch>
