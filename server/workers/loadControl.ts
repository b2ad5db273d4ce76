/*
 * loadControl: starts and stops one generated load in a thread of its own, watches it, and tells what it does.
 * In: requests that were already validated. Out: reports; an incident when it ended by itself.
 * Invariant: at most one thread; it never comes back by itself; after stop nothing of it is left, and none starts again.
 * Source: docs/protocol.md "generated load"; docs/architecture.md "processes and threads".
 */
import path from 'node:path'
import { type MessagePort, Worker } from 'node:worker_threads'
import { AppError } from '../../lib/contracts/appError.ts'
import type { LoadReport, LoadRequest, LoadState } from '../../lib/contracts/httpLoad.ts'
import type { LoadCounters } from '../../lib/loadgen/loadGenerator.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordDraft } from '../ingest/ingestMessages.ts'
import type { Logger } from '../logger.ts'
import type { LoadWorkerData, LoadWorkerNote, LoadWorkerStop } from './loadWorker.ts'

export interface LoadControl {
  report(): LoadReport
  /** Resolves once it sends. @throws GUARD_DEMO_ONLY · STATE_CONFLICT while one runs · BUS_UNAVAILABLE when it can not begin */
  start(request: LoadRequest): Promise<LoadReport>
  /** Resolves once it has said goodbye and its thread is gone; nothing runs: nothing happens. @throws GUARD_DEMO_ONLY */
  stop(): Promise<LoadReport>
  /** The server ends. */
  close(deadlineMs: number): Promise<void>
}

/** Of a thread: what this file needs of a Worker. */
export type LoadThread = Pick<Worker, 'on' | 'once' | 'postMessage' | 'terminate'>

export interface LoadControlOptions {
  readonly clock: Clock
  readonly logger: Logger
  /** In words, when pages may not start load here; null when they may. */
  readonly whyNot: string | null
  readonly spawn: (request: LoadRequest) => LoadThread
  readonly onRecord: (record: RecordDraft) => void
}

type Counted = Extract<LoadWorkerNote, { kind: 'counters' }>
interface Incarnation {
  readonly thread: LoadThread
  readonly request: LoadRequest
  readonly startedMs: number
  endedMs: number | null
  runId: string | null
  counted: Counted | null
  rates: { readonly sweepsPerS: number; readonly bytesPerS: number; readonly cpuCores: number } | null
  cause: string | null
  readonly ended: Promise<void>
}

const START_MS = 6_000
const STOP_MS = 3_000
const WORDS_KEPT = 300
const NO_COUNTERS: LoadCounters = {
  sweeps: 0,
  missedSweeps: 0,
  entries: 0,
  failedEntries: 0,
  bytes: 0,
  seedSamples: 0,
  transitions: 0,
  transitionsPublished: 0,
  behindMs: 0,
}

/** Says why pages may not start load on this server; null when they may. */
export function whyNoLoad({ auth, host }: { readonly auth: string; readonly host: string }): string | null {
  if (auth !== 'demo')
    return 'Load is started from a page in demo mode only (AUTH=demo). Use npm run loadgen on a machine that may reach the bus.'
  if (!/^(localhost|127(\.\d{1,3}){3}|::1)$/.test(host))
    return `Load is started from a page only where the server listens on loopback, not on ${host}.`
  return null
}

/** Makes the thread that sends a load: on the bus of the configuration, or through the thread that owns the in-process one. */
export function spawnLoad(
  options: { readonly root: string; readonly redisUrl: string | null; readonly connect: () => MessagePort },
  request: LoadRequest,
): Worker {
  const { root, redisUrl, connect } = options
  const port = redisUrl === null ? connect() : null
  const workerData: LoadWorkerData = {
    shape: {
      layers: request.layers,
      seedsPerLayer: request.seeds_per_layer,
      hz: request.hz,
      metrics: request.metrics,
      seed: request.seed,
    },
    tablesPath: path.join(root, 'assets/loadgen/tables.json'),
    bus: port === null ? { driver: 'redis', url: redisUrl ?? '' } : { driver: 'memory', port },
  }
  return new Worker(new URL('./loadWorker.ts', import.meta.url), {
    name: 'load',
    workerData,
    transferList: port === null ? [] : [port],
    // A million seeds take some 250 MB; beyond this the thread ends, not the server.
    resourceLimits: { maxOldGenerationSizeMb: 1_024 },
  })
}

/** Creates the control; nothing runs before start. */
export function createLoadControl(options: LoadControlOptions): LoadControl {
  const { clock, logger, whyNot, spawn, onRecord } = options
  let state: LoadState = 'off'
  let current: Incarnation | null = null
  let closed = false

  const onCounters = (mine: Incarnation, next: Counted): void => {
    const before = mine.counted
    mine.counted = next
    if (before === null) return
    const seconds = (next.atMs - before.atMs) / 1_000
    // The last words come at any moment after the regular ones: too short a time tells no rate.
    if (seconds < 0.2) return
    mine.rates = {
      sweepsPerS: (next.counters.sweeps - before.counters.sweeps) / seconds,
      bytesPerS: (next.counters.bytes - before.counters.bytes) / seconds,
      cpuCores: (next.cpuMs - before.cpuMs) / 1_000 / seconds,
    }
  }

  /** An end that nobody asked for is told: in the log, among the events, in the report. */
  const onEnd = (mine: Incarnation, code: number): void => {
    mine.endedMs = clock.wallMs()
    mine.rates = null
    if (state === 'stopping' || closed) {
      state = 'off'
      return
    }
    mine.cause ??= `its thread ended with code ${code}`
    state = 'failed'
    logger.warn('the generated load ended by itself', { cause: mine.cause })
    onRecord({
      kind: 'incident',
      at_ms: clock.wallMs(),
      run_id: mine.runId,
      code: 'LOAD_ENDED',
      severity: 'warning',
      text: `The generated load ended by itself: ${mine.cause}. It is not started again.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
  }

  const begin = (request: LoadRequest): { readonly mine: Incarnation; readonly started: Promise<void> } => {
    const thread = spawn(request)
    let mine!: Incarnation
    const ended = new Promise<void>((resolve) => {
      thread.once('exit', (code: number) => {
        onEnd(mine, code)
        resolve()
      })
    })
    mine = {
      thread,
      request,
      startedMs: clock.wallMs(),
      endedMs: null,
      runId: null,
      counted: null,
      rates: null,
      cause: null,
      ended,
    }
    const started = new Promise<void>((resolve) => {
      thread.on('message', (message: LoadWorkerNote) => {
        if (message.kind === 'counters') return onCounters(mine, message)
        if (message.kind === 'error') return logger.warn('the generated load reported an error', { ...message.error })
        if (message.kind === 'failed') {
          mine.cause = message.error.text.slice(0, WORDS_KEPT)
          return
        }
        mine.runId = message.runId
        if (state === 'starting') state = 'running'
        resolve()
      })
    })
    thread.on('error', (error) => {
      mine.cause = (error instanceof Error ? error.message : String(error)).slice(0, WORDS_KEPT)
    })
    return { mine, started }
  }

  const end = async (mine: Incarnation, deadlineMs: number): Promise<void> => {
    const giveUp = clock.after(deadlineMs, () => void mine.thread.terminate())
    mine.thread.postMessage({ kind: 'stop', deadlineMs: Math.max(100, deadlineMs - 500) } satisfies LoadWorkerStop)
    await mine.ended
    giveUp()
  }

  const assertAllowed = (): void => {
    if (whyNot !== null) throw new AppError('GUARD_DEMO_ONLY', whyNot, { path: 'load' })
    if (closed) throw new AppError('BUS_UNAVAILABLE', 'the server is stopping')
  }

  const runOf = ({ runId, request, startedMs, endedMs, counted, rates }: Incarnation): LoadReport['run'] => {
    if (runId === null) return null
    const counters = counted?.counters ?? NO_COUNTERS
    return {
      run_id: runId,
      request,
      started_at: new Date(startedMs).toISOString(),
      ended_at: endedMs === null ? null : new Date(endedMs).toISOString(),
      sweeps: counters.sweeps,
      missed_sweeps: counters.missedSweeps,
      entries: counters.entries,
      failed_entries: counters.failedEntries,
      bytes: counters.bytes,
      transitions: counters.transitions,
      behind_ms: endedMs === null && counted !== null ? counters.behindMs : null,
      sweeps_per_s: rates?.sweepsPerS ?? null,
      bytes_per_s: rates?.bytesPerS ?? null,
      cpu_cores: rates?.cpuCores ?? null,
    }
  }

  const report = (): LoadReport => ({
    available: whyNot === null,
    why_not: whyNot,
    state,
    cause: state === 'failed' ? (current?.cause ?? null) : null,
    run: current === null ? null : runOf(current),
  })

  return {
    report,
    async start(request) {
      assertAllowed()
      if (state === 'starting' || state === 'running' || state === 'stopping')
        throw new AppError(
          'STATE_CONFLICT',
          `a generated load is ${state} already${current?.runId ? ` (${current.runId})` : ''}; stop it first`,
          { path: 'load' },
        )
      // Before the thread, so that a second request in the same moment finds it taken.
      state = 'starting'
      let begun: ReturnType<typeof begin>
      try {
        begun = begin(request)
      } catch (error) {
        state = current === null ? 'off' : 'failed'
        throw error
      }
      current = begun.mine
      const { mine, started } = begun
      let cancel: (() => void) | null = null
      const late = new Promise<void>((resolve) => {
        cancel = clock.after(START_MS, resolve)
      })
      await Promise.race([started, mine.ended, late])
      cancel!()
      if (mine.runId !== null) return report()
      mine.cause ??= 'it did not begin in time; is the bus there?'
      await mine.thread.terminate()
      await mine.ended
      throw new AppError('BUS_UNAVAILABLE', `the generated load could not begin: ${mine.cause}`, { path: 'load' })
    },
    async stop() {
      assertAllowed()
      if (current !== null && (state === 'running' || state === 'starting')) {
        state = 'stopping'
        await end(current, STOP_MS)
      } else if (state === 'stopping') await current?.ended
      return report()
    },
    async close(deadlineMs) {
      closed = true
      if (current !== null && current.endedMs === null) await end(current, deadlineMs)
    },
  }
}
