/*
 * The HTTP contract: every route with its method, permission, inputs and exact answer.
 * In: zod. Out: HTTP_API, the schemas of its answers, the problem document.
 * Invariant: a field named here is never renamed or dropped without a deprecation note; unmeasured is null, never 0; times are
 * ISO 8601 UTC except fields ending in _ms or _s.
 * Source: docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { ACCESS_API } from './accessApi.ts'
import { COMMANDS_API } from './commandsApi.ts'
import { ALERTS_API } from './httpAlerts.ts'
import { AUDIT_ROUTES } from './httpAudit.ts'
import { ERROR_CATALOG, type ErrorCode } from './errorCatalog.ts'
import { Freshness } from './freshness.ts'
import { LATENCY_API } from './httpLatency.ts'
import { Backtest, BacktestRequest, LimitSet, LimitWrite } from './httpLimits.ts'
import { LANE_ROUTES } from './httpLanes.ts'
import { LAYER_ROUTES } from './httpLayer.ts'
import { LOAD_ROUTES } from './httpLoad.ts'
import { REPLAY_ROUTES } from './httpReplay.ts'
import { RULES_API } from './httpRules.ts'
import { RunDetail, RunList, RunPath, RunPicture, RunPictureQuery, RunQuery } from './httpRuns.ts'
import { SeedDetail, SeedQuery, SeedRaw, SeedRawQuery, SeedSeries, SeedSeriesQuery } from './httpSeed.ts'
import { Count, HistoryQuery, LayerPath, NoInput, Reading, RunFilter, SeedPath, SeedStateName } from './httpShapes.ts'
import { THREAD_ROUTES } from './httpThreads.ts'
import { VITALS_ROUTES } from './httpVitals.ts'
import { Finite, LayerId, Prose, RunId, SeedId } from './ids.ts'
import { CoverageGap } from './liveRecords.ts'
import type { Permission } from './permissions.ts'

const Text = z.string().max(512)

export const ProblemDocument = z.object({
  type: Text,
  title: Text,
  status: z.int().min(400).max(599),
  code: z.enum(Object.keys(ERROR_CATALOG) as [ErrorCode, ...ErrorCode[]]),
  id: Text,
  detail: z.string().max(4_096),
  path: Text.optional(),
})
export type ProblemDocument = z.infer<typeof ProblemDocument>

export const ServiceMode = z.enum(['full', 'degraded', 'local-only', 'stopped'])
export const BusName = z.enum(['redis', 'kafka', 'memory'])

export const HealthLive = z.object({ live: z.boolean() })
export type HealthLive = z.infer<typeof HealthLive>

export const HealthReady = z.object({
  ready: z.boolean(),
  mode: ServiceMode,
  causes: z.array(z.object({ code: Text, text: z.string().max(2_000) })).max(64),
  bus: BusName,
})
export type HealthReady = z.infer<typeof HealthReady>

export const Refusals = z.object({ total: Count, by_reason: z.record(z.string().max(64), Count) })
export type Refusals = z.infer<typeof Refusals>

export const Overview = z.object({
  runs: Count,
  layers: Count,
  seeds: Count,
  reports_per_s: Finite.min(0),
  lost: Count,
  duplicates: Count,
  refused: Refusals,
  viewers: Count,
  frames_skipped: Count,
  /** Frames towards browsers, and what making them cost the main thread. */
  frames: z.object({
    sent: Count,
    skipped: Count,
    encoded: Count,
    bytes_sent: Count,
    classes: Count,
    /** Turns of telemetry work that used more than 10 ms of processor time. */
    blocks: Count,
    /** Turns that took more than 10 ms of wall time: on a busy machine mostly waiting for a core. */
    stalls: Count,
    longest_turn_ms: Finite.min(0),
    longest_turn_cpu_ms: Finite.min(0),
  }),
  /** Delay of the web event loop over its last ten seconds. */
  event_loop: z.object({ p99_ms: Reading, max_ms: Reading }),
  /** Layers whose agent answered the last stop probe in time, of those known. */
  stop_ready: z.object({ ready: Count, of: Count, worst_ms: Reading }),
})
export type Overview = z.infer<typeof Overview>

export const LayerItem = z.object({
  layer_id: LayerId,
  run_id: RunId,
  origin: z.enum(['trainer', 'load-generator', 'external']),
  total_seeds: Count,
  active_seeds: Count,
  states: z.partialRecord(SeedStateName, Count),
  age_ms: Reading,
  freshness: Freshness,
})
export type LayerItem = z.infer<typeof LayerItem>

export const LayerList = z.object({ layers: z.array(LayerItem).max(8_192) })
export type LayerList = z.infer<typeof LayerList>

export const LayerDetail = LayerItem.extend({
  /** Columns: index i of every array is the same seed. */
  seeds: z.object({
    seed_id: z.array(SeedId),
    state: z.array(SeedStateName),
    metrics: z.record(z.string().max(64), z.array(Reading)),
    age_ms: z.array(Reading),
  }),
  /** Number in the column `blueprint` -> id. */
  blueprints: z.record(z.string().max(8), z.string().max(128)),
  /** Values that were no numbers at the source (nan, inf, ...) and are null here, counted by kind since the start. */
  flags: z.record(z.string().max(32), Count),
})
export type LayerDetail = z.infer<typeof LayerDetail>

export const LayerHistory = z.object({
  layer_id: LayerId,
  run_id: RunId,
  metric: z.string().max(64),
  from_ms: Finite,
  to_ms: Finite,
  resolution_ms: Finite,
  at_ms: z.array(Finite).max(4_096),
  seed_id: z.array(SeedId),
  /** values[i][j]: seed_id[i] at at_ms[j]; null = unmeasured. */
  values: z.array(z.array(Reading)),
  /** How many points there were before downsampling. */
  of: Count,
  gaps: z.array(CoverageGap).max(256),
})
export type LayerHistory = z.infer<typeof LayerHistory>

export const BusReport = z.object({
  driver: BusName,
  state: z.enum(['starting', 'up', 'reconnecting', 'down', 'stopped']),
  since: z.iso.datetime(),
  cause: Prose.nullable(),
  address: Prose,
  streams: z
    .array(
      z.object({
        topic: z.string().max(512),
        entries: Count,
        entries_per_s: Finite.min(0),
        age_ms: Reading,
        /** How far the reader is behind, in entries; null while it can not be told. */
        lag: Count.nullable(),
        /** Null: losses are counted per source, not per stream. */
        lost: Count.nullable(),
        duplicates: Count.nullable(),
      }),
    )
    .max(8_192),
  groups: z
    .array(z.object({ topic: z.string().max(512), group: Text, pending: Count.nullable(), lag: Count.nullable() }))
    .max(8_192),
  pending_publishes: Count,
  reconnects: Count,
  dead_letters: Count,
  refused: Refusals,
  /** The newest refusals with the failing path; newest first, at most 50. */
  recent_refusals: z
    .array(
      z.object({
        at_ms: Finite,
        code: z.string().max(64),
        topic: z.string().max(512),
        cursor: z.string().max(128),
        path: z.string().max(512).nullable(),
        text: z.string().max(1_000),
      }),
    )
    .max(50),
  /** Entries of types nobody here knows: kept raw on the stream, counted by type. */
  unknown_types: z.record(z.string().max(128), Count),
  /** Oddities of publishers we did not write; none of them is a refusal. */
  foreign: z
    .object({
      /** Values that came after newer ones of the same seed and were not put over them. */
      overtaken: Count,
      /** Batches that lie in a file of their publisher and could not be read. */
      claim_checks_missing: Count,
      /** Commands seen on foreign control streams, joined to their answers. */
      commands: z.object({ waiting: Count, unknown: Count, settled: Count }),
      /** Layer -> kind (nan, inf, ...) -> values read as unmeasured. */
      flagged: z.record(z.string().max(256), z.record(z.string().max(32), Count)),
      /** Records kept on their stream and not drawn, by type. */
      opaque: z.record(z.string().max(128), Count),
    })
    .nullable(),
  lost: Count,
  duplicates: Count,
  breakers: z.array(z.object({ name: Text, state: z.enum(['closed', 'open', 'half-open']) })).max(64),
  buffers: z.array(z.object({ name: Text, used: Count, capacity: Count, dropped: Count })).max(64),
})
export type BusReport = z.infer<typeof BusReport>

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface HttpContract {
  readonly method: HttpMethod
  /** Parameters in braces; Next writes them in brackets. */
  readonly path: string
  /** metrics: a bearer token or a loopback peer. */
  readonly permission: Permission
  readonly summary: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  /** What a request that changes something carries, as JSON; absent: nothing. */
  readonly body?: z.ZodType
  /** Of a success; absent: 200. */
  readonly status?: number
  /** Null: not JSON, see contentType. */
  readonly output: z.ZodType | null
  readonly contentType: string
  /** Statuses besides 200 that carry the same answer (readiness) or a problem document. */
  readonly problems: readonly number[]
}

const JSON_TYPE = 'application/json'

export const HTTP_API = Object.freeze({
  ...COMMANDS_API,
  ...ALERTS_API,
  ...RULES_API,
  ...ACCESS_API,
  ...AUDIT_ROUTES,
  healthLive: {
    method: 'GET',
    path: '/api/health/live',
    permission: 'none',
    summary: 'The process answers.',
    params: NoInput,
    query: NoInput,
    output: HealthLive,
    contentType: JSON_TYPE,
    problems: [],
  },
  healthReady: {
    method: 'GET',
    path: '/api/health/ready',
    permission: 'none',
    summary: 'Whether it can serve, and why not; 503 carries the same document.',
    params: NoInput,
    query: NoInput,
    output: HealthReady,
    contentType: JSON_TYPE,
    problems: [503],
  },
  overview: {
    method: 'GET',
    path: '/api/overview',
    permission: 'viewer',
    summary: 'Counts, rates, losses, refusals, stop readiness.',
    params: NoInput,
    query: NoInput,
    output: Overview,
    contentType: JSON_TYPE,
    problems: [],
  },
  layers: {
    method: 'GET',
    path: '/api/layers',
    permission: 'viewer',
    summary: 'Every layer with state counts, age and freshness.',
    params: NoInput,
    query: RunFilter,
    output: LayerList,
    contentType: JSON_TYPE,
    problems: [422],
  },
  layer: {
    method: 'GET',
    path: '/api/layers/{layer}',
    permission: 'viewer',
    summary: 'One layer with state and metrics of every seed, in columns.',
    params: LayerPath,
    query: RunFilter,
    output: LayerDetail,
    contentType: JSON_TYPE,
    problems: [404, 422],
  },
  seed: {
    method: 'GET',
    path: '/api/layers/{layer}/seeds/{seed}',
    permission: 'viewer',
    summary: 'One seed: metrics with ages, its life, its transitions; with `at` as it was at a moment.',
    params: SeedPath,
    query: SeedQuery,
    output: SeedDetail,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  seedSeries: {
    method: 'GET',
    path: '/api/layers/{layer}/seeds/{seed}/series',
    permission: 'viewer',
    summary: 'Series of one seed, least and greatest of each bin; gaps with their cause, marks of events.',
    params: SeedPath,
    query: SeedSeriesQuery,
    output: SeedSeries,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  seedRaw: {
    method: 'GET',
    path: '/api/layers/{layer}/seeds/{seed}/raw',
    permission: 'viewer',
    summary: 'The newest bus entries that concern this seed, decoded and checked.',
    params: SeedPath,
    query: SeedRawQuery,
    output: SeedRaw,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  limits: {
    method: 'GET',
    path: '/api/limits',
    permission: 'viewer',
    summary: 'The limits of every metric, with their version.',
    params: NoInput,
    query: NoInput,
    output: LimitSet,
    contentType: JSON_TYPE,
    problems: [],
  },
  setLimits: {
    method: 'PUT',
    path: '/api/limits',
    permission: 'operator',
    summary: 'Replaces the limits, unless somebody wrote after the named version: then 409 says who and what.',
    params: NoInput,
    query: NoInput,
    body: LimitWrite,
    output: LimitSet,
    contentType: JSON_TYPE,
    problems: [403, 409, 413, 422, 503],
  },
  backtestLimits: {
    method: 'POST',
    path: '/api/limits/backtest',
    permission: 'viewer',
    summary: 'What these limits would have found in the kept history. Nothing is saved.',
    params: NoInput,
    query: NoInput,
    body: BacktestRequest,
    output: Backtest,
    contentType: JSON_TYPE,
    problems: [403, 404, 413, 422],
  },
  layerHistory: {
    method: 'GET',
    path: '/api/layers/{layer}/history',
    permission: 'viewer',
    summary: 'Downsampled series of one metric; gaps with their cause.',
    params: LayerPath,
    query: HistoryQuery,
    output: LayerHistory,
    contentType: JSON_TYPE,
    problems: [404, 422],
  },
  ...LAYER_ROUTES,
  runs: {
    method: 'GET',
    path: '/api/runs',
    permission: 'viewer',
    summary: 'Live and recorded runs, and how full the recordings are.',
    params: NoInput,
    query: NoInput,
    output: RunList,
    contentType: JSON_TYPE,
    problems: [],
  },
  run: {
    method: 'GET',
    path: '/api/runs/{run}',
    permission: 'viewer',
    summary: 'What growing did in one live or recorded run.',
    params: RunPath,
    query: RunQuery,
    output: RunDetail,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  runPicture: {
    method: 'GET',
    path: '/api/runs/{run}/picture',
    permission: 'viewer',
    summary: 'One metric of every seed at the recorded moment nearest to a step or a time, or now.',
    params: RunPath,
    query: RunPictureQuery,
    output: RunPicture,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  ...REPLAY_ROUTES,
  ...LANE_ROUTES,
  ...LATENCY_API,
  bus: {
    method: 'GET',
    path: '/api/bus',
    permission: 'viewer',
    summary: 'Streams, groups, lag, pending, dead letters, breakers, buffers, drops.',
    params: NoInput,
    query: NoInput,
    output: BusReport,
    contentType: JSON_TYPE,
    problems: [503],
  },
  ...THREAD_ROUTES,
  ...LOAD_ROUTES,
  ...VITALS_ROUTES,
  openApi: {
    method: 'GET',
    path: '/api/openapi.json',
    permission: 'viewer',
    summary: 'This contract as an OpenAPI document.',
    params: NoInput,
    query: NoInput,
    output: z.record(z.string(), z.unknown()),
    contentType: JSON_TYPE,
    problems: [],
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    permission: 'metrics',
    summary: 'Prometheus text.',
    params: NoInput,
    query: NoInput,
    output: null,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    problems: [403],
  },
} as const satisfies Record<string, HttpContract>)

export type HttpRoute = keyof typeof HTTP_API
