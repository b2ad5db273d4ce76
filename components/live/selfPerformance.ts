/*
 * Self-performance: how fast this page draws, measured where it draws.
 * In: the time of each drawing. Out: drawings per second and the time the last ones took.
 * Invariant: measured, never assumed; a page that draws nothing says 0, not 60.
 * Source: features H12.
 */
const WINDOW_MS = 1_000

export interface SelfPerformance {
  record(atMs: number, tookMs: number): void
  /** Drawings in the last second, and the slowest of them in ms. */
  read(nowMs: number): { readonly perSecond: number; readonly slowestMs: number }
}

/** Creates an empty meter. */
export function createSelfPerformance(): SelfPerformance {
  let drawings: { readonly atMs: number; readonly tookMs: number }[] = []
  return {
    record(atMs, tookMs) {
      drawings.push({ atMs, tookMs })
      if (drawings.length > 240) drawings = drawings.slice(-120)
    },
    read(nowMs) {
      drawings = drawings.filter((drawing) => nowMs - drawing.atMs <= WINDOW_MS)
      return { perSecond: drawings.length, slowestMs: Math.max(0, ...drawings.map((drawing) => drawing.tookMs)) }
    },
  }
}

/** The meter of this page. */
export const pagePerformance = createSelfPerformance()
