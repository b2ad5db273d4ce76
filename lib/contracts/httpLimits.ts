/*
 * The HTTP contract of limits: the bands of a metric that are watched and bad, their versions, and their test on kept history.
 * In: zod. Out: LimitSet, what PUT and the back-test take and answer.
 * Invariant: limits are nested (alarm outside warn); a write names the version it was made from, and loses to a newer one.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "limits".
 */
import { z } from 'zod'
import { Count, MetricKey, Reading } from './httpShapes.ts'
import { Finite, LayerId, LogText, RunId, SeedId } from './ids.ts'

export const LIMIT_COUNT = 64
const BANDS = ['alarm_low', 'warn_low', 'warn_high', 'alarm_high'] as const

/** A value below a low limit or above a high one is outside; it is inside again only when it came back by `hysteresis`. */
export const MetricLimit = z
  .object({
    metric: MetricKey,
    alarm_low: Reading,
    warn_low: Reading,
    warn_high: Reading,
    alarm_high: Reading,
    hysteresis: Finite.min(0),
    note: LogText.max(200),
  })
  .superRefine((limit, context) => {
    const set = BANDS.filter((band) => limit[band] !== null)
    if (set.length === 0)
      context.addIssue({ code: 'custom', message: 'at least one limit must be set', path: ['warn_low'] })
    for (let at = 1; at < set.length; at++)
      if (limit[set[at - 1]!]! >= limit[set[at]!]!)
        context.addIssue({
          code: 'custom',
          message: `${set[at]!} must be above ${set[at - 1]!}`,
          path: [set[at]!],
        })
    if (limit.warn_low !== null && limit.warn_high !== null && limit.hysteresis * 2 >= limit.warn_high - limit.warn_low)
      context.addIssue({ code: 'custom', message: 'hysteresis leaves no inside', path: ['hysteresis'] })
  })
export type MetricLimit = z.infer<typeof MetricLimit>

const Limits = z
  .array(MetricLimit)
  .max(LIMIT_COUNT)
  .refine((list) => new Set(list.map((limit) => limit.metric)).size === list.length, 'one entry per metric')

export const LimitSet = z.object({
  version: Count,
  /** Null: the shipped ones, never edited. */
  saved_at: z.iso.datetime().nullable(),
  saved_by: LogText.max(64).nullable(),
  /** What the last write changed, in words. */
  change: z.string().max(500),
  limits: Limits,
})
export type LimitSet = z.infer<typeof LimitSet>

export const LimitWrite = z.object({
  /** The version this edit was made from. */
  version: Count,
  by: LogText.min(1).max(64).default('operator'),
  limits: Limits,
})
export type LimitWrite = z.infer<typeof LimitWrite>

export const BacktestRequest = z.object({
  limits: Limits.min(1),
  run: RunId.optional(),
  layer: LayerId.optional(),
})
export type BacktestRequest = z.infer<typeof BacktestRequest>

export const BacktestResult = z.object({
  metric: z.string().max(64),
  /** Seeds with at least one value in the window. */
  seeds: Count,
  seeds_outside: Count,
  seeds_alarm: Count,
  /** Summed over seeds. */
  minutes_outside: Finite.min(0),
  minutes_alarm: Finite.min(0),
  minutes: Finite.min(0),
  /** How often a seed went outside. */
  raised: Count,
  /** How often it was outside again within 30 s of having come back. */
  flaps: Count,
  first_ms: Reading,
  last_ms: Reading,
  worst: z.object({ layer_id: LayerId, seed_id: SeedId, value: Finite, at_ms: Finite }).nullable(),
})
export type BacktestResult = z.infer<typeof BacktestResult>

export const Backtest = z.object({
  run_id: RunId,
  from_ms: Reading,
  to_ms: Reading,
  /** Values that were judged, and how many there were: the difference was skipped evenly to stay within bounds. */
  judged: Count,
  of: Count,
  /** Layers whose history is not kept per seed. */
  layers_without: z.array(LayerId).max(8_192),
  results: z.array(BacktestResult).max(LIMIT_COUNT),
})
export type Backtest = z.infer<typeof Backtest>
