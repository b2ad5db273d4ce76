/*
 * The HTTP contract of runs: which are known, what growing did to one, and its seeds at one moment.
 * In: zod. Out: RunList, RunDetail, RunPicture and the queries that ask for them.
 * Invariant: a recorded run is never told as a live one; what a recording lacks is said, and what was not measured is null.
 * Source: docs/protocol.md "runs and recordings"; docs/ux.md.
 */
import { z } from 'zod'
import { Count, MetricKey, Moment, Reading, SeedStateName } from './httpShapes.ts'
import { ContributionRead, LifeMoment } from './httpSeed.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { MetricColumn } from './metrics.ts'
import { ReferencePoint, RunBlueprint, RunOrigin } from './runDescriptor.ts'

export const RUN_LIMITS = Object.freeze({ points: 1_000, marks: 600, lives: 200, reads: 64, pictureSeeds: 65_536 })

/**
 * live: known to this server now. complete: recorded until its publisher said goodbye. open: recorded, its end was not seen.
 * partial: a part of the file is torn and left out. damaged: nothing of the file can be read.
 */
export const RunKeeping = z.enum(['live', 'complete', 'open', 'partial', 'damaged'])
export type RunKeeping = z.infer<typeof RunKeeping>

export const RunEntry = z.object({
  run_id: RunId,
  title: z.string().max(120),
  /** Null only of a file that can not be read. */
  origin: RunOrigin.nullable(),
  seed: z.int().nullable(),
  keeping: RunKeeping,
  /** What is wrong with its recording, in words. */
  problem: Prose.nullable(),
  first_seen_ms: Reading,
  newest_ms: Reading,
  step: Step.nullable(),
  val_accuracy: Reading,
  seeds: Count.nullable(),
  layers: Count.nullable(),
  evaluations: Count,
  pictures: Count,
  /** Of its recording; null when it has none. */
  bytes: Count.nullable(),
})
export type RunEntry = z.infer<typeof RunEntry>

export const RunList = z.object({
  runs: z.array(RunEntry),
  recordings: z.object({
    count: Count,
    max_count: Count,
    bytes: Count,
    max_bytes: Count,
    max_file_bytes: Count,
    /** Since the server started: oldest recordings that made room. */
    removed: Count,
    /** Since the server started: what could not be written, and why the last time. */
    dropped: Count,
    problem: Prose.nullable(),
  }),
})
export type RunList = z.infer<typeof RunList>

export const RunPoint = z.object({
  step: Step,
  at_ms: Finite,
  val_accuracy: Reading,
  val_loss: Reading,
  train_accuracy: Reading,
  parameters: Count.nullable(),
})
export type RunPoint = z.infer<typeof RunPoint>

export const RunMark = z.object({
  step: Step,
  at_ms: Finite,
  kind: z.enum(['GERMINATED', 'FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK', 'fault']),
  layer_id: LayerId.nullable(),
  seed_id: SeedId.nullable(),
  blueprint_id: z.string().max(128).nullable(),
})
export type RunMark = z.infer<typeof RunMark>

export const RunBlueprintRow = z.object({
  blueprint_id: z.string().max(128),
  /** Of one module; null when the run did not say. */
  parameters: Count.nullable(),
  note: Prose,
  tried: Count,
  fossilised: Count,
  culled: Count,
  cancelled: Count,
  rolled_back: Count,
  /** Culled lives by the state they were in. */
  culled_from: z.partialRecord(SeedStateName, Count),
})
export type RunBlueprintRow = z.infer<typeof RunBlueprintRow>

/** One life whose contribution was read. */
export const RunLife = z.object({
  layer_id: LayerId,
  seed_id: SeedId,
  generation: Count.nullable(),
  blueprint_id: z.string().max(128).nullable(),
  from: LifeMoment,
  /** How it ended; null while it goes on. */
  end: SeedStateName.nullable(),
  reads: z.array(ContributionRead),
  reads_of: Count,
})
export type RunLife = z.infer<typeof RunLife>

export const RunDetail = z.object({
  run_id: RunId,
  title: z.string().max(120),
  origin: RunOrigin,
  keeping: RunKeeping,
  problem: Prose.nullable(),
  seed: z.int(),
  first_seen_ms: Finite,
  /** When the newest of all this arrived, Unix ms on the server's clock. */
  newest_ms: Reading,
  server_ms: Finite,
  layers: z.array(z.object({ layer_id: LayerId, seeds: Count })),
  /** What its pictures hold of every seed. */
  seed_columns: z.array(MetricColumn),
  host_parameters: Count,
  known_blueprints: z.array(RunBlueprint),
  curve: z.array(RunPoint),
  /** Evaluations there were before thinning to extremes. */
  curve_of: Count,
  /** A recorded run of the same seed without growth. */
  control: z.array(ReferencePoint).nullable(),
  /** A static network of about the grown size; only where one was recorded for this kind of host. */
  static_comparator: z
    .object({
      accuracy: Finite,
      split: z.string(),
      parameters: Count,
      steps: Count,
      run_seed: z.int(),
      recorded: Count,
    })
    .nullable(),
  parameter_steps: z.array(z.object({ step: Step, parameters: Count, delta: z.int() })),
  marks: z.array(RunMark),
  marks_of: Count,
  blueprints: z.array(RunBlueprintRow),
  transitions: Count,
  lives: z.array(RunLife),
  lives_of: Count,
  /** False when older notes were let go: counts are then of what is left. */
  complete: z.boolean(),
  /** Moments at which every seed was recorded. */
  pictures: z.object({
    count: Count,
    first_step: Step.nullable(),
    last_step: Step.nullable(),
    none_because: Prose.nullable(),
  }),
})
export type RunDetail = z.infer<typeof RunDetail>

export const RunPath = z.object({ run: RunId })

const wholeText = z
  .string()
  .regex(/^\d{1,15}$/, 'a whole number')
  .transform(Number)

/** `at`: what was known by a moment. */
export const RunQuery = z.object({
  points: wholeText.pipe(z.int().max(RUN_LIMITS.points)).optional(),
  at: Moment.optional(),
})

/** Neither `step` nor `at`: the newest. Of both, `step` counts. */
export const RunPictureQuery = z.object({
  metric: MetricKey,
  step: wholeText.pipe(Step).optional(),
  at: Moment.optional(),
})

export const RunPicture = z.object({
  run_id: RunId,
  origin: RunOrigin,
  keeping: RunKeeping,
  metric: MetricKey,
  unit: z.string().max(32),
  /** What it shows: the nearest recorded moment, or now. */
  source: z.enum(['live', 'recorded']),
  step: Step.nullable(),
  tick: Step.nullable(),
  at_ms: Reading,
  /** values[seed], null where unmeasured. */
  layers: z.array(z.object({ layer_id: LayerId, values: z.array(Reading) })),
})
export type RunPicture = z.infer<typeof RunPicture>
