/*
 * Records: the numbered, bounded, resumable stream that tells a browser what happened, beside the frames that tell it what is.
 * In: zod. Out: record kinds, the resume answer, run and layer summaries.
 * Invariant: the answer to a resume is a delta or a snapshot, never a mix; offsets are contiguous inside one epoch.
 * Source: docs/architecture.md "records stream"; seed-design.md 2.4.
 */
import { z } from 'zod'
import { Freshness } from './freshness.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { SeedState } from './lifecycle.ts'
import { RunDescriptor } from './runDescriptor.ts'

/** Where an entry lies on the bus. */
export const EntryRef = z.object({ topic: z.string().max(512), entry_id: z.string().max(128) })
export type EntryRef = z.infer<typeof EntryRef>

/**
 * `entry`: the bus entry that said so; absent where the server itself says it. `late`: it came after what its source said later.
 * `correlation_id`: the thread it belongs to; `causation_id`: what brought it about.
 */
const stamp = {
  offset: z.int().min(0),
  at_ms: Finite,
  run_id: RunId.nullable(),
  entry: EntryRef.optional(),
  late: z.boolean().optional(),
  correlation_id: z.string().max(128).nullable().optional(),
  causation_id: z.string().max(256).nullable().optional(),
}

export const GuardReading = z.object({
  name: z.string().max(64),
  value: Finite.nullable(),
  threshold: Finite.nullable(),
  passed: z.boolean(),
})
export type GuardReading = z.infer<typeof GuardReading>

export const LiveRecord = z.discriminatedUnion('kind', [
  z.object({
    ...stamp,
    kind: z.literal('transition'),
    layer_id: LayerId,
    seed_id: SeedId,
    from_state: SeedState,
    to_state: SeedState,
    reason: Prose,
    triggered_by: z.enum(['operator', 'policy', 'guard', 'governor', 'unknown']),
    guard: GuardReading.nullable(),
    step: Step.nullable(),
    tick: Step.nullable(),
    generation: z.int().min(0).nullable(),
    blueprint_id: z.string().max(128).nullable(),
    correlation_id: z.string().max(128).nullable(),
    legal: z.boolean(),
  }),
  /** One validation of the host: a point of the host curve. */
  z.object({
    ...stamp,
    kind: z.literal('evaluation'),
    step: Step,
    val_accuracy: Finite.nullable(),
    val_loss: Finite.nullable(),
    train_accuracy: Finite.nullable(),
    train_loss: Finite.nullable(),
    parameters: z.int().min(0).nullable(),
  }),
  z.object({
    ...stamp,
    kind: z.literal('command'),
    layer_id: LayerId,
    seed_id: SeedId.nullable(),
    command_id: z.string().max(128),
    command_type: z.string().max(64),
    outcome: z.string().max(32),
    code: z.string().max(64).nullable(),
    text: Prose,
    /** When its issuer stamped it, Unix ms by the issuer's clock. */
    issued_ms: Finite.nullable().optional(),
  }),
  z.object({
    ...stamp,
    kind: z.literal('fault'),
    layer_id: LayerId.nullable(),
    seed_id: SeedId.nullable(),
    fault_id: z.string().max(128),
    /** Absent of publishers that do not tell. */
    action: z.enum(['injected', 'cleared']).optional(),
    text: Prose,
    step: Step.nullable(),
  }),
  z.object({
    ...stamp,
    kind: z.literal('alert'),
    layer_id: LayerId.nullable(),
    severity: z.enum(['info', 'warning', 'critical']),
    text: Prose,
  }),
  z.object({
    ...stamp,
    kind: z.literal('checkpoint'),
    layer_id: LayerId.nullable(),
    checkpoint_id: z.string().max(128),
    bytes: z.int().min(0),
    step: Step.nullable(),
  }),
  /** Bus and server incidents: outages, gaps, refusals (first of a kind), restarts of parts. Every loss is one of these. */
  z.object({
    ...stamp,
    kind: z.literal('incident'),
    code: z.string().max(64),
    severity: z.enum(['info', 'warning', 'critical']),
    text: Prose,
    lost: z.int().min(0).nullable(),
    from_ms: Finite.nullable(),
    to_ms: Finite.nullable(),
  }),
  /** What is judged, or how, became different: limits, rules, flags; of a run: announced, restarted, schema, gone, back. */
  z.object({
    ...stamp,
    kind: z.literal('change'),
    /** `limits`, `run.announced`, `run.restarted`, `run.schema`, `run.gone`, `run.back`, ... */
    what: z.string().max(64),
    /** A person, or the producer. */
    by: z.string().max(256),
    text: Prose,
  }),
])
export type LiveRecord = z.infer<typeof LiveRecord>

/** An interval for which telemetry is missing or late, with its cause; drawn as a hatch. */
export const CoverageGap = z.object({
  from_ms: Finite,
  to_ms: Finite,
  /** `not_recorded` and `damaged` only of what is read from the disk. */
  cause: z.enum(['bus_down', 'producer_silent', 'lost', 'server_restart', 'not_recorded', 'damaged']),
  lost: z.int().min(0).nullable(),
})
export type CoverageGap = z.infer<typeof CoverageGap>

/** The most seeds of a layer that are told one by one. */
export const OLD_SEEDS = 512

export const LayerSummary = z.object({
  layer_id: LayerId,
  run_id: RunId,
  origin: z.enum(['trainer', 'load-generator', 'external']),
  total_seeds: z.int().min(0),
  active_seeds: z.int().min(0),
  states: z.record(SeedState, z.int().min(0)),
  unknown_states: z.int().min(0),
  age_ms: Finite.nullable(),
  interval_ms: Finite.nullable(),
  freshness: Freshness,
  step: Step.nullable(),
  tick: Step.nullable(),
  /** LAYER_COLUMNS by name; null = unmeasured. */
  summary: z.record(z.string().max(64), Finite.nullable()),
  /** Producer clock minus bus clock, ms; null while unknown. Above 2,000 the page shows a badge. */
  producer_skew_ms: Finite.nullable(),
  lost: z.int().min(0),
  /**
   * Seeds that were reported singly and longer ago than the newest of their layer, past the bound of late; the oldest first, `of`
   * how many. Absent where a report is always of the whole layer: then every seed is as old as it.
   */
  old_seeds: z
    .object({
      seed_id: z.array(SeedId).max(OLD_SEEDS),
      age_ms: z.array(Finite).max(OLD_SEEDS),
      of: z.int().min(0),
    })
    .optional(),
})
export type LayerSummary = z.infer<typeof LayerSummary>

export const BusStatus = z.object({
  driver: z.enum(['memory', 'redis', 'kafka']),
  state: z.enum(['starting', 'up', 'reconnecting', 'down', 'stopped']),
  since_ms: Finite,
  cause: Prose.nullable(),
  address: Prose,
  patterns: z.array(z.string().max(256)).max(64),
  last_check_ms: Finite,
  reports_per_s: Finite,
  lost: z.int().min(0),
  duplicates: z.int().min(0),
  refused: z.object({ total: z.int().min(0), by_reason: z.record(z.string().max(64), z.int().min(0)) }),
  topics: z.int().min(0),
})
export type BusStatus = z.infer<typeof BusStatus>

/** Pushed about twice a second, latest wins: everything small that has an age. */
export const LiveStatus = z.object({
  server_ms: Finite,
  epoch: z.string().max(64),
  offset: z.int().min(0),
  environment: z.enum(['DEMO', 'PROD', 'STAGING']),
  mode: z.enum(['full', 'degraded', 'local-only', 'stopped']),
  bus: BusStatus,
  layers: z.array(LayerSummary).max(8_192),
  viewers: z.int().min(0),
  frames_skipped: z.int().min(0),
  trainer: z.enum(['running', 'restarting', 'off', 'failed']),
  event_loop_p99_ms: Finite.nullable(),
  /** Layers whose probe came back in the last round, on either way; null while the gateway does not answer. */
  stop_ready: z
    .object({
      ready: z.int().min(0),
      of: z.int().min(0),
      worst_ms: Finite.nullable(),
      at_ms: Finite,
      /** Layers of another installation, which this one can not stop, in a sentence; in neither count. */
      elsewhere: z.object({ layers: z.int().min(1), text: Prose }).nullable(),
    })
    .nullable(),
})
export type LiveStatus = z.infer<typeof LiveStatus>

/** All of a run that a page needs to draw before the first delta: bounded (events 500, curve 4,096, gaps 256). */
export const RunSnapshot = z.object({
  descriptor: RunDescriptor,
  first_seen_ms: Finite,
  curve: z.array(LiveRecord),
  events: z.array(LiveRecord),
  gaps: z.array(CoverageGap),
  transitions_total: z.int().min(0),
})
export type RunSnapshot = z.infer<typeof RunSnapshot>

export const ResumeAnswer = z.discriminatedUnion('kind', [
  /** The next records after the client's offset, contiguous; nothing else changed meaning. */
  z.object({ kind: z.literal('delta'), epoch: z.string(), from: z.int(), records: z.array(LiveRecord) }),
  /** Forget what you had. `offset` is the last offset contained. */
  z.object({
    kind: z.literal('snapshot'),
    epoch: z.string(),
    offset: z.int(),
    runs: z.array(RunSnapshot),
    incidents: z.array(LiveRecord),
    because: z.enum(['first', 'epoch', 'too-old', 'overflow']),
  }),
])
export type ResumeAnswer = z.infer<typeof ResumeAnswer>
