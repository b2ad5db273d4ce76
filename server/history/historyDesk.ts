/*
 * historyDesk: the main thread's side of the history: hands what arrives to the recorder, and questions about the past to the reader.
 * In: announcements, records, gaps, questions. Out: answers, counters, what the history can not do now.
 * Invariant: nothing here blocks; records stay here until the recorder says they are on the disk, and are told again to one that was
 * started anew; a question is answered exactly once.
 * Source: docs/history.md "recording"; docs/architecture.md "processes and threads".
 */
import { Worker } from 'node:worker_threads'
import { AppError } from '../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import type { CoverageGap, LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RunAnnouncement } from '../ingest/ingestMessages.ts'
import { createSupervisedThread } from '../workers/supervisedThread.ts'
import type {
  FromReader,
  FromRecorder,
  HistoryQuestion,
  HistoryQuestions,
  ReaderData,
  RecorderData,
  ToReader,
  ToRecorder,
} from './historyProtocol.ts'
import type { RecorderCounters } from './historyRecorder.ts'
import type { RetentionBounds } from './retention.ts'

const RECORDER = new URL('./recorderThread.ts', import.meta.url)
const READER = new URL('./readerThread.ts', import.meta.url)
const TIMEOUT_MS = 20_000
const MAX_OPEN = 64
/** Records that wait for the recorder; about 100 MB. */
const MAX_WAITING = 200_000

export interface HistoryDesk {
  announce(run: RunAnnouncement): void
  forget(runId: string): void
  records(records: readonly LiveRecord[]): void
  gap(runId: string, gap: CoverageGap): void
  began(): void
  /** @throws STATE_NOT_FOUND · CONTRACT_INVALID · BUS_TIMEOUT · BUS_UNAVAILABLE · GUARD_RATE */
  ask<Q extends HistoryQuestion>(name: Q, ask: HistoryQuestions[Q]['ask']): Promise<HistoryQuestions[Q]['answer']>
  /** Null: nothing is recorded here. */
  counters(): RecorderCounters | null
  stop(deadlineMs: number): Promise<void>
}

export interface HistoryDeskOptions {
  readonly root: string
  readonly clock: Clock
  /** Not durable: what was recorded can be read, and nothing is added. */
  readonly config: RetentionBounds & { readonly durable: boolean }
  readonly onProblem: (text: string) => void
}

interface Open {
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
  readonly cancel: () => void
}

const NOTHING: RecorderCounters = Object.freeze({
  ticks: 0,
  missedTicks: 0,
  thinnedTicks: 0,
  events: 0,
  waitingEvents: 0,
  droppedEvents: 0,
  tornBlocks: 0,
  removedBytes: 0,
  removedFiles: 0,
  problem: null,
})
const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOG, code)

/** Creates the desk; its threads start when there is something for them. */
export function createHistoryDesk({ root, clock, config, onProblem }: HistoryDeskOptions): HistoryDesk {
  const { durable: isRecording, maxBytes, maxAgeMs } = config
  const retention: RetentionBounds = { maxBytes, maxAgeMs }
  const runs = new Map<string, RunAnnouncement>()
  const open = new Map<number, Open>()
  let waiting: { readonly batch: number; readonly records: readonly LiveRecord[] }[] = []
  let waitingRecords = 0
  let dropped = 0
  let lastBatch = 0
  let lastId = 0
  let counters = NOTHING
  let saidProblem: string | null = null
  let stopped = false

  const tell = (message: ToRecorder): void => recorder.post(message)
  const recorder = createSupervisedThread({
    name: 'history',
    clock,
    spawn: () => new Worker(RECORDER, { name: 'history', workerData: { root, retention } satisfies RecorderData }),
    onMessage(message) {
      const said = message as FromRecorder
      if (said.kind === 'started') {
        // The first one hears everything in its turn.
        if (recorder.restarts() === 0) return
        for (const run of runs.values()) tell({ kind: 'run', run })
        for (const batch of waiting) tell({ kind: 'records', ...batch })
      } else if (said.kind === 'written') {
        waiting = waiting.filter((one) => one.batch > said.batch)
        waitingRecords = waiting.reduce((sum, one) => sum + one.records.length, 0)
      } else if (said.kind === 'counters') {
        counters = said.counters
        if (counters.problem !== null && counters.problem !== saidProblem) onProblem(counters.problem)
        saidProblem = counters.problem
      }
    },
    onEnd: (cause) => onProblem(`the recorder of the history ended (${cause}) and is started again`),
  })
  const reader = createSupervisedThread({
    name: 'history reader',
    clock,
    spawn: () => new Worker(READER, { name: 'history-reader', workerData: { root, retention } satisfies ReaderData }),
    onMessage(message) {
      const said = message as FromReader
      if (said.kind !== 'answer') return
      const one = take(said.id)
      if (said.error === null) return one?.resolve(said.value as never)
      const { code, text, path } = said.error
      one?.reject(new AppError(isCode(code) ? code : 'INTERNAL', text, path === null ? {} : { path }))
    },
    onEnd(cause) {
      onProblem(`the reader of the history ended (${cause}) and is started again`)
      for (const id of open.keys())
        take(id)?.reject(new AppError('BUS_UNAVAILABLE', 'the reader of the history ended before it answered'))
    },
  })
  const take = (id: number): Open | undefined => {
    const one = open.get(id)
    open.delete(id)
    one?.cancel()
    return one
  }

  /** Started by the first thing to record; one that is being started again is told all when it runs. */
  const record = (message: ToRecorder): void => {
    if (!isRecording || stopped) return
    recorder.start()
    if (recorder.state() !== 'restarting') tell(message)
  }

  return {
    announce(run) {
      runs.set(run.descriptor.run_id, run)
      record({ kind: 'run', run })
    },
    forget(runId) {
      runs.delete(runId)
      record({ kind: 'run-gone', runId })
    },
    records(records) {
      if (!isRecording || records.length === 0) return
      const batch = { batch: ++lastBatch, records }
      waiting.push(batch)
      waitingRecords += records.length
      while (waitingRecords > MAX_WAITING) {
        const gone = waiting.shift()!
        waitingRecords -= gone.records.length
        dropped += gone.records.length
      }
      record({ kind: 'records', ...batch })
    },
    gap: (runId, gap) => record({ kind: 'gap', runId, gap }),
    began: () => record({ kind: 'began' }),
    ask(name, ask) {
      if (stopped) return Promise.reject(new AppError('BUS_UNAVAILABLE', 'the server is stopping'))
      if (open.size >= MAX_OPEN)
        return Promise.reject(new AppError('GUARD_RATE', `${MAX_OPEN} questions to the history are open already`))
      reader.start()
      const id = ++lastId
      return new Promise((resolve, reject) => {
        const cancel = clock.after(TIMEOUT_MS, () =>
          take(id)?.reject(new AppError('BUS_TIMEOUT', `the history did not answer within ${TIMEOUT_MS} ms`)),
        )
        open.set(id, { resolve: resolve as (value: never) => void, reject, cancel })
        reader.post({ kind: 'ask', id, name, ask } satisfies ToReader)
      })
    },
    counters: () => (isRecording ? { ...counters, droppedEvents: counters.droppedEvents + dropped } : null),
    async stop(deadlineMs) {
      stopped = true
      for (const id of open.keys()) take(id)?.reject(new AppError('BUS_UNAVAILABLE', 'the server is stopping'))
      await Promise.all([
        recorder.stop(deadlineMs, (worker) => worker.postMessage({ kind: 'stop' } satisfies ToRecorder)),
        reader.stop(deadlineMs, (worker) => worker.postMessage({ kind: 'stop' } satisfies ToReader)),
      ])
    },
  }
}
