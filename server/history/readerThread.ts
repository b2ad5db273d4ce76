/*
 * readerThread: the thread that answers questions about the past: it unpacks, encodes and counts, so that no page waits for that.
 * In: workerData, questions. Out: one answer each; bytes are transferred.
 * Invariant: it only reads files; a question that fails is answered with a code and words, and the next one is answered all the same.
 * Source: docs/history.md "reading".
 */
import { parentPort, workerData } from 'node:worker_threads'
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { toWorkerError } from '../workers/workerProtocol.ts'
import { makeBundle } from './bundle.ts'
import { openHistoryLibrary, spanOf } from './historyLibrary.ts'
import { momentTables, recordedGrid, recordedSeed, recordedSeries } from './historyPast.ts'
import type {
  FromReader,
  HistoryError,
  HistoryQuestion,
  HistoryQuestions,
  ReaderData,
  ToReader,
} from './historyProtocol.ts'
import { coverageOf } from './replayCoverage.ts'
import { dwellOf } from './replayDwell.ts'
import { eventsOf } from './replayEvents.ts'
import { flowOf } from './replayFlow.ts'
import { framesOf } from './replayFrames.ts'
import { lanesOf } from './replayLanes.ts'
import { stateAt } from './replayState.ts'
import { createRuleTrials } from './ruleTrials.ts'
import type { RunHistory } from './runHistory.ts'

/** Bundles being sent at the same time; one that nobody takes any more gives way. */
const MAX_BUNDLES = 4
const PIECE_BYTES = 262_144

const { root, retention } = workerData as ReaderData
const port = parentPort!
const library = openHistoryLibrary(root)
const bundles = new Map<number, Generator<Uint8Array, void, void>>()
let lastBundle = 0
const trials = createRuleTrials(clock)

/** Records of the server itself belong to the runs recorded here, and to no other. */
const withServer = (history: RunHistory): readonly RunHistory[] =>
  history.run.kept === 'recorded' ? [history, library.server(history.run)] : [history]

function nextPiece(id: number): Uint8Array<ArrayBuffer> | null {
  const pieces = bundles.get(id)
  if (pieces === undefined)
    throw new AppError('STATE_NOT_FOUND', 'this bundle is not being sent any more', { path: 'id' })
  const parts: Uint8Array[] = []
  for (let bytes = 0; bytes < PIECE_BYTES;) {
    const { done, value } = pieces.next()
    if (done === true) break
    parts.push(value)
    bytes += value.byteLength
  }
  if (parts.length > 0) return new Uint8Array(Buffer.concat(parts))
  bundles.delete(id)
  return null
}

const ANSWERS: {
  readonly [Q in HistoryQuestion]: (ask: HistoryQuestions[Q]['ask']) => HistoryQuestions[Q]['answer']
} = {
  state: ({ run, at }) => stateAt(library.open(run), at),
  frames: ({ run, query }) => framesOf(library.open(run), query),
  events(query) {
    const answer = eventsOf(withServer(library.open(query.run)), query)
    return new TextEncoder().encode(JSON.stringify(answer))
  },
  flow: (query) => flowOf(library.open(query.run), query),
  lanes: (query) => lanesOf(withServer(library.open(query.run)), query),
  dwell: (query) => dwellOf(library.open(query.run), query),
  coverage: ({ run, recorder }) => coverageOf(run, { library, retention, recorder }),
  series(request) {
    const history = library.open(request.run)
    return { ...recordedSeries(history, request), gaps: history.gaps() }
  },
  'seed-series'(request) {
    const history = library.open(request.run)
    return { ...recordedSeed(history, request), gaps: history.gaps() }
  },
  grid(request) {
    const history = library.open(request.run)
    return { ...recordedGrid(history, request), gaps: history.gaps() }
  },
  moment: ({ run, at }) => momentTables(library.open(run), at),
  'bundle-open'({ run, from, to }) {
    const history = library.open(run)
    const bundle = makeBundle(withServer(history), { from, to }, clock.wallMs())
    const id = ++lastBundle
    bundles.set(id, bundle.pieces())
    for (const oldest of bundles.keys()) if (bundles.size > MAX_BUNDLES) bundles.delete(oldest)
    return { id, fileName: bundle.fileName, runId: history.run.run_id, fromMs: bundle.fromMs, toMs: bundle.toMs }
  },
  'bundle-next': ({ id }) => nextPiece(id),
  'bundle-close'({ id }) {
    bundles.delete(id)
    return null
  },
  'trial-open'({ run, ...trial }) {
    const history = library.open(run)
    return { id: trials.open(history, trial), firstMs: spanOf(history)?.fromMs ?? null }
  },
  'trial-next': ({ id }) => trials.next(id),
  'trial-close'({ id }) {
    trials.close(id)
    return null
  },
}

const toError = (error: unknown): HistoryError => {
  const path = isAppError(error) ? error.context['path'] : null
  return { ...toWorkerError(error), path: typeof path === 'string' ? path : null }
}

function answer(id: number, name: HistoryQuestion, ask: unknown): void {
  try {
    const value = ANSWERS[name](ask as never)
    const message: FromReader = { kind: 'answer', id, value, error: null }
    port.postMessage(message, value instanceof Uint8Array ? [value.buffer] : [])
  } catch (error) {
    const message: FromReader = { kind: 'answer', id, value: null, error: toError(error) }
    port.postMessage(message)
  }
}

port.on('message', (message: ToReader) => {
  if (message.kind === 'ask') return answer(message.id, message.name, message.ask)
  library.close()
  port.close()
})
port.postMessage({ kind: 'started' } satisfies FromReader)
