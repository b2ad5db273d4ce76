/*
 * Replay steps: from the moment shown to the event or the picture before or after it.
 * In: where the player stands, its windows, its source. Out: acts of the conductor, or a sentence where there is nothing to step to.
 * Invariant: a press is never lost while something is fetched, and an answer to an older visit moves nothing; a step always moves by at least a millisecond.
 * Source: docs/ux.md "time travel"; features B2.
 */
import type { Bounds, ConductorAct } from './conductor.ts'
import type { ReplaySource } from './replaySource.ts'
import type { ReplayWindow, ReplayWindows } from './replayWindows.ts'

/** A step where no neighbouring picture is known. */
const UNKNOWN_TICK_MS = 1_000
const TICK_SEARCH_MS = 5_000

export interface StepPlace {
  readonly runId: string
  readonly metric: string
  readonly atMs: number
  readonly bounds: Bounds
  readonly signal: AbortSignal
}

export interface ReplaySteps {
  /** One event on or back. */
  stepEvent(back: boolean): void
  /** One picture on or back. */
  stepTick(back: boolean): void
}

/** Creates the steps of a player; `place` is null while no run is open. */
export function createReplaySteps(options: {
  readonly place: () => StepPlace | null
  readonly windows: Pick<ReplayWindows, 'at'>
  readonly source: Pick<ReplaySource, 'neighbour' | 'window'>
  readonly act: (act: ConductorAct) => void
  readonly say: (text: string) => void
  readonly fail: (error: unknown, signal: AbortSignal) => void
}): ReplaySteps {
  const { place, windows, source, act, say, fail } = options
  const land = (atMs: number): void => {
    act({ kind: 'stand' })
    act({ kind: 'jump', atMs })
  }
  return {
    stepEvent(back) {
      const now = place()
      if (now === null) return
      const { runId, atMs, signal } = now
      source.neighbour({ runId, atMs, back }, signal).then(
        (found) => {
          if (signal.aborted) return
          if (found !== null) land(found)
          else say(back ? 'Nothing is kept of an event before this moment.' : 'No event is known after this moment.')
        },
        (error: unknown) => fail(error, signal),
      )
    },
    stepTick(back) {
      const now = place()
      if (now === null) return
      const { runId, metric, atMs, bounds, signal } = now
      const go = (found: number | null): void =>
        land(found === null ? atMs + (back ? -UNKNOWN_TICK_MS : UNKNOWN_TICK_MS) : Math.ceil(found))
      const near = nextPicture(windows.at(atMs), atMs, back)
      if (near !== null) return go(near)
      const span = back
        ? { fromMs: Math.max(bounds.fromMs, atMs - TICK_SEARCH_MS), toMs: atMs }
        : { fromMs: atMs, toMs: Math.min(bounds.toMs + 1, atMs + TICK_SEARCH_MS) }
      if (span.toMs <= span.fromMs) return go(null)
      source.window({ runId, metric, stepMs: 0, ...span }, signal).then(
        (window) => signal.aborted || go(nextPicture(window, atMs, back)),
        (error: unknown) => fail(error, signal),
      )
    },
  }
}

/** The time of the picture before or after a moment in its window. */
function nextPicture(window: ReplayWindow | null, atMs: number, back: boolean): number | null {
  if (!window) return null
  const times = window.frames.map((frame) => frame.atMs)
  const found = back ? times.findLast((ms) => ms <= atMs - 1) : times.find((ms) => ms > atMs)
  return found !== undefined && found >= window.fromMs ? found : null
}
