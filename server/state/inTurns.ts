/* inTurns: work that is longer than an event loop may wait, done in short turns with the loop free between them. */
import type { Clock } from '../../lib/primitives/clock.ts'

const TURN_MS = 4

/** How many items of one kind are looked at between two places where work may pause. */
export const ITEMS_PER_STEP = 512

/** Runs a generator to its end without a pause: for what is short by nature. */
export function atOnce<T>(work: Generator<void, T, void>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** Runs a generator to its end; each `yield` is a place where it may pause. Rejects with what it throws. */
export async function inTurns<T>(work: Generator<void, T, void>, clock: Clock): Promise<T> {
  for (;;) {
    const startedMs = clock.monotonicMs()
    do {
      const step = work.next()
      if (step.done === true) return step.value
    } while (clock.monotonicMs() - startedMs < TURN_MS)
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }
}
