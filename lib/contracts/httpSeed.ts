/*
 * The HTTP contract of one seed: what it is now, every life its slot has had, its series, and the raw entries behind them.
 * In: zod. Out: SeedDetail, SeedSeries, SeedRaw and the queries that ask for them.
 * Invariant: every value says how old it is and which bus entry carried it; a hole in a life is said, never bridged.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "pages: seed".
 */
import { z } from 'zod'
import { Freshness } from './freshness.ts'
import { Count, MetricKey, Moment, Reading, RunFilter, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { SeedState } from './lifecycle.ts'
import { CoverageGap, EntryRef, GuardReading, LiveRecord } from './liveRecords.ts'

const TriggeredBy = z.enum(['operator', 'policy', 'guard', 'governor', 'unknown'])
const Blueprint = z.string().max(128).nullable()

export const LifeMoment = z.object({ at_ms: Finite, step: Step.nullable(), tick: Step.nullable() })
export type LifeMoment = z.infer<typeof LifeMoment>

/** One stay in one state; `to` is null while it lasts. */
export const LifeStay = z.object({
  state: SeedStateName,
  from: LifeMoment,
  to: LifeMoment.nullable(),
  /** Null while it lasts or where it is not known. */
  dwell_ms: Reading,
  dwell_ticks: Count.nullable(),
})
export type LifeStay = z.infer<typeof LifeStay>

export const LifeTransition = LifeMoment.extend({
  from_state: SeedState,
  to_state: SeedState,
  reason: Prose,
  triggered_by: TriggeredBy,
  /** The guard that decided; null when the edge has none. */
  guard: GuardReading.nullable(),
  /** Every guard that was evaluated, where the producer tells them all. */
  guards: z.array(GuardReading).max(32),
  forced: z.boolean().nullable(),
  /** The thread it belongs to, and the command that did it; the same id where its publisher tells only one. */
  correlation_id: z.string().max(128).nullable(),
  causation_id: z.string().max(256).nullable().optional(),
  /** Whether the edge is in the scheme. */
  legal: z.boolean(),
  /** What does not fit its neighbours, in words; null when all does. */
  oddity: z.string().max(300).nullable(),
  entry: EntryRef.nullable(),
})
export type LifeTransition = z.infer<typeof LifeTransition>

/** One paired reading: the same validation samples with the seed and with its alpha forced to 0. */
export const ContributionRead = LifeMoment.extend({
  samples: z.int().min(1),
  /** Accuracy with the seed minus accuracy without it, as a fraction. */
  contribution: Reading,
  /** 95 % interval; null where it can not be told. */
  low: Reading,
  high: Reading,
  /** paired: from the discordant counts of both readings. independent: as if the samples differed, which is wider. */
  method: z.enum(['paired', 'independent']).nullable(),
  loss_delta: Reading,
  entry: EntryRef.nullable(),
})
export type ContributionRead = z.infer<typeof ContributionRead>

/** A guard said no. `suppressed` counts equal refusals left out before this one. */
export const LifeRefusal = LifeMoment.extend({
  from_state: SeedState,
  to_state: SeedState,
  guard: GuardReading,
  suppressed: Count,
  entry: EntryRef.nullable(),
})
export type LifeRefusal = z.infer<typeof LifeRefusal>

export const SeedLife = z.object({
  generation: Count.nullable(),
  blueprint_id: Blueprint,
  strategy: z.string().max(128).nullable(),
  parameters: Count.nullable(),
  from: LifeMoment,
  /** When the life ended (kept, culled, cancelled, rolled back); null while it goes on. */
  to: LifeMoment.nullable(),
  /** Null while it goes on. */
  end: z
    .object({
      state: SeedState,
      reason: Prose,
      triggered_by: TriggeredBy,
      guard: GuardReading.nullable(),
    })
    .nullable(),
  states: z.array(LifeStay).max(256),
  transitions: z.array(LifeTransition).max(256),
  contributions: z.array(ContributionRead).max(256),
  refusals: z.array(LifeRefusal).max(256),
  /** False when a transition took an edge that is not in the scheme. */
  legal: z.boolean(),
  /** False when its beginning, or a transition in between, was not seen. */
  complete: z.boolean(),
})
export type SeedLife = z.infer<typeof SeedLife>

export const EdgeCount = z.object({ from_state: SeedState, to_state: SeedState, count: Count, legal: z.boolean() })
export type EdgeCount = z.infer<typeof EdgeCount>

/** How unusual a value is beside its siblings: 0.6745 (value - median) / MAD. Null where too few are measured or all agree. */
export const SiblingScore = z.object({
  scope: z.enum(['layer', 'run']),
  n: Count,
  median: Reading,
  mad: Reading,
  z: Reading,
})
export type SiblingScore = z.infer<typeof SiblingScore>

export const SeedMetric = z.object({
  value: Reading,
  age_ms: Reading,
  /** The bus entry that carried the value; null where it is unmeasured or its entry is not known. */
  entry_id: z.string().max(128).nullable(),
  siblings: SiblingScore.nullable(),
})
export type SeedMetric = z.infer<typeof SeedMetric>

export const SeedDetail = z.object({
  layer_id: LayerId,
  run_id: RunId,
  seed_id: SeedId,
  total_seeds: Count,
  origin: z.enum(['trainer', 'load-generator', 'external']),
  /** Who published it, by its own name. */
  producer: z.string().max(2_000),
  state: SeedStateName,
  /** Since when it is in this state, as far as a transition tells. */
  state_since: LifeMoment.nullable(),
  age_ms: Reading,
  /** Unix ms on the server's clock when the newest value arrived. */
  ingest_ms: Reading,
  interval_ms: Reading,
  freshness: Freshness,
  step: Step.nullable(),
  tick: Step.nullable(),
  generation: Count.nullable(),
  blueprint_id: Blueprint,
  /** The newest entry that carried values of this seed. */
  entry: EntryRef.nullable(),
  /** Every metric with the age of its value; a value that was never measured is null with age null. */
  metrics: z.record(z.string().max(64), SeedMetric),
  /** Newest first. */
  transitions: z.array(LiveRecord).max(500),
  /** Oldest first; the last one may still go on. At most the 120 newest. */
  lives: z.array(SeedLife).max(120),
  /** Lives that were seen to begin; more than are listed when the oldest were let go. */
  lives_total: Count,
  /** False when transitions of this run had to be let go: the oldest lives are missing. */
  lives_complete: z.boolean(),
  /** How often this slot took each edge, of the transitions that are kept. */
  edges: z.array(EdgeCount).max(121),
})
export type SeedDetail = z.infer<typeof SeedDetail>

export const SERIES_LIMITS = Object.freeze({ metrics: 40, points: 2_000, defaultPoints: 600, defaultWindowMs: 900_000 })

/** `at`: as it was at a moment, from the record. */
export const SeedQuery = RunFilter.extend({ at: Moment.optional() })

export const SeedSeriesQuery = RunFilter.extend({
  /** Names with commas between; absent: all of them. */
  metrics: z
    .string()
    .max(2_700)
    .transform((text) => text.split(','))
    .pipe(z.array(MetricKey).min(1).max(SERIES_LIMITS.metrics))
    .optional(),
  from: Moment.optional(),
  to: Moment.optional(),
  /** `record`: from the record, whatever is in memory, as it stays after a restart. */
  source: z.enum(['record']).optional(),
  /** The newest seconds, instead of `from`; absent: 15 minutes. */
  seconds: z
    .string()
    .regex(/^\d{1,5}$/, 'seconds')
    .transform(Number)
    .pipe(z.int().min(1).max(86_400))
    .optional(),
  /** At most this many points per metric. */
  points: z
    .string()
    .regex(/^\d{1,5}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(4).max(SERIES_LIMITS.points))
    .optional(),
})

/** Something that happened to this seed, its layer or its run: a mark on every chart. */
export const SeriesMark = z.object({
  at_ms: Finite,
  kind: z.enum(['transition', 'command', 'fault', 'checkpoint']),
  /** The state entered, of a transition. */
  state: SeedState.nullable(),
  text: Prose,
})
export type SeriesMark = z.infer<typeof SeriesMark>

export const SeedSeries = z.object({
  layer_id: LayerId,
  run_id: RunId,
  seed_id: SeedId,
  from_ms: Finite,
  to_ms: Finite,
  /** Why there is no series at all; null when there is. */
  none_because: z.string().max(300).nullable(),
  /** Of every bin the least and the greatest value at their own times: peaks stay. Null = unmeasured. */
  series: z
    .array(
      z.object({
        metric: z.string().max(64),
        at_ms: z.array(Finite),
        values: z.array(Reading),
        /** Measured points there were in the window. */
        of: Count,
        shown: Count,
      }),
    )
    .max(SERIES_LIMITS.metrics),
  gaps: z.array(CoverageGap).max(256),
  marks: z.array(SeriesMark).max(400),
  /** Marks there were in the window. */
  marks_of: Count,
})
export type SeedSeries = z.infer<typeof SeedSeries>

export const RAW_LIMITS = Object.freeze({ entries: 50, defaultEntries: 20 })

export const SeedRawQuery = RunFilter.extend({
  /** Entries older than this one: the `next` of the page before. */
  before: z
    .string()
    .regex(/^\d{1,16}-\d{1,16}$/, 'an entry id')
    .optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(RAW_LIMITS.entries))
    .optional(),
  /** Only entries of one kind; absent: all. */
  kind: z.enum(['telemetry', 'event', 'command']).optional(),
})

/** One entry of the bus as it lies there, with the part that concerns this seed decoded. */
export const RawEntry = EntryRef.extend({
  at_ms: Finite,
  kind: z.enum(['telemetry', 'event', 'command']),
  type: z.string().max(128),
  enc: z.string().max(32).nullable(),
  bytes: Count,
  source: z.object({ src: z.string().max(256), epoch: Count.nullable(), seq: Count.nullable() }).nullable(),
  /** The result of decoding and checking it against its schema. */
  check: z.discriminatedUnion('ok', [
    z.object({ ok: z.literal(true) }),
    z.object({
      ok: z.literal(false),
      code: z.string().max(64),
      path: z.string().max(512).nullable(),
      text: z.string().max(1_000),
    }),
  ]),
  /** Of a frame or a report: this seed's row by metric; null of anything else. */
  row: z.record(z.string().max(64), Reading).nullable(),
  /** Of a message: its JSON as it was decoded (a report: without the rows of other seeds); of a frame: its header. */
  content: z.unknown(),
})
export type RawEntry = z.infer<typeof RawEntry>

export const SeedRaw = z.object({
  layer_id: LayerId,
  run_id: RunId,
  seed_id: SeedId,
  /** Streams that were looked through. */
  topics: z.array(z.string().max(512)).max(16),
  /** Newest first. */
  entries: z.array(RawEntry).max(RAW_LIMITS.entries * 2),
  /** Pass as `before` for older ones; null at the end of what is retained. */
  next: z.string().max(64).nullable(),
  /** Entries that were looked at to find these. */
  looked_at: Count,
})
export type SeedRaw = z.infer<typeof SeedRaw>
