/*
 * rateLimit: how many commands and previews one person may ask for.
 * In: who, the clock. Out: taken, or a refusal that says when to come back.
 * Invariant: buckets are per person, refilled evenly; the stop never asks here. Memory is bounded.
 * Source: docs/commands.md "limits".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface RateLimit {
  /** @throws GUARD_RATE with the wait in words */
  take(actor: string): void
  left(actor: string): number
  readonly perMinute: number
}

const MAX_ACTORS = 4_096

/** Creates a limit of `perMinute`, all of which may be used at once. */
export function createRateLimit(clock: Clock, perMinute: number, what: string): RateLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>()

  const fill = (actor: string): { tokens: number; atMs: number } => {
    const nowMs = clock.monotonicMs()
    const bucket = buckets.get(actor) ?? { tokens: perMinute, atMs: nowMs }
    bucket.tokens = Math.min(perMinute, bucket.tokens + ((nowMs - bucket.atMs) / 60_000) * perMinute)
    bucket.atMs = nowMs
    // The one who waited longest leaves first: a full bucket is what a newcomer gets anyway.
    buckets.delete(actor)
    buckets.set(actor, bucket)
    if (buckets.size > MAX_ACTORS) buckets.delete(buckets.keys().next().value!)
    return bucket
  }

  return {
    perMinute,
    left: (actor) => Math.floor(fill(actor).tokens),
    take(actor) {
      const bucket = fill(actor)
      if (bucket.tokens < 1) {
        const waitS = Math.ceil(((1 - bucket.tokens) / perMinute) * 60)
        throw new AppError('GUARD_RATE', `${actor} asked for more than ${perMinute} ${what} a minute; wait ${waitS} s`)
      }
      bucket.tokens--
    },
  }
}
