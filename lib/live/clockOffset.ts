/*
 * Clock offset: how far the browser's clock is from the server's, from ping samples.
 * In: (sent, received, server time) per ping, all ms. Out: offset in ms, and how uncertain it is.
 * Invariant: a slow reply can not move the offset; only the fastest third of the last samples counts, and of those the median.
 * Source: docs/ux.md "freshness model"; features A18.
 */
const KEPT_SAMPLES = 15

interface Sample {
  readonly offsetMs: number
  readonly roundTripMs: number
}

export interface ClockOffset {
  /** Adds one probe; negative round trips (the local clock stepped) are refused. */
  add(sentMs: number, receivedMs: number, serverMs: number): void
  /** Server clock minus local clock, ms; 0 before the first sample. */
  offsetMs(): number
  /** Half the fastest round trip: the offset can not be wrong by more; null before the first sample. */
  uncertaintyMs(): number | null
  /** Forgets everything: after sleep the old samples describe another clock. */
  clear(): void
}

const median = (sorted: readonly number[]): number => {
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

/** Creates an empty estimate. */
export function createClockOffset(): ClockOffset {
  let samples: Sample[] = []
  return {
    add(sentMs, receivedMs, serverMs) {
      const roundTripMs = receivedMs - sentMs
      if (!(roundTripMs >= 0) || !Number.isFinite(serverMs)) return
      samples = [...samples, { offsetMs: serverMs - (sentMs + receivedMs) / 2, roundTripMs }].slice(-KEPT_SAMPLES)
    },
    offsetMs() {
      if (samples.length === 0) return 0
      const fastest = samples.toSorted((a, b) => a.roundTripMs - b.roundTripMs)
      const best = fastest.slice(0, Math.max(1, Math.ceil(fastest.length / 3)))
      return median(best.map((sample) => sample.offsetMs).toSorted((a, b) => a - b))
    },
    uncertaintyMs: () => (samples.length === 0 ? null : Math.min(...samples.map((s) => s.roundTripMs)) / 2),
    clear() {
      samples = []
    },
  }
}
