/*
 * Freshness: how old a value may be before it must look old. One rule for the API, every panel and every command guard.
 * In: ages and intervals in ms of the SERVER's clock. Out: one of five states.
 * Invariant: never and silent are not zero; a wrong clock in the browser can not make data look fresh.
 * Source: docs/ux.md "freshness model"; features A18.
 */
/** The states, as the schema of freshness.ts names them. */
export const FRESHNESS_STATES = ['fresh', 'late', 'stale', 'silent', 'never'] as const
type Freshness = (typeof FRESHNESS_STATES)[number]

export const FRESHNESS_LIMITS = Object.freeze({
  intervalFloorMs: 250,
  lateIntervals: 3,
  lateMs: 5_000,
  staleIntervals: 10,
  staleMs: 15_000,
  silentMs: 60_000,
  /** Rounding between two threads' clocks is far below this. */
  futureMs: 1_000,
})

export interface FreshnessInput {
  /** Age of the newest value on the server's clock, ms; null when there never was one. */
  readonly ageMs: number | null
  /** Median of the last 20 gaps between values, ms; null while unknown. */
  readonly intervalMs: number | null
  /** The producer said goodbye, or its heartbeat ended. */
  readonly declaredGone?: boolean
}

/** Evaluates the state of one entity. Pure; the worst applicable rule wins: silent, then stale, then late. */
export function evaluateFreshness({ ageMs, intervalMs, declaredGone = false }: FreshnessInput): Freshness {
  if (ageMs === null || Number.isNaN(ageMs)) return 'never'
  const limits = FRESHNESS_LIMITS
  // A value from the future says that a clock is wrong, not that the value is new.
  if (ageMs < -limits.futureMs) return 'late'
  if (declaredGone || ageMs > limits.silentMs) return 'silent'
  // Written so that NaN falls to the floor: Math.max would pass it on, and every comparison with it is false, which is fresh.
  const interval = intervalMs !== null && intervalMs > limits.intervalFloorMs ? intervalMs : limits.intervalFloorMs
  // Relative and absolute bound: whichever is reached first.
  if (ageMs > Math.min(limits.staleMs, limits.staleIntervals * interval)) return 'stale'
  if (ageMs > Math.min(limits.lateMs, limits.lateIntervals * interval)) return 'late'
  return 'fresh'
}

const WORST_FIRST: readonly Freshness[] = ['silent', 'stale', 'late', 'never', 'fresh']

/** Finds the worst state of several; `never` when there is none. */
export function worstFreshness(states: Iterable<Freshness>): Freshness {
  const seen = new Set(states)
  return WORST_FIRST.find((state) => seen.has(state)) ?? 'never'
}
