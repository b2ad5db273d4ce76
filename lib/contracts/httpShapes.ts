/*
 * The small shapes that the answers of the HTTP API are built of, so that each room's contract can lie in a file of its own.
 * In: zod. Out: counts, readings, state names, paths and moments.
 * Invariant: unmeasured is null, never 0; a moment in a query is ISO 8601 UTC or Unix ms.
 * Source: docs/protocol.md "HTTP".
 */
import { z } from 'zod'
import { Finite, LayerId, RunId, SeedId } from './ids.ts'
import { SEED_STATES } from './lifecycleTable.ts'

export const Count = z.int().min(0)
export const Reading = Finite.nullable()

/** A seed whose state id on the wire is none of ours is UNKNOWN: shown so, never guessed. */
export const SeedStateName = z.enum([...SEED_STATES, 'UNKNOWN'])
export type SeedStateName = z.infer<typeof SeedStateName>

/** A moment in a query: ISO 8601 UTC or Unix ms. */
export const Moment = z.union([
  z.iso.datetime().transform((text) => Date.parse(text)),
  z
    .string()
    .regex(/^\d{1,15}$/, 'Unix ms or ISO 8601')
    .transform(Number),
])

export const NoInput = z.object({})
export const RunFilter = z.object({ run: RunId.optional() })
export const LayerPath = z.object({ layer: LayerId })
export const SeedPath = z.object({
  layer: LayerId,
  seed: z
    .string()
    .regex(/^(0|[1-9]\d{0,7})$/, 'a seed id as decimal text')
    .transform(Number)
    .pipe(SeedId),
})
export const MetricKey = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, 'a metric name')

export const HistoryQuery = RunFilter.extend({
  metric: MetricKey,
  from: Moment.optional(),
  to: Moment.optional(),
  /** Milliseconds per point; absent: as fine as 600 points allow. */
  resolution: z
    .string()
    .regex(/^\d{1,9}$/, 'milliseconds')
    .transform(Number)
    .pipe(z.int().min(100).max(900_000))
    .optional(),
  seed: SeedPath.shape.seed.optional(),
})
