/*
 * Staleness: one rule for every panel: how old a layer's values are on the SERVER's clock, and which of five states that is.
 * In: the last status, newer ingest times from frames, the server's clock now. Out: age, interval and state per layer, and the worst.
 * Invariant: ages grow while nothing arrives, also while the page is cut off; an old answer never looks fresh.
 * Source: docs/ux.md "freshness model"; features A18.
 */
import type { Freshness } from '../contracts/freshness.ts'
import { evaluateFreshness, FRESHNESS_LIMITS, worstFreshness } from '../contracts/freshnessRule.ts'
import type { LayerSummary } from '../contracts/liveRecords.ts'

export interface LayerAge {
  readonly layerId: string
  readonly ageMs: number | null
  readonly intervalMs: number | null
  readonly freshness: Freshness
}

export interface StalenessInput {
  readonly layerId: string
  /** What the last status said of this layer, and the server's clock when it said so; null = not mentioned. */
  readonly summary: Pick<LayerSummary, 'age_ms' | 'interval_ms' | 'freshness' | 'old_seeds'> | null
  readonly statusMs: number | null
  /** Ingest time of the newest frame, server clock; null when none arrived. */
  readonly frameIngestMs: number | null
  readonly nowMs: number
}

/** Evaluates one layer. The newest of status and frames counts; a server's "silent" stands until something newer arrives. */
export function evaluateLayerAge({ layerId, summary, statusMs, frameIngestMs, nowMs }: StalenessInput): LayerAge {
  const statusIngestMs =
    summary?.age_ms !== null && summary?.age_ms !== undefined && statusMs !== null ? statusMs - summary.age_ms : null
  const lastMs =
    frameIngestMs === null ? statusIngestMs : Math.max(frameIngestMs, statusIngestMs ?? Number.NEGATIVE_INFINITY)
  const ageMs = lastMs === null ? null : Math.max(0, nowMs - lastMs)
  const intervalMs = summary?.interval_ms ?? null
  const declaredGone =
    summary?.freshness === 'silent' && (frameIngestMs === null || frameIngestMs <= (statusIngestMs ?? 0))
  return { layerId, ageMs, intervalMs, freshness: evaluateFreshness({ ageMs, intervalMs, declaredGone }) }
}

/**
 * Evaluates a seed that was heard of longer ago than its layer: by the absolute bounds, because how often one seed is reported is not
 * known. It is never younger than its layer.
 */
export function evaluateSeedAge(layer: LayerAge, toldAgeMs: number, toldMs: number, nowMs: number): LayerAge {
  const ageMs = Math.max(toldAgeMs + nowMs - toldMs, layer.ageMs ?? 0)
  const own = evaluateFreshness({ ageMs, intervalMs: FRESHNESS_LIMITS.lateMs })
  return { ...layer, ageMs, freshness: worstFreshness([own, layer.freshness]) }
}

/** Sums the layers up: the worst state, the greatest age in it, and how many are fresh. */
export function summarizeAges(ages: readonly LayerAge[]): {
  readonly worst: Freshness
  readonly worstAgeMs: number | null
  readonly fresh: number
  readonly total: number
} {
  const worst = worstFreshness(ages.map((age) => age.freshness))
  const known = ages.filter((age) => age.freshness === worst && age.ageMs !== null).map((age) => age.ageMs ?? 0)
  return {
    worst,
    worstAgeMs: known.length === 0 ? null : Math.max(...known),
    fresh: ages.filter((age) => age.freshness === 'fresh').length,
    total: ages.length,
  }
}
