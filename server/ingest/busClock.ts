/*
 * busClock: how far the bus server's clock is ahead of ours, from questions and answers over one connection.
 * In: when a question was sent and answered, and the bus time it told. Out: ms ahead; 0 while no difference can be told.
 * Invariant: a slow answer moves nothing: of the last questions the fastest counts, and a difference below its uncertainty is none.
 * Source: docs/architecture.md "latency"; RFC 5905 section 10 (clock filter).
 */
/** A minute of questions. */
const KEPT = 12
/** Ids of entries have whole milliseconds. */
const RESOLUTION_MS = 1

export interface BusClock {
  /** Takes one question; gives the difference that is now the best known. */
  add(sentMs: number, receivedMs: number, busMs: number): number
}

/** Creates a clock that knows of no difference. */
export function createBusClock(): BusClock {
  let samples: { readonly aheadMs: number; readonly halfMs: number }[] = []
  return {
    add(sentMs, receivedMs, busMs) {
      const halfMs = (receivedMs - sentMs) / 2
      // Our own clock stepped meanwhile: nothing was measured.
      if (halfMs >= 0 && Number.isFinite(busMs))
        samples = [...samples, { aheadMs: busMs - (sentMs + receivedMs) / 2, halfMs }].slice(-KEPT)
      const best = samples.toSorted((a, b) => a.halfMs - b.halfMs)[0]
      return best === undefined || Math.abs(best.aheadMs) <= best.halfMs + RESOLUTION_MS ? 0 : best.aheadMs
    },
  }
}
