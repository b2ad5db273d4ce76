/*
 * The HTTP contract of a layer's page: its seeds in an order, their past as a grid, the moment a picture is compared with.
 * In: zod. Out: LayerRows, heads of the binary answers, and the queries that ask for them.
 * Invariant: an order has an id and stands still under it; counts say of how many; unmeasured is null, or 255 in a plane of bytes.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; docs/ux.md "pages: layer".
 */
import { z } from 'zod'
import { BaselineText } from './baseline.ts'
import { Freshness } from './freshness.ts'
import { SeriesMark } from './httpSeed.ts'
import { Count, LayerPath, MetricKey, Moment, Reading, RunFilter, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { SORT_KEYS } from './layerSorts.ts'
import { SEED_STATES } from './lifecycleTable.ts'
import { CoverageGap } from './liveRecords.ts'

export const LAYER_LIMITS = Object.freeze({
  rows: 400,
  pins: 32,
  /** Cells of one grid. */
  cells: 200_000,
  columns: 1_000,
  bins: 1_000,
  seconds: 900,
  marks: 400,
  /** Classes of the distribution. */
  classes: 40,
})

const whole = (max: number) =>
  z
    .string()
    .regex(/^\d{1,8}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().max(max))
/** Any finite double as JavaScript writes it: a class of a distribution has bounds of 17 digits. */
const number = z
  .string()
  .regex(/^-?\d{1,21}(\.\d{1,25})?(e[+-]?\d{1,3})?$/, 'a number')
  .transform(Number)
  .refine(Number.isFinite, 'a finite number')
const list = (text: string): readonly string[] => text.split(',').filter((part) => part !== '')

/** "3,17,40-59": seeds and stretches of seeds. */
const SeedRanges = z
  .string()
  .max(400)
  .regex(/^\s*\d{1,6}(\s*-\s*\d{1,6})?(\s*,\s*\d{1,6}(\s*-\s*\d{1,6})?)*\s*$/, 'seeds as 3,17,40-59')
  .transform((text) =>
    text.split(',').map((part): readonly [number, number] => {
      const [from = 0, to = from] = part.split('-').map((end) => Number(end.trim()))
      return from <= to ? [from, to] : [to, from]
    }),
  )

export const LayerRowsQuery = RunFilter.extend({
  metric: MetricKey,
  sort: z.enum(SORT_KEYS).default('seed'),
  down: z
    .enum(['0', '1'])
    .default('0')
    .transform((text) => text === '1'),
  first: whole(65_536).optional(),
  count: whole(LAYER_LIMITS.rows).optional(),
  /** Listed first, whatever the filter says. */
  pins: z
    .string()
    .max(400)
    .transform(list)
    .pipe(z.array(whole(65_535)).max(LAYER_LIMITS.pins))
    .optional(),
  states: z
    .string()
    .max(200)
    .transform(list)
    .pipe(z.array(SeedStateName).max(SEED_STATES.length + 1))
    .optional(),
  min: number.optional(),
  max: number.optional(),
  /** Only seeds at least this many robust deviations from the median of the layer. */
  unusual: number.optional(),
  ids: SeedRanges.optional(),
  /** Seconds of the past that similarity is judged by. */
  seconds: whole(LAYER_LIMITS.seconds).optional(),
  base: BaselineText.optional(),
  /** Keeps the order of an earlier answer; when it is no longer known, a new one is made and has another id. */
  order: z.string().max(32).optional(),
  /** As it was at this moment, when that is kept. */
  at: Moment.optional(),
  /** `record`: the moment is told from the record, whatever is in memory; as it stays after a restart. */
  source: z.enum(['record']).optional(),
})
export type LayerRowsQuery = z.infer<typeof LayerRowsQuery>

/** How much of the past is kept: every tick, one picture per bucket as bytes, or nothing per seed. */
export const LayerPast = z.object({
  kept: z.enum(['ticks', 'buckets', 'none']),
  /** The least time between two pictures. */
  bucket_ms: Reading,
  from_ms: Reading,
  none_because: Prose.nullable(),
})
export type LayerPast = z.infer<typeof LayerPast>

/** The moment compared with, as it was found: the nearest that is kept. */
export const BaselineFound = z.object({
  run_id: RunId,
  at_ms: Reading,
  step: Step.nullable(),
  tick: Step.nullable(),
  source: z.enum(['history', 'recording', 'now', 'none']),
  none_because: Prose.nullable(),
})
export type BaselineFound = z.infer<typeof BaselineFound>

export const LayerRows = z.object({
  layer_id: LayerId,
  run_id: RunId,
  origin: z.enum(['trainer', 'load-generator', 'external']),
  producer: z.string().max(2_000),
  freshness: Freshness,
  age_ms: Reading,
  interval_ms: Reading,
  server_ms: Finite,
  /** Ages are counted up to here: the moment that was asked of, else `server_ms`. */
  ages_at_ms: Finite,
  /** The kept picture that the values are of; null for the newest values. */
  as_of_ms: Reading,
  step: Step.nullable(),
  tick: Step.nullable(),
  metric: MetricKey,
  /** Seeds of the layer; how many of them the filter lets through, pinned ones not counted; how many are pinned. */
  total: Count,
  matching: Count,
  pinned: Count,
  order: z.object({
    id: z.string().max(32),
    sort: z.enum(SORT_KEYS),
    down: z.boolean(),
    /** How similarity was judged, or why it could not be; null for any other order. */
    said: Prose.nullable(),
    /** Sizes of the groups of similar seeds, in order; empty for any other order. */
    groups: z.array(Count).max(64),
  }),
  /** Place of the first row among those that match; the pinned ones come before it in every answer. */
  first: Count,
  rows: z.object({
    seed_id: z.array(SeedId),
    state: z.array(SeedStateName),
    value: z.array(Reading),
    z: z.array(Reading),
    ticks: z.array(Reading),
    generation: z.array(Reading),
    age_ms: z.array(Reading),
    base: z.array(Reading),
  }),
  states: z.partialRecord(SeedStateName, Count),
  distribution: z.object({
    counts: z.array(Count).max(LAYER_LIMITS.classes),
    /** Beyond the ends of the display range; they are counted in the first and last class too. */
    below: Count,
    above: Count,
    measured: Count,
    unmeasured: Count,
    median: Reading,
    mad: Reading,
    least: Reading,
    greatest: Reading,
  }),
  past: LayerPast,
  base: BaselineFound.nullable(),
})
export type LayerRows = z.infer<typeof LayerRows>

export const LayerGridQuery = RunFilter.extend({
  metric: MetricKey,
  order: z.string().min(1).max(32),
  seconds: whole(LAYER_LIMITS.seconds).pipe(z.int().min(10)),
  columns: whole(LAYER_LIMITS.columns).pipe(z.int().min(1)),
  /** Rows among those that match; absent: all. */
  first: whole(65_536).optional(),
  count: whole(65_536).optional(),
  /** At most this many rows of cells below the pinned ones. */
  bins: whole(LAYER_LIMITS.bins).pipe(z.int().min(1)),
  base: BaselineText.optional(),
  /** The window ends here instead of now. */
  at: Moment.optional(),
  source: z.enum(['record']).optional(),
})
export type LayerGridQuery = z.infer<typeof LayerGridQuery>

export const GridMark = SeriesMark.extend({ row: z.int().min(-1), seed_id: SeedId.nullable() })
export type GridMark = z.infer<typeof GridMark>

/** Head of the binary grid; its planes follow, each rows x columns, row by row. */
export const LayerGridHead = z.object({
  layer_id: LayerId,
  run_id: RunId,
  metric: MetricKey,
  order: z.string().max(32),
  from_ms: Finite,
  bucket_ms: Finite,
  columns: Count,
  /** Rows of cells: the pinned ones, then bins of `bin_size` seeds. */
  rows: Count,
  pinned: Count,
  bin_size: z.int().min(1),
  first: Count,
  count: Count,
  /** The first seed of each row of cells. */
  seed_id: z.array(SeedId),
  /** Pictures that went into each column; 0 where nothing arrived, or where the one before still held. */
  ticks: z.array(Count),
  /** Pictures there were in the window. */
  of: Count,
  past: LayerPast,
  gaps: z.array(CoverageGap).max(256),
  marks: z.array(GridMark).max(LAYER_LIMITS.marks),
  marks_of: Count,
  base: BaselineFound.nullable(),
})
export type LayerGridHead = z.infer<typeof LayerGridHead>

/** `at`: what is compared stands at this moment; another run is then looked up at the step of it. */
export const RunBaselineQuery = z.object({ metric: MetricKey, base: BaselineText, at: Moment.optional() })

/** Head of the binary baseline: float32 values of every seed follow, layer after layer, NaN where there is none. */
export const RunBaselineHead = z.object({
  run_id: RunId,
  metric: MetricKey,
  layers: z.array(BaselineFound.extend({ layer_id: LayerId, rows: Count })),
})
export type RunBaselineHead = z.infer<typeof RunBaselineHead>

/** Part of HTTP_API. */
export const LAYER_ROUTES = {
  layerRows: {
    method: 'GET',
    path: '/api/layers/{layer}/rows',
    permission: 'viewer',
    summary: 'Seeds of a layer in an order, a stretch of them, and the distribution of one metric over all of them.',
    params: LayerPath,
    query: LayerRowsQuery,
    output: LayerRows,
    contentType: 'application/json',
    problems: [404, 422],
  },
  layerGrid: {
    method: 'GET',
    path: '/api/layers/{layer}/grid',
    permission: 'viewer',
    summary:
      'The past of these seeds by time: least, greatest and newest value and state of each cell, as planes of bytes.',
    params: LayerPath,
    query: LayerGridQuery,
    output: null,
    contentType: 'application/octet-stream',
    problems: [404, 422],
  },
  runBaseline: {
    method: 'GET',
    path: '/api/runs/{run}/baseline',
    permission: 'viewer',
    summary: 'One metric of every seed at the kept moment nearest to the one to compare with, as float32.',
    params: z.object({ run: RunId }),
    query: RunBaselineQuery,
    output: null,
    contentType: 'application/octet-stream',
    problems: [404, 422],
  },
} as const
