/*
 * until: waits for a fact, with a generous guard against hanging.
 * In: a predicate. Out: resolves when it holds; rejects with the name of what never came.
 * Invariant: a bound here is a hang guard, never an assertion about speed.
 * Source: docs/contributing.md "tests".
 */
import { systemClock } from '../../lib/primitives/clock.ts'

/** Polls until the predicate holds. */
export async function until(name: string, holds: () => boolean | Promise<boolean>, guardMs = 60_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + guardMs
  while (!(await holds())) {
    if (systemClock.monotonicMs() > endMs) throw new Error(`${name} did not come within ${guardMs} ms`)
    await systemClock.sleep(10)
  }
}
