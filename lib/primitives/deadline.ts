/*
 * deadline: waits for work, but not longer than allowed.
 * In: a clock, a promise, milliseconds. Out: whether the work settled in time.
 * Invariant: leaves no timer; a rejection counts as settled, its reason belongs to whoever made the promise.
 * Source: docs/architecture.md "lifecycle".
 */
import type { Clock } from './clock.ts'

/** Resolves true when the work settled within deadlineMs, false when it did not; never rejects. */
export async function withDeadline(clock: Clock, work: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let undo: () => void = () => undefined
  const late = new Promise<boolean>((resolve) => {
    undo = clock.after(deadlineMs, () => resolve(false))
  })
  const done = work.then(
    () => true,
    () => true,
  )
  const inTime = await Promise.race([done, late])
  undo()
  return inTime
}
