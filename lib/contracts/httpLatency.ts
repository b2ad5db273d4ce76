/*
 * The HTTP contract of latency: histograms per stage, slices over time, the split by layer and topic, the objective, exemplars.
 * In: zod. Out: LATENCY_API, its part of the whole contract; LatencyQuery, LatencyReport, LatencyExemplarQuery, LatencyExemplars.
 * Invariant: n = 0 means "not measured": its percentiles are null, never 0; buckets have one fixed, versioned scheme and are sparse.
 * Source: docs/protocol.md "latency"; docs/ux.md "pages: latency".
 */
import { z } from 'zod'
import { LATENCY_SCHEME, SHOWN_BUCKETS } from '../primitives/latencyBuckets.ts'
import { Count, NoInput, Reading } from './httpShapes.ts'
import { Finite, LayerId, RunId } from './ids.ts'
import { LATENCY_STAGES, LATENCY_TOPICS } from './latencyStages.ts'

export const LATENCY_LIMITS = Object.freeze({ windowS: 900, sliceMs: 5_000, layers: 64, exemplars: 50 })

const Stage = z.enum(LATENCY_STAGES)
const Topic = z.enum(LATENCY_TOPICS)
/** Window in seconds, as a query gives it. */
const WindowS = z
  .string()
  .regex(/^\d{1,4}$/, 'whole seconds')
  .transform(Number)
  .pipe(
    z
      .int()
      .min(LATENCY_LIMITS.sliceMs / 1_000)
      .max(LATENCY_LIMITS.windowS),
  )
const Bucket = z
  .string()
  .regex(/^\d{1,3}$/, 'the number of a bucket')
  .transform(Number)
  .pipe(
    z
      .int()
      .min(0)
      .max(SHOWN_BUCKETS - 1),
  )

/** `stage` is the one whose slices are told; without it that of the objective. */
export const LatencyQuery = z.object({
  stage: Stage.optional(),
  layer: LayerId.optional(),
  run: RunId.optional(),
  topic: Topic.optional(),
  window: WindowS.optional(),
})
export type LatencyQuery = z.infer<typeof LatencyQuery>

/** Pairs of bucket number and count; empty buckets are left out. */
const Buckets = z
  .array(
    z.tuple([
      z
        .int()
        .min(0)
        .max(SHOWN_BUCKETS - 1),
      Count,
    ]),
  )
  .max(SHOWN_BUCKETS)

const Figures = {
  n: Count,
  /** Middle of their fine bucket: at most 1.6 % off. Null when n is 0. */
  p50_ms: Reading,
  p95_ms: Reading,
  p99_ms: Reading,
  max_ms: Reading,
}

export const LatencyStageReport = z.object({
  stage: Stage,
  ...Figures,
  mean_ms: Reading,
  /** Lower bound of the lowest bucket that counted: over two clocks, a floor that is high is more likely an offset than a wait. */
  floor_ms: Reading,
  buckets: Buckets,
  /** Readings below zero by more than the resolution: one clock was ahead. They are in no bucket. */
  skewed: Count,
  /** The furthest one clock was ahead since the start, ms; null when none was. */
  skew_ms: Reading,
})
export type LatencyStageReport = z.infer<typeof LatencyStageReport>

export const LatencySlice = z.object({ from_ms: Finite, to_ms: Finite, ...Figures, buckets: Buckets })
export type LatencySlice = z.infer<typeof LatencySlice>

/** Means add up, percentiles do not: a split that is stacked is made of means. */
const SplitRow = z.object({
  run_id: RunId.nullable(),
  /** Null: layers beyond the bound of separate series, together. */
  layer_id: LayerId.nullable(),
  topic: Topic.nullable(),
  stages: z.array(z.object({ stage: Stage, n: Count, mean_ms: Finite.min(0) })).max(LATENCY_STAGES.length),
})
export type LatencySplitRow = z.infer<typeof SplitRow>

export const LatencyReport = z.object({
  scheme: z.object({
    version: z.literal(LATENCY_SCHEME),
    /** Lower bounds of the buckets, and behind them the upper bound of the last. */
    bounds_ms: z.array(Finite.min(0)).length(SHOWN_BUCKETS + 1),
  }),
  window_s: Count,
  slice_ms: Count,
  from_ms: Finite,
  to_ms: Finite,
  /** How much of the window was measured at all: less after a start. */
  covered_ms: Finite.min(0),
  /** The stage of `slices`. */
  stage: Stage,
  stages: z.array(LatencyStageReport).length(LATENCY_STAGES.length),
  slices: z.array(LatencySlice).max(LATENCY_LIMITS.windowS),
  layers: z.array(SplitRow).max(LATENCY_LIMITS.layers),
  /** Layers there were; the ones with most messages are told. */
  layers_of: Count,
  topics: z.array(SplitRow).max(LATENCY_TOPICS.length),
  objective: z.object({
    stage: Stage,
    target_ms: Finite,
    share: Finite,
    n: Count,
    late: Count,
    /** Of the messages that may be late, the part that was not: below 0 when more were. Null when nothing was measured. */
    budget_left: Reading,
    /** Late messages as a multiple of what may be late; 1 uses the budget up exactly. Null when nothing was measured. */
    burn: z.array(z.object({ seconds: Count, n: Count, late: Count, rate: Reading })).max(8),
  }),
  /** Entries that were older than their reader: what they waited says nothing, so they are not measured. */
  replayed: Count,
})
export type LatencyReport = z.infer<typeof LatencyReport>

export const LatencyExemplarQuery = z.object({
  stage: Stage.optional(),
  layer: LayerId.optional(),
  run: RunId.optional(),
  topic: Topic.optional(),
  window: WindowS.optional(),
  /** A span of time, Unix ms, instead of the newest window. */
  from: z
    .string()
    .regex(/^\d{1,15}$/, 'Unix ms')
    .transform(Number)
    .optional(),
  to: z
    .string()
    .regex(/^\d{1,15}$/, 'Unix ms')
    .transform(Number)
    .optional(),
  /** First and last bucket, both included. */
  low: Bucket.optional(),
  high: Bucket.optional(),
})
export type LatencyExemplarQuery = z.infer<typeof LatencyExemplarQuery>

export const LatencyExemplar = z.object({
  stage: Stage,
  topic: Topic,
  run_id: RunId.nullable(),
  layer_id: LayerId.nullable(),
  latency_ms: Finite.min(0),
  at_ms: Finite,
  /** Publisher, as its run names it; null when the run is gone. */
  source: z.string().max(256).nullable(),
  entry: z.object({ topic: z.string().max(512), entry_id: z.string().max(64) }).nullable(),
})
export type LatencyExemplar = z.infer<typeof LatencyExemplar>

export const LatencyExemplars = z.object({
  stage: Stage,
  from_ms: Finite,
  to_ms: Finite,
  /** Messages counted in these buckets and slices; exemplars are a few of them. */
  n: Count,
  /** Slowest first. */
  exemplars: z.array(LatencyExemplar).max(LATENCY_LIMITS.exemplars),
})
export type LatencyExemplars = z.infer<typeof LatencyExemplars>

/** The routes of this room; HTTP_API takes them in and checks their form. */
export const LATENCY_API = {
  latency: {
    method: 'GET',
    path: '/api/latency',
    permission: 'viewer',
    summary:
      'Latency per stage: histograms, slices over time, the split by layer and topic, the objective and its burn.',
    params: NoInput,
    query: LatencyQuery,
    output: LatencyReport,
    contentType: 'application/json',
    problems: [422],
  },
  latencyExemplars: {
    method: 'GET',
    path: '/api/latency/exemplars',
    permission: 'viewer',
    summary: 'Some of the messages behind a bucket or a cell: how long they took, and the bus entry they came in.',
    params: NoInput,
    query: LatencyExemplarQuery,
    output: LatencyExemplars,
    contentType: 'application/json',
    problems: [422],
  },
} as const
