/*
 * Layer age: how old an answer's values are by now, or were at the moment at which the page was paused.
 * In: an age as it was told, the moment it was told for, the server's clock. Out: the age now; the words of a layer.
 * Invariant: ages grow between two answers and while none comes; on a paused page they stand; a layer that said goodbye stays silent.
 * Source: docs/ux.md "freshness model"; features A18, B8.
 */
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import { evaluateFreshness } from '../../lib/contracts/freshnessRule.ts'
import { formatAge } from '../../lib/live/formatValue.ts'

export type ToldAge = Pick<LayerRows, 'age_ms' | 'ages_at_ms' | 'interval_ms' | 'freshness'>

/** An age that was told for `toldAtMs`, grown until `nowMs`. */
export function grownAge(ageMs: number | null, toldAtMs: number, nowMs: number): number | null {
  return ageMs === null ? null : ageMs + Math.max(0, nowMs - toldAtMs)
}

/** State and age of the layer at this moment. */
export function layerAgeWords(told: ToldAge, nowMs: number): string {
  const ageMs = grownAge(told.age_ms, told.ages_at_ms, nowMs)
  if (ageMs === null) return 'never reported'
  const declaredGone = told.freshness === 'silent'
  return `${evaluateFreshness({ ageMs, intervalMs: told.interval_ms, declaredGone })}, ${formatAge(ageMs)} old`
}

/** The age of one seed, or why there is none. */
export function seedAgeWords(ageMs: number | null, isObserved: boolean, toldAtMs: number, nowMs: number): string {
  if (ageMs === null) return isObserved ? 'not kept' : 'never'
  return formatAge(grownAge(ageMs, toldAtMs, nowMs))
}
