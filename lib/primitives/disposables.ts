/*
 * Disposables: a stack of clean-ups, run last-in first-out, all of them, once, under a deadline.
 * In: functions that release something. Out: one memoised stop with a report.
 * Invariant: every clean-up runs even when others fail or hang; a second stop returns the first one's promise.
 * Source: docs/architecture.md "lifecycle".
 */
import type { Clock } from './clock.ts'

export interface StopReport {
  readonly ok: boolean
  readonly failures: readonly { readonly name: string; readonly error: unknown }[]
}

type CleanUp = (deadlineMs: number) => void | Promise<void>

export interface Disposables {
  /** Registers a clean-up in the same breath as the thing it cleans is created. After stop it runs at once. */
  add(name: string, cleanUp: CleanUp): void
  readonly stopping: boolean
  /** Runs every clean-up in reverse order; each gets what is left of the deadline. */
  stop(deadlineMs: number): Promise<StopReport>
}

/** Creates an empty stack. */
export function createDisposables(clock: Clock): Disposables {
  const stack: { name: string; cleanUp: CleanUp }[] = []
  let stopped: Promise<StopReport> | null = null

  const runOne = async (cleanUp: CleanUp, remainingMs: number): Promise<void> => {
    const abort = new AbortController()
    const late = clock.sleep(remainingMs, abort.signal).then(
      () => Promise.reject(new Error(`clean-up did not end in ${Math.round(remainingMs)} ms`)),
      () => undefined,
    )
    try {
      await Promise.race([Promise.resolve(cleanUp(remainingMs)), late])
    } finally {
      abort.abort(new Error('done'))
    }
  }

  const runAll = async (deadlineMs: number): Promise<StopReport> => {
    const end = clock.monotonicMs() + deadlineMs
    const failures: { name: string; error: unknown }[] = []
    for (let next = stack.pop(); next; next = stack.pop()) {
      const remainingMs = Math.max(50, end - clock.monotonicMs())
      try {
        await runOne(next.cleanUp, remainingMs)
      } catch (error) {
        failures.push({ name: next.name, error })
      }
    }
    return { ok: failures.length === 0, failures }
  }

  return {
    get stopping() {
      return stopped !== null
    },
    add(name, cleanUp) {
      if (stopped) void runOne(cleanUp, 1_000).catch(() => undefined)
      else stack.push({ name, cleanUp })
    },
    stop(deadlineMs) {
      stopped ??= runAll(deadlineMs)
      return stopped
    },
  }
}
