/*
 * engineWords: whether the alert engine runs, and how much it asks of people, in words.
 * In: the engine's and the load's figures, when they came. Out: ages, short texts.
 * Invariant: an engine that is not heard of grows old; never having run is null, not 0.
 * Source: docs/ux.md "pages: alerts"; features D18, D20.
 */
import type { AlertEngine, AlertList } from '../../lib/contracts/httpAlerts.ts'

/** Older than this the engine counts as standing still. */
const OLD_MS = 10_000
/** Raised per person in ten minutes: beyond this nobody keeps up. */
const FLOOD = 10

/** Age of the newest evaluation now; null when it never ran or nothing is known. */
export function engineAgeMs(engine: AlertEngine | null, atMs: number | null, nowMs: number): number | null {
  if (engine === null || engine.age_ms === null) return null
  return engine.age_ms + (atMs === null ? 0 : Math.max(0, nowMs - atMs))
}

export function isEngineOld(ageMs: number | null): boolean {
  return ageMs === null || ageMs > OLD_MS
}

export function loadWords(load: AlertList['load']): { readonly text: string; readonly isFlood: boolean } {
  const each = load.raised_per_operator
  const text = `${each < 10 ? each.toFixed(1) : String(Math.round(each))} per operator in 10 min`
  return { text: each > FLOOD ? `${text}: more than anybody can follow` : text, isFlood: each > FLOOD }
}
