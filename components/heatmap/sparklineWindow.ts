/*
 * Sparkline window: how much time the small lines of a run show.
 * In: the age of the oldest sample. Out: one of four windows, and its words.
 * Invariant: every cell shows the same window; it grows with what is known and ends at five minutes, so that a young run fills its cells.
 * Source: features A11.
 */
const STEPS_MS = [30_000, 60_000, 120_000, 180_000, 300_000] as const

/** Chooses the least window that holds everything known; the longest once more is known. */
export function sparklineWindowMs(oldestMs: number, nowMs: number): number {
  return STEPS_MS.find((step) => nowMs - oldestMs <= step) ?? 300_000
}

/** Says the window: "30 s", "2 min". */
export function windowText(windowMs: number): string {
  return windowMs < 60_000 ? `${windowMs / 1_000} s` : `${windowMs / 60_000} min`
}
