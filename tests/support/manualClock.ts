/*
 * manualClock: time that moves only when a test says so.
 * In: advance(ms). Out: the Clock of lib/primitives, plus how many timers are open.
 * Invariant: timers fire in the order of their due time; a callback sees the time it was due at.
 * Source: docs/architecture.md "time and chance".
 */
import type { Clock } from '../../lib/primitives/clock.ts'

export interface ManualClock extends Clock {
  /** Moves time and lets promises settle after each timer. */
  advance(ms: number): Promise<void>
  readonly openTimers: number
}

/** Creates a clock at a fixed wall time. */
export function createManualClock(startWallMs = 1_700_000_000_000): ManualClock {
  let nowMs = 0
  let nextId = 1
  const timers = new Map<number, { dueMs: number; everyMs: number | null; callback: () => void }>()

  const add = (ms: number, everyMs: number | null, callback: () => void): (() => void) => {
    const id = nextId++
    timers.set(id, { dueMs: nowMs + Math.max(0, ms), everyMs, callback })
    return () => void timers.delete(id)
  }
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve))
  }

  return {
    wallMs: () => startWallMs + nowMs,
    monotonicMs: () => nowMs,
    after: (ms, callback) => add(ms, null, callback),
    every: (ms, callback) => add(ms, Math.max(1, ms), callback),
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const onAbort = (): void => {
          undo()
          reject(signal?.reason as Error)
        }
        const undo = add(ms, null, () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        })
        signal?.addEventListener('abort', onAbort, { once: true })
      }),
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (;;) {
        const due = [...timers].filter(([, t]) => t.dueMs <= untilMs).sort((a, b) => a[1].dueMs - b[1].dueMs)[0]
        if (!due) break
        const [id, timer] = due
        nowMs = Math.max(nowMs, timer.dueMs)
        if (timer.everyMs === null) timers.delete(id)
        else timer.dueMs = nowMs + timer.everyMs
        timer.callback()
        await settle()
      }
      nowMs = untilMs
      await settle()
    },
    get openTimers() {
      return timers.size
    },
  }
}
