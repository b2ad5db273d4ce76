/*
 * The HTTP contract of the timeline: what happened in a window, binned on the server, and how long seeds stayed in each state.
 * In: zod. Out: LANE_ROUTES, ReplayLanes, ReplayDwell.
 * Invariant: counts are of every record in the window, whatever its number; a bin without telemetry has no health, never 0.
 * Source: docs/history.md; docs/ux.md "pages: timeline".
 */
import { z } from 'zod'
import { RECORD_KINDS, REPLAY_LIMITS, ReplayFlowQuery } from './httpReplay.ts'
import { Count, MetricKey, Reading, SeedStateName } from './httpShapes.ts'
import { Finite, LayerId, RunId } from './ids.ts'

const Bins = z.array(Count).max(REPLAY_LIMITS.bins)
const Readings = z.array(Reading).max(REPLAY_LIMITS.bins)

export const ReplayLanesQuery = ReplayFlowQuery
export type ReplayLanesQuery = z.infer<typeof ReplayLanesQuery>

export const ReplayLanes = z.object({
  run_id: RunId,
  layer_id: LayerId.nullable(),
  from_ms: Finite,
  to_ms: Finite,
  bin_ms: Finite,
  /** Begin of each bin. */
  t_ms: z.array(Finite).max(REPLAY_LIMITS.bins),
  /** Records by kind and bin; a kind that has none in the window is left out. */
  counts: z.partialRecord(z.enum(RECORD_KINDS), Bins),
  /** Of the alerts and incidents: how many were critical. */
  critical: Bins,
  total: Count,
  /** A layer column over all reports in a bin: least, middle and greatest; null without telemetry. */
  health: z.object({ column: MetricKey, low: Readings, middle: Readings, high: Readings }).nullable(),
})
export type ReplayLanes = z.infer<typeof ReplayLanes>

export const ReplayDwell = z.object({
  run_id: RunId,
  layer_id: LayerId.nullable(),
  from_ms: Finite,
  to_ms: Finite,
  /** Upper bounds of the classes, ms; the last class is open. */
  bounds_ms: z.array(Finite).max(64),
  states: z.array(
    z.object({
      state: SeedStateName,
      /** Stays that ended in the window. */
      ended: Count,
      classes: z.array(Count).max(65),
      p50_ms: Reading,
      p95_ms: Reading,
      longest_ms: Reading,
      /** Seeds in the state at the end of the window, and those of them that have been longer than the p95. */
      inside: Count,
      stuck: Count,
      /** Those that are stuck, longest first. */
      seeds: z.array(z.object({ layer_id: LayerId, seed_id: Count, for_ms: Finite })).max(REPLAY_LIMITS.seeds),
    }),
  ),
})
export type ReplayDwell = z.infer<typeof ReplayDwell>

const shape = {
  method: 'GET',
  permission: 'viewer',
  params: z.object({}),
  query: ReplayLanesQuery,
  contentType: 'application/json',
  problems: [404, 422, 503],
} as const

/** Part of HTTP_API. */
export const LANE_ROUTES = {
  replayLanes: {
    ...shape,
    path: '/api/replay/lanes',
    summary: 'What happened in a window, by kind and bin, with the health of the layers beside it.',
    output: ReplayLanes,
  },
  replayDwell: {
    ...shape,
    path: '/api/replay/dwell',
    summary: 'How long seeds stayed in each state: stays that ended in the window, and those that last too long.',
    output: ReplayDwell,
  },
} as const
