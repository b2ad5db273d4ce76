/*
 * Replay windows: stretches of the past that were fetched, kept while they are near the moment shown.
 * In: windows of frames and records, the moment, its pace. Out: what lies at a moment, how far the cover reaches, what to fetch next.
 * Invariant: bounded by bytes; the cover is contiguous or it ends: nobody can step over what was not fetched.
 * Source: docs/ux.md "time travel"; features B2, B3.
 */
import type { LiveRecord } from '../contracts/liveRecords.ts'
import type { Bounds } from './conductor.ts'

export interface FrameEntry {
  readonly atMs: number
  readonly bytes: Uint8Array
}

/** Frames and records of [fromMs, toMs); the frames begin with a whole picture of every layer that has one. */
export interface ReplayWindow extends Bounds {
  readonly stepMs: number
  /** Ascending in time. */
  readonly frames: readonly FrameEntry[]
  readonly records: readonly LiveRecord[]
  /** How many records the server says lie in it. */
  readonly served: number
  readonly bytes: number
}

export interface Pace {
  readonly speed: number
  readonly reverse: boolean
}

const MAX_BYTES = 48_000_000
const PLAYED_MS = 8_000
const SHORTEST_MS = 8_000
const LONGEST_MS = 512_000

/** How much one fetch takes, and how far apart its pictures are: as many as the eye gets, whatever the speed. */
export function windowShape({ speed, reverse }: Pace): { readonly spanMs: number; readonly stepMs: number } {
  // Backwards, each picture is made again from the window's first: fewer and farther apart.
  const spanMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (PLAYED_MS * speed) / (reverse ? 2 : 1)))
  const stepMs = speed <= 1 && !reverse ? 0 : Math.round(speed * (reverse ? 250 : 100))
  return { spanMs, stepMs }
}

export interface ReplayWindows {
  readonly bytes: number
  at(atMs: number): ReplayWindow | null
  /** The end of what is covered without a hole from a moment on, in a direction; the moment itself when nothing is. */
  coveredTo(atMs: number, reverse: boolean): number
  /** Records in (afterMs, untilMs], oldest first. */
  records(afterMs: number, untilMs: number): readonly LiveRecord[]
  /** Adds one; what is farthest from the moment goes when there is too much. */
  add(window: ReplayWindow, atMs: number): void
  /** The next stretch to fetch for a moment at a pace; null when enough is there, or all of it. */
  missing(atMs: number, pace: Pace, bounds: Bounds): (Bounds & { readonly stepMs: number }) | null
  clear(): void
}

const holds = (window: Bounds, atMs: number): boolean => window.fromMs <= atMs && atMs < window.toMs

/** Creates an empty set. */
export function createReplayWindows(maxBytes = MAX_BYTES): ReplayWindows {
  let windows: readonly ReplayWindow[] = []

  const at = (atMs: number): ReplayWindow | null => windows.find((window) => holds(window, atMs)) ?? null
  const distance = (window: Bounds, atMs: number): number =>
    holds(window, atMs) ? 0 : Math.min(Math.abs(window.fromMs - atMs), Math.abs(window.toMs - atMs))
  const coveredTo = (atMs: number, reverse: boolean): number => {
    let edge = atMs
    for (;;) {
      const next = reverse ? windows.find((window) => window.fromMs < edge && edge <= window.toMs) : at(edge)
      if (!next) return edge
      edge = reverse ? next.fromMs : next.toMs
    }
  }

  return {
    get bytes() {
      return windows.reduce((sum, window) => sum + window.bytes, 0)
    },
    at,
    coveredTo,
    records(afterMs, untilMs) {
      return windows
        .filter((window) => window.toMs > afterMs && window.fromMs <= untilMs)
        .flatMap((window) => window.records.filter(({ at_ms: ms }) => ms > afterMs && ms <= untilMs))
    },
    add(window, atMs) {
      // Of two that overlap the newer one counts: a record must not come twice.
      const others = windows.filter((other) => other.toMs <= window.fromMs || other.fromMs >= window.toMs)
      const near = [...others, window].toSorted((a, b) => distance(a, atMs) - distance(b, atMs))
      let bytes = 0
      windows = near
        .filter((kept, index) => {
          bytes += kept.bytes
          return index === 0 || bytes <= maxBytes
        })
        .toSorted((a, b) => a.fromMs - b.fromMs)
    },
    missing(atMs, pace, bounds) {
      const { spanMs, stepMs } = windowShape(pace)
      if (pace.reverse) {
        const edge = Math.max(coveredTo(atMs, true), bounds.fromMs)
        if (edge <= bounds.fromMs || atMs - edge > spanMs / 2) return null
        return { fromMs: Math.max(bounds.fromMs, edge - spanMs), toMs: edge, stepMs }
      }
      const edge = coveredTo(atMs, false)
      if (edge > bounds.toMs || edge - atMs > spanMs / 2) return null
      // The newest moment that is kept lies inside a window, not at the open end of one.
      return { fromMs: edge, toMs: Math.min(bounds.toMs + 1, edge + spanMs), stepMs }
    },
    clear() {
      windows = []
    },
  }
}

/** The frames to apply to come from one moment to a later one inside a window; from the window's beginning when `fromMs` is null. */
export function framesBetween(window: ReplayWindow, fromMs: number | null, toMs: number): readonly Uint8Array[] {
  const { frames } = window
  const after = (ms: number): number => {
    let [low, high] = [0, frames.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (frames[middle]!.atMs <= ms) low = middle + 1
      else high = middle
    }
    return low
  }
  return frames.slice(fromMs === null ? 0 : after(fromMs), after(toMs)).map((frame) => frame.bytes)
}
