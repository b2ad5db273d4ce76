/*
 * The HTTP contract of the durable history: state at a moment, frames, events, flow and coverage of a window, and its bundle.
 * In: zod. Out: REPLAY_ROUTES, the shapes of their answers, the head of the binary frames.
 * Invariant: what was not recorded is a gap with its cause, never a value; a checksum that does not match is told with what differs;
 * a run opened from a bundle is labelled `imported` everywhere.
 * Source: docs/history.md; docs/protocol.md "history and replay".
 */
import { z } from 'zod'
import { Count, MetricKey, Moment, Reading, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, Prose, RunId, SeedId, Step } from './ids.ts'
import { CoverageGap, LiveRecord } from './liveRecords.ts'
import { RunDescriptor, RunOrigin } from './runDescriptor.ts'

export const REPLAY_LIMITS = Object.freeze({
  /** Records of one answer; `next` goes on behind them. */
  events: 2_000,
  /** Bytes of frames in one answer; `next_ms` goes on behind them. */
  frameBytes: 4 * 1_048_576,
  frames: 4_000,
  bins: 600,
  segments: 512,
  gaps: 512,
  /** Seeds named per group of transitions. */
  seeds: 256,
})

export const RECORD_KINDS = [
  'transition',
  'evaluation',
  'command',
  'fault',
  'alert',
  'checkpoint',
  'incident',
  'change',
] as const

/** A moment of a replay: ISO 8601 UTC, Unix ms, or the id of an entry on the bus (`1700000000000-0`). */
export const ReplayMoment = z.union([
  z
    .string()
    .regex(/^\d{1,15}-\d{1,15}$/, 'the id of an entry')
    .transform((text) => {
      const dash = text.indexOf('-')
      return { ms: Number(text.slice(0, dash)), seq: Number(text.slice(dash + 1)) as number | null }
    }),
  Moment.transform((ms) => ({ ms, seq: null as number | null })),
])
export type ReplayMoment = z.infer<typeof ReplayMoment>

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, 'a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
const RunChoice = z.object({ run: RunId.optional() })
const Window = RunChoice.extend({ from: ReplayMoment.optional(), to: ReplayMoment.optional() })

/** `not_recorded`: the recorder could not write or was not running; `damaged`: a part of a file can not be read any more. */
export const ReplayGap = CoverageGap
export type ReplayGap = z.infer<typeof ReplayGap>

export const ReplayStateQuery = RunChoice.extend({ at: ReplayMoment.optional() })
export type ReplayStateQuery = z.infer<typeof ReplayStateQuery>

export const ReplayLayerState = z.object({
  layer_id: LayerId,
  /** Number of the report the state is of; null for publishers that do not count ticks. */
  frame_version: Step.nullable(),
  step: Step.nullable(),
  tick: Step.nullable(),
  /** When it arrived; null when nothing of the layer was recorded by then. */
  at_ms: Reading,
  age_ms: Reading,
  entry_id: z.string().max(64).nullable(),
  total_seeds: Count,
  states: z.partialRecord(SeedStateName, Count),
  checksum: z.string().max(64).nullable(),
  recorded_checksum: z.string().max(64).nullable(),
  agrees: z.boolean().nullable(),
  /** What is known of a checksum that does not agree. */
  problem: Prose.nullable(),
})
export type ReplayLayerState = z.infer<typeof ReplayLayerState>

export const ReplayState = z.object({
  run_id: RunId,
  kept: z.enum(['recorded', 'imported']),
  at: z.iso.datetime(),
  at_ms: Finite,
  /** Newest entry at or before the moment; null when nothing was recorded by then. */
  entry_id: z.string().max(64).nullable(),
  layers: z.array(ReplayLayerState).max(4_096),
  /** Over the checksums of the layers in their order. */
  checksum: z.string().max(64).nullable(),
  recorded_checksum: z.string().max(64).nullable(),
  agrees: z.boolean().nullable(),
  /** Gaps that the moment lies in. */
  gaps: z.array(ReplayGap).max(REPLAY_LIMITS.gaps),
  coverage: z.object({ from: Reading, to: Reading }),
  /** What the run is, for a page that does not know it from the live socket. */
  descriptor: RunDescriptor,
})
export type ReplayState = z.infer<typeof ReplayState>

export const ReplayFramesQuery = Window.extend({
  /** One layer; absent: all, in the order of time. */
  layer: LayerId.optional(),
  /** At least this much time between two frames of a layer; 0 = every recorded tick. */
  step_ms: whole(0, 3_600_000).default(0),
  metric: MetricKey.default('health_score'),
  /** Absent: as the live page asks for it, exact up to EXACT_MAX_SEEDS seeds in all, else cells. */
  precision: z.enum(['exact', 'cells', 'binned']).optional(),
  bin: whole(1, 256).default(1),
  format: z.enum(['binary']).default('binary'),
  /** Written into the frames, where a live store expects its own numbers. */
  class: whole(0, 0xffff_ffff).default(0),
  index: whole(0, 65_535).default(0),
})
export type ReplayFramesQuery = z.infer<typeof ReplayFramesQuery>

/**
 * Head of the binary frames. Behind it lies per frame: float64 time (Unix ms), u32 layer, u32 bytes, the view frame as on the
 * socket, zeros up to a multiple of 8. The first frame of each layer is a keyframe of its state at `from`.
 */
export const ReplayFramesHead = z.object({
  run_id: RunId,
  kept: z.enum(['recorded', 'imported']),
  from_ms: Finite,
  to_ms: Finite,
  step_ms: Finite,
  metric: MetricKey,
  precision: z.enum(['exact', 'cells', 'binned']),
  bin_size: z.int().min(1),
  frames: Count,
  /** Ticks recorded in the window; more than frames when `step_ms` or the bound left some out. */
  of: Count,
  /** Ask again from here; null when the window is complete. */
  next_ms: Reading,
  layers: z.array(z.object({ layer: Count, layer_id: LayerId, rows: Count })),
})
export type ReplayFramesHead = z.infer<typeof ReplayFramesHead>

export const ReplayEventsQuery = Window.extend({
  /** Comma separated; absent: all kinds. */
  kinds: z
    .string()
    .max(200)
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .pipe(z.array(z.enum(RECORD_KINDS)).max(RECORD_KINDS.length))
    .optional(),
  layer: LayerId.optional(),
  seed: whole(0, 16_777_215).pipe(SeedId).optional(),
  limit: whole(1, REPLAY_LIMITS.events).default(REPLAY_LIMITS.events),
  cursor: z.string().max(64).optional(),
})
export type ReplayEventsQuery = z.infer<typeof ReplayEventsQuery>

export const ReplayEvents = z.object({
  run_id: RunId,
  from_ms: Finite,
  to_ms: Finite,
  /** In the order of time; of one layer always in the order of its stream. */
  records: z.array(LiveRecord).max(REPLAY_LIMITS.events),
  /** Records of the window by kind, whatever the filter and the page. */
  counts: z.partialRecord(z.enum(RECORD_KINDS), Count),
  total: Count,
  next: z.string().max(64).nullable(),
})
export type ReplayEvents = z.infer<typeof ReplayEvents>

export const ReplayCoverageQuery = RunChoice
export const ReplayCoverage = z.object({
  run_id: RunId.nullable(),
  from: Reading,
  to: Reading,
  segments: z.array(z.object({ from: Finite, to: Finite })).max(REPLAY_LIMITS.segments),
  gaps: z.array(z.object({ from: Finite, to: Finite, cause: ReplayGap.shape.cause, lost: Count.nullable() })),
  /** On the disk: of this run, and of all. */
  bytes: Count,
  total_bytes: Count,
  ticks: Count,
  events: Count,
  retention: z.object({ max_bytes: Count, max_age_ms: Finite.nullable(), removed_bytes: Count, removed_files: Count }),
  recorder: z.object({
    state: z.enum(['recording', 'off', 'failing']),
    problem: Prose.nullable(),
    /** Reports that came faster than they could be looked at; each is a frame no replay will show. */
    missed_ticks: Count,
    /** Reports left out because the runs together are larger than what is recorded in full. */
    thinned_ticks: Count,
    dropped_events: Count,
    torn_blocks: Count,
  }),
  runs: z
    .array(
      z.object({
        run_id: RunId,
        title: z.string().max(120),
        origin: RunOrigin,
        kept: z.enum(['recorded', 'imported']),
        from: Reading,
        to: Reading,
        bytes: Count,
      }),
    )
    .max(512),
})
export type ReplayCoverage = z.infer<typeof ReplayCoverage>

export const ReplayFlowQuery = Window.extend({
  layer: LayerId.optional(),
  bins: whole(1, REPLAY_LIMITS.bins).default(120),
})
export type ReplayFlowQuery = z.infer<typeof ReplayFlowQuery>

export const ReplayFlow = z.object({
  run_id: RunId,
  layer_id: LayerId.nullable(),
  from_ms: Finite,
  to_ms: Finite,
  river: z.object({
    t_ms: z.array(Finite).max(REPLAY_LIMITS.bins),
    /** Seeds in each state at the END of each bin. */
    counts: z.partialRecord(SeedStateName, z.array(Count)),
  }),
  transitions: z.array(
    z.object({
      from: SeedStateName,
      to: SeedStateName,
      n: Count,
      blueprint: z.string().max(128).nullable(),
      seeds: z.array(z.object({ layer_id: LayerId, seed_id: SeedId })).max(REPLAY_LIMITS.seeds),
    }),
  ),
  of: Count,
  /** False when a seed changed its state between two transitions: then some were not recorded, `breaks` of them. */
  exact: z.boolean(),
  breaks: Count,
})
export type ReplayFlow = z.infer<typeof ReplayFlow>

export const ReplayBundleQuery = Window

const JSON_TYPE = 'application/json'
const BYTES = 'application/octet-stream'
const NoParams = z.object({})

/** Part of HTTP_API. */
export const REPLAY_ROUTES = {
  replay: {
    method: 'GET',
    path: '/api/replay',
    permission: 'viewer',
    summary: 'The state of a run at a moment, rebuilt from the record, with its checksum beside the one taken live.',
    params: NoParams,
    query: ReplayStateQuery,
    output: ReplayState,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  replayFrames: {
    method: 'GET',
    path: '/api/replay/frames',
    permission: 'viewer',
    summary: 'The frames of a window as the live socket sends them: a keyframe per layer, then differences.',
    params: NoParams,
    query: ReplayFramesQuery,
    output: null,
    contentType: BYTES,
    problems: [404, 422, 503],
  },
  replayEvents: {
    method: 'GET',
    path: '/api/replay/events',
    permission: 'viewer',
    summary: 'What happened in a window: the records of the live stream, all of them, page by page.',
    params: NoParams,
    query: ReplayEventsQuery,
    output: ReplayEvents,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  replayCoverage: {
    method: 'GET',
    path: '/api/replay/coverage',
    permission: 'viewer',
    summary: 'What of a run is recorded, which parts are missing and why, and how long it is kept.',
    params: NoParams,
    query: ReplayCoverageQuery,
    output: ReplayCoverage,
    contentType: JSON_TYPE,
    problems: [404, 503],
  },
  replayFlow: {
    method: 'GET',
    path: '/api/replay/flow',
    permission: 'viewer',
    summary: 'How many seeds were in each state over a window, and which transitions led there, counted one by one.',
    params: NoParams,
    query: ReplayFlowQuery,
    output: ReplayFlow,
    contentType: JSON_TYPE,
    problems: [404, 422, 503],
  },
  replayBundle: {
    method: 'GET',
    path: '/api/replay/bundle',
    permission: 'viewer',
    summary: 'A window as a tar file that another installation can open: manifest with hashes, events, columns.',
    params: NoParams,
    query: ReplayBundleQuery,
    output: null,
    contentType: 'application/x-tar',
    problems: [404, 422, 503],
  },
} as const
