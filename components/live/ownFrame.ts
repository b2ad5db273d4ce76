/*
 * Own frame: renders that were asked for at the same moment take turns, one per frame of the screen.
 * In: callbacks. Out: the same, in order, each in a frame of its own.
 * Invariant: nothing is left out or overtaken; who comes when nobody waits is not held up.
 * Source: docs/performance.md "live page".
 */
import type { Clock } from '../../lib/primitives/clock.ts'

const FRAME_MS = 17

/** Creates turns; answers the undo of a callback that has not had its turn. */
export function createTurns(clock: Pick<Clock, 'monotonicMs' | 'after'>): (callback: () => void) => () => void {
  let waiting: (() => void)[] = []
  let freeAtMs = Number.NEGATIVE_INFINITY
  let scheduled = false

  const next = (): void => {
    scheduled = false
    const callback = waiting.shift()
    if (!callback) return
    freeAtMs = clock.monotonicMs() + FRAME_MS
    if (waiting.length > 0) schedule()
    callback()
  }
  const schedule = (): void => {
    if (scheduled) return
    scheduled = true
    clock.after(Math.max(0, freeAtMs - clock.monotonicMs()), next)
  }
  return (callback) => {
    waiting.push(callback)
    if (!scheduled && clock.monotonicMs() >= freeAtMs) next()
    else schedule()
    return () => void (waiting = waiting.filter((other) => other !== callback))
  }
}
