/*
 * Frame slicer: applies arriving pictures in short slices, so that a burst of a hundred layers never holds the page up.
 * In: frames in order. Out: the same frames, in the same order, applied at once while time is left, else a moment later.
 * Invariant: order is kept, nothing is dropped; the queue is bounded by applying at once beyond its bound.
 * Source: docs/adr/0004-columns-on-the-hot-path.md.
 */
import type { Clock } from '../primitives/clock.ts'

const WINDOW_MS = 16
const BUDGET_MS = 4
const PAUSE_MS = 4
const MOST_WAITING = 4_096

export interface FrameSlicer {
  push(bytes: Uint8Array): void
  readonly waiting: number
}

/** Creates a slicer that spends at most a quarter of each frame of the screen on pictures. */
export function createFrameSlicer(clock: Clock, apply: (bytes: Uint8Array) => void): FrameSlicer {
  let queue: Uint8Array[] = []
  let windowStartMs = Number.NEGATIVE_INFINITY
  let spentMs = 0
  let scheduled = false

  const run = (bytes: Uint8Array): void => {
    const startMs = clock.monotonicMs()
    if (startMs - windowStartMs > WINDOW_MS) {
      windowStartMs = startMs
      spentMs = 0
    }
    apply(bytes)
    spentMs += clock.monotonicMs() - startMs
  }
  const hasTime = (): boolean => spentMs < BUDGET_MS || clock.monotonicMs() - windowStartMs > WINDOW_MS

  const drain = (): void => {
    scheduled = false
    let done = 0
    while (done < queue.length && hasTime()) run(queue[done++] ?? new Uint8Array())
    queue = queue.slice(done)
    schedule()
  }
  const schedule = (): void => {
    if (scheduled || queue.length === 0) return
    scheduled = true
    clock.after(PAUSE_MS, drain)
  }

  return {
    get waiting() {
      return queue.length
    },
    push(bytes) {
      if (queue.length === 0 && hasTime()) return run(bytes)
      queue.push(bytes)
      if (queue.length > MOST_WAITING) {
        const all = queue
        queue = []
        for (const frame of all) run(frame)
      }
      schedule()
    },
  }
}
