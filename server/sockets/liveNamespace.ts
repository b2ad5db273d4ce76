/*
 * liveNamespace: `/live`: data for open pages: hello, view, inspect, history, paint, clock; frames, records, status, runs.
 * In: client events, records, runs, statuses. Out: the same, to every viewer, each in order.
 * Invariant: records reach a viewer contiguously or its session is told to start anew; nothing of a viewer grows without bound.
 * Source: docs/protocol.md "Socket.IO".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { LiveRecord, LiveStatus, RunSnapshot } from '../../lib/contracts/liveRecords.ts'
import {
  LIVE_EVENT_SCHEMAS,
  type HelloAnswer,
  type HistoryAnswer,
  type InspectAnswer,
  type LiveView,
  type PaintReport,
} from '../../lib/contracts/socketEvents.ts'
import { EXACT_MAX_SEEDS, LIVE_NAMESPACE, LIVE_PROTOCOL, SOCKET_LIMITS } from '../../lib/contracts/socketNames.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { FrameTicker, ViewRequest } from '../fanout/frameTicker.ts'
import { createViewer } from '../fanout/viewer.ts'
import type { Logger } from '../logger.ts'
import { readSeedSeries, readSeries } from '../state/historyReader.ts'
import { seedOf } from '../state/layerReader.ts'
import type { RecordsLog } from '../state/recordsLog.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { bindHandlers, type EventSocket } from './bindHandlers.ts'
import { createFrameLine } from './frameLine.ts'
import { guardNamespace, type NamespaceGuard } from './guardNamespace.ts'
import type { LiveIo } from './socketServer.ts'

const INSPECT_WINDOW_MS = 300_000
const INSPECT_POINTS = 300
/** Packets that may wait for one viewer before its session starts anew: about 1 MB of records. */
const MAX_BACKLOG = 1_000
const GREETED = 'greeted'

export interface LiveNamespaceOptions {
  readonly io: LiveIo
  readonly clock: Clock
  readonly logger: Logger
  readonly runs: RunBook
  readonly log: RecordsLog
  readonly ticker: FrameTicker
  readonly status: () => LiveStatus
  readonly guard: NamespaceGuard
  readonly onPaint?: (run: KnownRun, report: PaintReport) => void
}

export interface LiveNamespace {
  viewers(): number
  refusedEvents(): number
  sessionsDropped(): number
  sendRecords(records: readonly LiveRecord[]): void
  sendRun(run: RunSnapshot): void
  /** Asked for only when somebody is there to read it. */
  sendStatus(latest: () => LiveStatus): void
  /** Every session starts anew: what pages hold no longer matches. */
  resync(reason: string): void
}

interface EngineConnection {
  readonly writeBuffer: readonly unknown[]
}

const notFound = (what: string, path: string) => new AppError('STATE_NOT_FOUND', `no ${what} of this name`, { path })

/** Opens the namespace. */
export function createLiveNamespace({
  io,
  clock,
  logger,
  runs,
  log,
  ticker,
  status,
  guard,
  onPaint = () => undefined,
}: LiveNamespaceOptions): LiveNamespace {
  const nsp = io.of(LIVE_NAMESPACE)
  const entry = guardNamespace(nsp, guard)
  /** Who said hello, by room: what all of them get is encoded once. */
  const greeted = new Set<string>()
  let refused = 0
  let dropped = 0

  const findLayer = (runId: string, layerId: string): { run: KnownRun; layer: number } => {
    const run = runs.get(runId)
    if (run === undefined) throw notFound('run', 'run_id')
    const layer = run.layerIndex.get(layerId)
    if (layer === undefined) throw notFound('layer', 'layer_id')
    return { run, layer }
  }

  const toRequest = (view: NonNullable<LiveView>): ViewRequest => {
    const run = runs.get(view.run_id)
    if (run === undefined) throw notFound('run', 'run_id')
    const layers = view.layers === undefined ? null : new Set(view.layers.map((id) => findLayer(view.run_id, id).layer))
    const seeds = run.descriptor.layers.reduce(
      (sum, layer, index) => sum + (layers === null || layers.has(index) ? layer.seeds : 0),
      0,
    )
    const binSize = view.precision === 'cells' ? (view.bin_size ?? 1) : 1
    const exact = view.precision === 'exact' && seeds <= EXACT_MAX_SEEDS
    const precision = exact ? 'exact' : binSize > 1 ? 'binned' : 'cells'
    const immediate = view.pace === 'immediate'
    return { run, precision, metric: view.metric, binSize, maxHz: view.max_hz, immediate, layers }
  }

  const inspect = (runId: string, layerId: string, seed: number): InspectAnswer => {
    const { run, layer } = findLayer(runId, layerId)
    if (seed >= run.tables[layer]!.shape.rows) throw notFound('seed', 'seed_id')
    const nowMs = clock.wallMs()
    const one = seedOf(run, layer, seed, nowMs)
    const range = { fromMs: nowMs - INSPECT_WINDOW_MS, toMs: nowMs, points: INSPECT_POINTS }
    return {
      layer_id: layerId,
      seed_id: seed,
      age_ms: one.ageMs,
      ingest_ms: one.ingestMs,
      producer: run.descriptor.source,
      entry_id: null,
      metrics: one.values,
      history: readSeedSeries(run, layer, seed, range),
    }
  }

  const history = (runId: string, metric: string, seconds: number, points: number): HistoryAnswer => {
    const run = runs.get(runId)
    if (run === undefined) throw notFound('run', 'run_id')
    const seeds = run.descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
    if (seeds > EXACT_MAX_SEEDS)
      throw new AppError('COMMAND_UNSUPPORTED', `series of ${seeds} seeds at once; ${EXACT_MAX_SEEDS} are the bound`, {
        path: 'run_id',
      })
    const toMs = clock.wallMs()
    return {
      metric,
      layers: run.descriptor.layers.map(({ layer_id }, layer) => {
        const series = readSeries({ run, layer, metric, fromMs: toMs - seconds * 1_000, toMs, points })
        return { layer_id, at_ms: series.at_ms, seeds: series.values, states: series.states, of: series.of }
      }),
    }
  }

  nsp.on('connection', (socket) => {
    const viewer = createViewer(socket.id, createFrameLine(socket))
    socket.on('disconnect', () => {
      greeted.delete(socket.id)
      ticker.remove(viewer)
    })
    bindHandlers({
      socket: socket as unknown as EventSocket,
      table: LIVE_EVENT_SCHEMAS,
      ...entry.of(socket),
      clock,
      logger,
      eventsPerSecond: SOCKET_LIMITS.eventsPerSecond,
      onRefused: () => void refused++,
      handlers: {
        hello: ({ protocol, resume }): HelloAnswer => {
          if (protocol !== LIVE_PROTOCOL)
            throw new AppError('STATE_PROTOCOL', `the server speaks protocol ${LIVE_PROTOCOL}`, { path: 'protocol' })
          // From this turn on the viewer gets every batch: nothing can fall between the answer and the first of them.
          greeted.add(socket.id)
          void socket.join(GREETED)
          return { protocol: LIVE_PROTOCOL, server_ms: clock.wallMs(), status: status(), records: log.resume(resume) }
        },
        view: (view) => {
          if (view === null) return { class_id: ticker.setView(viewer, null) }
          return { class_id: ticker.setView(viewer, toRequest(view)) }
        },
        inspect: ({ run_id, layer_id, seed_id }) => inspect(run_id, layer_id, seed_id),
        history: ({ run_id, metric, seconds, points }) => history(run_id, metric, seconds, points),
        paint(report) {
          const run = runs.get(report.run_id)
          // A page may still report of a run that was let go: that is no fault of it.
          if (run !== undefined) onPaint(run, report)
          return { taken: run === undefined ? 0 : report.layers.length }
        },
        clock: () => ({ server_ms: clock.wallMs() }),
      },
    })
  })

  /** Records can not be skipped one by one: a session that does not keep up ends, and its page resumes with a delta or a snapshot. */
  const dropOverfull = (): void => {
    for (const id of greeted) {
      const socket = nsp.sockets.get(id)
      if (socket === undefined) continue
      const { writeBuffer } = socket.conn as unknown as EngineConnection
      if (writeBuffer.length <= MAX_BACKLOG) continue
      dropped++
      greeted.delete(id)
      socket.disconnect(true)
    }
  }
  const all = () => {
    dropOverfull()
    return nsp.to(GREETED)
  }

  return {
    viewers: () => nsp.sockets.size,
    refusedEvents: () => refused,
    sessionsDropped: () => dropped,
    sendRecords(records) {
      if (records.length > 0 && greeted.size > 0) all().emit('records', { epoch: log.epoch, records: [...records] })
    },
    sendRun(run) {
      if (greeted.size > 0) all().emit('run', run)
    },
    sendStatus(latest) {
      if (greeted.size > 0) nsp.to(GREETED).volatile.emit('status', latest())
    },
    resync(reason) {
      if (greeted.size > 0) all().emit('resync', reason)
    },
  }
}
