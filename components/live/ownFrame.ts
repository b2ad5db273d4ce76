/*
 * Own frame: renders that were asked for at the same moment take turns, one per frame of the screen, and wait while the page is left.
 * In: callbacks, holds. Out: the same, in order, each in a frame of its own.
 * Invariant: nothing is left out or overtaken; who comes when nobody waits is not held up; a hold ends by itself.
 * Source: docs/performance.md "live page".
 */
import type { Clock } from '../../lib/primitives/clock.ts'

const FRAME_MS = 17

export interface Turns {
  /** Asks for a turn; answers the undo of a callback that has not had it. */
  take(callback: () => void): () => void
  /** Gives no turn for so long, or until the release. */
  hold(forMs: number): void
  release(): void
}

/** Creates turns that nobody holds. */
export function createTurns(clock: Pick<Clock, 'monotonicMs' | 'after'>): Turns {
  let waiting: (() => void)[] = []
  let freeAtMs = Number.NEGATIVE_INFINITY
  let heldUntilMs = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | null = null

  const waitMs = (): number => Math.max(freeAtMs, heldUntilMs) - clock.monotonicMs()
  const next = (): void => {
    cancel = null
    // Held after it was scheduled.
    if (waitMs() > 0) return schedule()
    const callback = waiting.shift()
    if (!callback) return
    freeAtMs = clock.monotonicMs() + FRAME_MS
    if (waiting.length > 0) schedule()
    callback()
  }
  const schedule = (): void => {
    cancel ??= clock.after(Math.max(0, waitMs()), next)
  }
  return {
    take(callback) {
      waiting.push(callback)
      if (cancel === null && waitMs() <= 0) next()
      else schedule()
      return () => void (waiting = waiting.filter((other) => other !== callback))
    },
    hold(forMs) {
      heldUntilMs = clock.monotonicMs() + forMs
    },
    release() {
      heldUntilMs = Number.NEGATIVE_INFINITY
      cancel?.()
      cancel = null
      if (waiting.length > 0) schedule()
    },
  }
}
