/*
 * auditThread: the thread that verifies the log, as the rest of the server sees it: when it looks, what it found, what it proves.
 * In: where the log is. Out: the newest state; proofs; lines of the log.
 * Invariant: looks for what came new every ten seconds and from the first entry on every ten minutes; a thread that died is told as a
 * problem and started again with the next question; after close none starts.
 * Source: docs/audit.md "verification"; docs/architecture.md "processes and threads".
 */
import { Worker } from 'node:worker_threads'
import { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { CheckpointNote, WatchedProof, WatchState } from './auditWatch.ts'
import type { AuditWorkerData, FromAuditWorker, ToAuditWorker } from './auditWorker.ts'

export interface AuditThread {
  state(): WatchState
  /** Looks from the first entry on; resolves when it has begun. */
  lookAgain(): void
  /** Null for an entry that no verified checkpoint covers. @throws STATE_STORAGE when the thread can not answer */
  prove(seqs: readonly number[], under: CheckpointNote | null): Promise<readonly (WatchedProof | null)[]>
  /** @throws STATE_STORAGE */
  lines(from: number, to: number): Promise<readonly string[]>
  close(): Promise<void>
}

export interface AuditThreadOptions extends AuditWorkerData {
  readonly clock: Clock
  /** A state that people must hear of: the first wrong entry, or that it can not be looked at. */
  readonly onProblem: (text: string) => void
}

const FIRST_MS = 3_000
const LOOK_MS = 10_000
const WHOLE_MS = 600_000

type Question = ToAuditWorker extends infer One
  ? One extends { readonly id: number }
    ? Omit<One, 'id'>
    : never
  : never
type Value = Extract<FromAuditWorker, { readonly value: unknown }>['value']

const UNSEEN: WatchState = {
  state: 'never',
  running: false,
  verified: 0,
  rootHex: null,
  atMs: null,
  exposed: 0,
  anchored: null,
  wholePass: null,
  firstBad: null,
  problems: [],
}

/** Starts it; the first look follows soon, when a start has other things to do no more. */
export function openAuditThread({ clock, onProblem, ...workerData }: AuditThreadOptions): AuditThread {
  let state = UNSEEN
  let worker: Worker | null = null
  let closed = false
  let next = 0
  let wholeAtMs = Number.NEGATIVE_INFINITY
  const waiting = new Map<
    number,
    { readonly resolve: (value: Value) => void; readonly reject: (error: Error) => void }
  >()

  const gone = (cause: string): void => {
    worker = null
    for (const { reject } of waiting.values())
      reject(new AppError('STATE_STORAGE', `the thread that verifies the audit trail ended: ${cause}`))
    waiting.clear()
    if (closed) return
    state = { ...state, running: false, problems: [`the thread that verifies ended: ${cause}`.slice(0, 2_000)] }
    onProblem(`the thread that verifies the audit trail ended: ${cause}`)
  }
  const onMessage = (message: FromAuditWorker): void => {
    if ('state' in message) {
      const bad = message.state.firstBad
      if (bad !== null && state.firstBad?.seq !== bad.seq)
        onProblem(
          `the audit trail is not what was written: the first wrong entry is ${bad.seq} (${bad.kind}). Export it with the checkpoints and look at who may write to the database.`,
        )
      state = message.state
      return
    }
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message)
      asked?.reject(new AppError('STATE_STORAGE', `the audit trail can not be read: ${message.error}`))
    else asked?.resolve(message.value)
  }
  const start = (): Worker => {
    const born = new Worker(new URL('./auditWorker.ts', import.meta.url), { name: 'audit', workerData })
    let words = ''
    born.on('message', onMessage)
    born.on('error', (error) => {
      words = error instanceof Error ? error.message : String(error)
    })
    born.on('exit', (code) => {
      if (worker === born) gone(words === '' ? `exit ${code}` : words)
    })
    born.unref()
    return born
  }
  const ask = (question: Question): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new AppError('STATE_STORAGE', 'the audit trail is closed'))
      worker ??= start()
      const id = next++
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, ...question } as ToAuditWorker)
    })

  const look = (whole: boolean): void => {
    if (whole) wholeAtMs = clock.monotonicMs()
    // What went wrong is in the state already.
    ask({ ask: 'look', whole }).catch(() => undefined)
  }
  const undoFirst = clock.after(FIRST_MS, () => look(true))
  const undoLooks = clock.every(LOOK_MS, () => {
    if (!state.running) look(clock.monotonicMs() - wholeAtMs >= WHOLE_MS)
  })

  return {
    state: () => state,
    lookAgain: () => look(true),
    prove: async (seqs, under) => (await ask({ ask: 'prove', seqs, under })) as readonly (WatchedProof | null)[],
    lines: async (from, to) => (await ask({ ask: 'lines', from, to })) as readonly string[],
    async close() {
      undoFirst()
      undoLooks()
      if (closed) return
      closed = true
      const ended = worker
      worker = null
      await ended?.terminate()
    },
  }
}
