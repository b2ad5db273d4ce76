/*
 * supervisedThread: one worker thread that is started again when it ends, with growing patience, and says so.
 * In: how to spawn it. Out: its messages, its state, incidents.
 * Invariant: never more than one incarnation at a time; after stop nothing starts again; a thread that does not stop is terminated.
 * Source: docs/architecture.md "lifecycle".
 */
import type { Worker } from 'node:worker_threads'
import type { Clock } from '../../lib/primitives/clock.ts'

export type ThreadState = 'starting' | 'running' | 'restarting' | 'stopped'

export interface ThreadUsage {
  readonly name: string
  readonly state: ThreadState
  /** Processor time of this incarnation; null while there is none. */
  readonly cpuMs: number | null
  /** Time in which its event loop had work; null while there is none. */
  readonly activeMs: number | null
}

export interface SupervisedThread {
  readonly name: string
  state(): ThreadState
  /** Why it is not running; null while it is. */
  cause(): string | null
  restarts(): number
  /** Measured from outside: the thread itself does nothing for it. Never rejects. */
  usage(): Promise<ThreadUsage>
  post(message: unknown, transfer?: readonly import('node:worker_threads').Transferable[]): void
  start(): void
  /** `goodbye` asks the thread to end by itself; it is terminated at the deadline. */
  stop(deadlineMs: number, goodbye: (worker: Worker) => void): Promise<void>
}

export interface SupervisedThreadOptions {
  readonly name: string
  readonly clock: Clock
  readonly spawn: () => Worker
  readonly onMessage: (message: unknown) => void
  /** Called when an incarnation ended without being asked to. */
  readonly onEnd: (cause: string, againInMs: number) => void
}

const FIRST_MS = 20
const LAST_MS = 5_000
/** After this long in life an end is a new story, not the next chapter of a crash loop. */
const HEALTHY_MS = 10_000

/** Creates a thread that is not started yet. `running` is entered by a message of kind `started`. */
export function createSupervisedThread(options: SupervisedThreadOptions): SupervisedThread {
  const { name, clock, spawn, onMessage, onEnd } = options
  let worker: Worker | null = null
  let state: ThreadState = 'stopped'
  let cause: string | null = null
  let failures = 0
  let restarts = 0
  let startedMs = 0
  let undo: (() => void) | null = null
  let stopping = false

  const start = (): void => {
    undo = null
    startedMs = clock.monotonicMs()
    state = restarts === 0 ? 'starting' : 'restarting'
    const born = spawn()
    worker = born
    let lastWords: string | null = null
    born.on('message', (message: unknown) => {
      const { kind, error } = message as { kind?: unknown; error?: { text?: string } }
      if (kind === 'started') {
        state = 'running'
        cause = null
      }
      if (kind === 'failed') lastWords = error?.text ?? 'start failed'
      onMessage(message)
    })
    born.on('error', (error) => {
      lastWords = error instanceof Error ? error.message : String(error)
    })
    born.on('exit', (code) => {
      if (worker !== born) return
      worker = null
      if (stopping) return
      if (clock.monotonicMs() - startedMs > HEALTHY_MS) failures = 0
      const waitMs = Math.min(LAST_MS, FIRST_MS * 2 ** failures++)
      cause = lastWords ?? `ended with code ${code}`
      state = 'restarting'
      restarts++
      undo = clock.after(waitMs, start)
      onEnd(cause, waitMs)
    })
  }

  return {
    name,
    state: () => state,
    cause: () => cause,
    restarts: () => restarts,
    async usage() {
      const now = worker
      try {
        const cpu = (await now?.cpuUsage()) ?? null
        const loop = now?.performance.eventLoopUtilization() ?? null
        return {
          name,
          state,
          cpuMs: cpu === null ? null : (cpu.user + cpu.system) / 1_000,
          activeMs: loop === null ? null : loop.active,
        }
      } catch {
        // It ended between the question and the answer.
        return { name, state, cpuMs: null, activeMs: null }
      }
    },
    post(message, transfer = []) {
      worker?.postMessage(message, [...transfer])
    },
    start() {
      if (worker === null && undo === null) start()
    },
    async stop(deadlineMs, goodbye) {
      stopping = true
      state = 'stopped'
      undo?.()
      const ending = worker
      if (ending === null) return
      const ended = new Promise<void>((resolve) => void ending.once('exit', () => resolve()))
      const giveUp = clock.after(deadlineMs, () => void ending.terminate())
      goodbye(ending)
      await ended
      giveUp()
    },
  }
}
