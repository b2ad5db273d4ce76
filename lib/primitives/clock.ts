/*
 * Clock: the only door to time for everything that decides by time.
 * In: nothing. Out: wall and monotonic milliseconds, sleeps that end on abort, timers that can be undone.
 * Invariant: durations come from the monotonic clock; no part of lib or server calls Date.now or setTimeout itself.
 * Source: docs/architecture.md "time and chance".
 */
export interface Clock {
  /** Unix ms with sub-millisecond digits where the platform has them. */
  wallMs(): number
  /** Milliseconds that never go back; only differences mean something. */
  monotonicMs(): number
  /** Resolves after ms; rejects with the signal's reason when aborted first. Leaves no timer. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once after ms; returns its undo. */
  after(ms: number, callback: () => void): () => void
  /** Calls back each ms (drift is not corrected); returns its undo. */
  every(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = Object.freeze({
  wallMs: () => performance.timeOrigin + performance.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }, ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
  after: (ms: number, callback: () => void) => {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
  every: (ms: number, callback: () => void) => {
    const timer = setInterval(callback, ms)
    return () => clearInterval(timer)
  },
})
