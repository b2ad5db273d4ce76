/*
 * auditWorker: the thread in which the log is verified and its entries are proved: the loop that serves people never waits for it.
 * In: questions, each with a number. Out: answers, and the state of the watch when it changes.
 * Invariant: reads alone; a question is answered once; an error crosses as text.
 * Source: docs/audit.md "verification"; docs/architecture.md "processes and threads".
 */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createAuditWatch, type CheckpointNote, type WatchedProof, type WatchState } from './auditWatch.ts'
import { linesOf } from './readLogLines.ts'
import { openLogReader } from './logReader.ts'

export interface AuditWorkerData {
  readonly url: string
  readonly root: string
  readonly publicKeyPem: string
  readonly anchorFile: string
}

export type ToAuditWorker =
  | { readonly id: number; readonly ask: 'look'; readonly whole: boolean }
  | {
      readonly id: number
      readonly ask: 'prove'
      readonly seqs: readonly number[]
      readonly under: CheckpointNote | null
    }
  /** Lines of the log from `from` to before `to`. */
  | { readonly id: number; readonly ask: 'lines'; readonly from: number; readonly to: number }
  | { readonly id: number; readonly ask: 'close' }

export type FromAuditWorker =
  | { readonly state: WatchState }
  | { readonly id: number; readonly value: (WatchedProof | null)[] | string[] | null }
  | { readonly id: number; readonly error: string }

/** States come with each turn of a pass; this many a second are told. */
const TELL_MS = 250

const { url, root, publicKeyPem, anchorFile } = workerData as AuditWorkerData
const port = parentPort!
const reader = await openLogReader(url, root)
let toldMs = Number.NEGATIVE_INFINITY
let told = ''
const watch = createAuditWatch({
  reader,
  publicKeyPem,
  anchorFile,
  clock: systemClock,
  onState(state) {
    const nowMs = systemClock.monotonicMs()
    const kind = `${state.state} ${state.running}`
    if (kind === told && nowMs - toldMs < TELL_MS) return
    toldMs = nowMs
    told = kind
    port.postMessage({ state } satisfies FromAuditWorker)
  },
})

async function answer(question: ToAuditWorker): Promise<(WatchedProof | null)[] | string[] | null> {
  switch (question.ask) {
    case 'look':
      await watch.look(question.whole)
      port.postMessage({ state: watch.state() } satisfies FromAuditWorker)
      return null
    case 'prove': {
      const proofs: (WatchedProof | null)[] = []
      for (const seq of question.seqs) proofs.push(await watch.prove(seq, question.under))
      return proofs
    }
    case 'lines': {
      const lines: string[] = []
      for await (const line of linesOf(reader, question.to, 250, question.from)) lines.push(line)
      return lines
    }
    case 'close':
      await reader.close()
      port.close()
      return null
  }
}

port.on('message', (question: ToAuditWorker) => {
  answer(question).then(
    (value) => port.postMessage({ id: question.id, value } satisfies FromAuditWorker),
    (error: unknown) =>
      port.postMessage({ id: question.id, error: (error as Error).message } satisfies FromAuditWorker),
  )
})
