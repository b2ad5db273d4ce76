/*
 * workerProtocol: what the main thread and a bus thread say to each other.
 * In: nothing. Out: the two message unions and the start data.
 * Invariant: errors cross as code and text, never as class instances; columns never cross, only shared buffers.
 * Source: docs/architecture.md "processes and threads".
 */
import type { RawEntry } from '../../lib/contracts/httpSeed.ts'
import type { EntryRef } from '../../lib/contracts/liveRecords.ts'
import type { MessagePort } from 'node:worker_threads'
import { toProblem } from '../../lib/contracts/appError.ts'
import type { WatchOrder } from '../alerts/alertSignals.ts'
import type { Config } from '../config.ts'
import type { LatencyNote } from '../ingest/latencyRecorder.ts'
import type { IngestMessage } from '../ingest/ingestMessages.ts'
import type { SeedEntriesAnswer, SeedEntriesRequest } from '../ingest/seedEntries.ts'

export type BusPart = 'ingest' | 'agent' | 'controller' | 'gateway'

export interface BusWorkerData {
  readonly name: string
  readonly parts: readonly BusPart[]
  readonly bus: { readonly driver: 'redis'; readonly url: string } | { readonly driver: 'memory' }
  readonly historySeconds: number
  readonly claimCheckDir: string | null
  readonly dataDir: string
  /** What the watch of the alert engine begins with. */
  readonly alerts: WatchOrder
  readonly gateway: Config['gateway']
  /** Rung when telemetry was merged (mergeBell.ts). */
  readonly bell: SharedArrayBuffer
  /** Where the latencies of this thread are counted (latencyBook.ts). */
  readonly latency: SharedArrayBuffer
}

export interface WorkerError {
  readonly code: string
  readonly text: string
}

/** What the main thread may ask a bus thread; answered once, with a value or an error. */
export interface BusQuestions {
  /** What Redis tells of itself; null with the in-process bus. */
  readonly 'bus-info': { readonly ask: null; readonly answer: string | null }
  /** Null: not retained (any more). */
  readonly entry: { readonly ask: EntryRef; readonly answer: RawEntry | null }
  readonly 'seed-entries': { readonly ask: SeedEntriesRequest; readonly answer: SeedEntriesAnswer }
}
export type BusQuestion = keyof BusQuestions

export type ToWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly name: BusQuestion; readonly ask: unknown }
  | { readonly kind: 'stop'; readonly deadlineMs: number }
  /** The alert rules changed. */
  | { readonly kind: 'alerts'; readonly order: WatchOrder }
  | { readonly kind: 'trainer'; readonly port: MessagePort }
  /** A publisher of another thread wants to use this thread's bus. */
  | { readonly kind: 'publisher'; readonly port: MessagePort }

export type FromWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error: WorkerError | null }
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly error: WorkerError }
  | { readonly kind: 'part-error'; readonly part: BusPart; readonly error: WorkerError }
  /** Something an operator should find in the log: an outage at the source, a loss, a new announcement. */
  | {
      readonly kind: 'part-note'
      readonly part: BusPart
      readonly note: string
      readonly data: Record<string, unknown>
    }
  | { readonly kind: 'ingest'; readonly message: IngestMessage }
  | { readonly kind: 'latency'; readonly note: LatencyNote }
  | { readonly kind: 'stopped'; readonly failures: readonly string[] }

/** Makes any throwable fit to cross. Never throws. */
export function toWorkerError(error: unknown): WorkerError {
  const { code } = toProblem(error)
  const text = error instanceof Error ? error.message : String(error)
  return { code, text: text.slice(0, 500) }
}
