/*
 * compose: the composition root; read top to bottom it is the architecture, from the bus to the screen.
 * In: a parsed configuration, overrides for tests. Out: a running server and its stop.
 * Invariant: it only wires; every part is registered with its clean-up in the breath it is made, so stop runs in reverse.
 * Source: docs/architecture.md.
 */
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { createLatencyBuffer } from '../lib/primitives/latencyBook.ts'
import { LATENCY_LIMITS } from '../lib/contracts/httpLatency.ts'
import { systemClock } from '../lib/primitives/clock.ts'
import { createDisposables } from '../lib/primitives/disposables.ts'
import { openAlerts } from './alerts/openAlerts.ts'
import { noteIncidents } from './audit/noteIncidents.ts'
import { openAuditTrail } from './audit/openAuditTrail.ts'
import { busAddress } from './config.ts'
import { createFrameTicker } from './fanout/frameTicker.ts'
import { createCommandPlane } from './operators/commandPlane.ts'
import { createGatewayClient } from './gateway/gatewayClient.ts'
import { createViewLatency } from './fanout/viewLatency.ts'
import { publishHandle, type Handle } from './handle.ts'
import { createAccessGuard, type AccessGuard } from './http/accessGuard.ts'
import { createApi } from './http/api.ts'
import { callerOf, createOperatorsApi, viaOf } from './http/apiOperators.ts'
import { createBaselineReader } from './http/apiBaseline.ts'
import { createLayerApi } from './http/apiLayer.ts'
import { createLatencyApi } from './http/apiLatency.ts'
import { createLimitsApi } from './http/apiLimits.ts'
import { createReplayApi } from './http/apiReplay.ts'
import { createRunsApi } from './http/apiRuns.ts'
import { createThreadsApi } from './http/apiThreads.ts'
import { createSeedApi } from './http/apiSeed.ts'
import { createHistoryDesk } from './history/historyDesk.ts'
import { createHttpServer } from './http/httpServer.ts'
import { createMetrics } from './http/metrics.ts'
import { createNextPages } from './http/nextPages.ts'
import { pageOrigins } from './http/pageOrigins.ts'
import { auditedOperators } from './operators/auditedOperators.ts'
import { openOperators } from './operators/openOperators.ts'
import type { IngestMessage, RecordDraft } from './ingest/ingestMessages.ts'
import { createLatencyRecorder } from './ingest/latencyRecorder.ts'
import { createRecordings } from './runs/recordings.ts'
import { createLiveNamespace } from './sockets/liveNamespace.ts'
import { createOpsNamespace, followOperators } from './sockets/opsNamespace.ts'
import { createSocketServer } from './sockets/socketServer.ts'
import { openRecords } from './stores/recordsDatabase.ts'
import { createLatencyShelf } from './state/latencyShelf.ts'
import { createHostVitals } from './state/hostVitals.ts'
import { createLayerReader } from './state/layerReader.ts'
import { createStatusBoard } from './state/liveStatus.ts'
import { openLimitsStore } from './state/limitsStore.ts'
import { createLivesBook } from './state/livesBook.ts'
import { createRecordsLog } from './state/recordsLog.ts'
import { createRunBook } from './state/runBook.ts'
import { goneChange, runChange } from './threads/runChanges.ts'
import { watchAudit } from './threads/auditWatch.ts'
import { openCauses } from './threads/openCauses.ts'
import { createBellBuffer, createBellListener } from './workers/mergeBell.ts'
import { createSiblings } from './workers/siblings.ts'
import { createLoadControl, spawnLoad, whyNoLoad } from './workers/loadControl.ts'
import { addSums } from './workers/latencyRelay.ts'
import { createThreads } from './workers/threads.ts'
import type { ComposeInput, RunningServer } from './runningServer.ts'

const STATUS_MS = 500
/** A status of more layers than this is tens of kilobytes for every page: it is told once a second. */
const MANY_LAYERS = 64
/** Two stages of 480 layers in sight. */
const VIEW_SERIES = 1_024
/** Open pages of one address: a wall of screens behind one proxy fits, a flood does not. */
const MAX_PER_ADDRESS = 512

/** Starts the whole server: all or nothing. @throws CONFIG_INVALID when the port can not be had */
export async function compose({
  config,
  logger,
  root,
  dev,
  overrides = {},
  channel,
}: ComposeInput): Promise<RunningServer> {
  const clock = overrides.clock ?? systemClock
  const parts = createDisposables(clock)
  const address = busAddress(config)

  // The port first: nothing starts when another program has it.
  const http = createHttpServer({ logger: logger.room('http'), dev, trustProxy: config.trustProxy })
  const port = await http.listen(config.host, config.port)
  parts.add('http', (deadlineMs) => http.close(deadlineMs))

  try {
    // Records: what must be kept.
    const dataDir = path.resolve(root, config.dataDir)
    const recordsUrl = config.databaseUrl ?? `sqlite:${path.join(dataDir, 'morphoscope.db')}`
    const records = await openRecords(recordsUrl, {
      root,
      onLost: (text) => logger.room('records').warn('a connection was lost', { text }),
    })
    parts.add('records', () => records.close())
    const trail = await openAuditTrail({ config, dataDir, root, recordsUrl, records, clock, logger, watch: watchAudit })
    parts.add('audit', () => trail.close())
    const { audit, acts } = trail

    // Access: who asks.
    const origins = pageOrigins(config, port)
    const operators = await openOperators({
      config,
      dataDir,
      origins,
      records,
      audit,
      clock,
      onProblem: (text) => logger.room('access').warn(text),
      onFailure: (error) => logger.room('http').error('route failed', { id: error.id, error: error.cause ?? error }),
    })
    parts.add('access', () => operators.stop())

    // State: what is known.
    const runs = createRunBook()
    const reader = createLayerReader()
    const lives = createLivesBook()
    const recordings = createRecordings({
      folder: path.resolve(root, config.dataDir, 'recordings'),
      clock,
      onProblem: (text) => logger.room('recordings').warn(text),
    })
    parts.add('recordings', (deadlineMs) => recordings.stop(deadlineMs))
    const history = createHistoryDesk({
      root: path.join(dataDir, 'history'),
      clock,
      config: config.history,
      onProblem: (text) => logger.room('history').warn(text),
    })
    parts.add('history', (deadlineMs) => history.stop(deadlineMs))
    const log = createRecordsLog({ epoch: randomUUID(), snapshot: () => runs.snapshot() })
    const shelf = createLatencyShelf({ nowMs: () => clock.wallMs(), topicOf: (index) => runs.topicOf(index) })
    const viewBook = createLatencyBuffer(VIEW_SERIES)
    shelf.open('web', viewBook)
    const viewRecorder = createLatencyRecorder({
      buffer: viewBook,
      nowMs: () => clock.monotonicMs(),
      note: (note) => shelf.note('web', note),
    })
    const viewLatency = createViewLatency(viewRecorder, () => clock.wallMs())
    // Fan-out: what is shown.
    const bell = createBellBuffer()
    const ticker = createFrameTicker({
      clock,
      onImmediate: (wanted) => listener.setListening(wanted),
      onWritten: (run, frames) => viewLatency.written(run, frames),
    })
    const listener = createBellListener(bell, () => ticker.merged())
    parts.add('ticker', () => ticker.stop())

    const board = createStatusBoard({
      clock,
      runs,
      reader,
      driver: config.bus,
      address,
      environment: config.environment,
      epoch: log.epoch,
      offset: () => log.offset(),
      viewers: () => live.viewers(),
      framesSkipped: () => ticker.counters().framesSkipped,
      trainer: () => siblings.trainerState() ?? threads.trainerState(),
      stopReady: () => plane.desk.stopReady(),
      ingestStarted: () => threads.ingestStarted(),
      causes: () => [...threads.causes(), ...siblings.causes(), ...plane.desk.causes()],
    })
    parts.add('status', () => board.stop())

    // Sockets: who looks.
    let guard: AccessGuard | null = null
    const sockets = createSocketServer({
      server: http.server,
      guard: () => guard,
      logger: logger.room('sockets'),
      maxPerAddress: overrides.maxPerAddress ?? MAX_PER_ADDRESS,
    })
    parts.add('sockets', () => sockets.close())
    const live = createLiveNamespace({
      io: sockets.io,
      clock,
      logger: logger.room('sockets'),
      runs,
      log,
      ticker,
      status: () => board.status(),
      guard: { access: operators.access, trustProxy: config.trustProxy },
      onPaint: (run, report) => viewLatency.painted(run, report),
    })

    // Commands: who acts.
    const plane = await createCommandPlane({
      clock,
      records,
      audit,
      gateway: createGatewayClient({ dataDir, clock }),
      runs,
      reader,
      lives,
      bus: () => board.busHealth(),
      environment: config.environment,
      quota: config.commandQuota,
      mayAct: operators.mayAct,
      onProblem: (text) => logger.room('commands').warn(text),
    })
    parts.add('commands', () => plane.stop())
    // Causes: what led to what.
    const causes = await openCauses({
      db: records.db,
      clock,
      runs,
      book: plane.book,
      trail,
      onProblem: (text) => logger.room('causes').warn(text),
    })
    parts.add('causes', () => causes.stop())
    const commandApi = auditedOperators(createOperatorsApi({ operators: plane, clock }), acts, clock)
    // Alerts: what somebody must know.
    const alerts = await openAlerts({
      clock,
      records,
      audit,
      runs,
      history,
      readings: {
        bus: () => board.busHealth(),
        counters: () => board.counters(),
        stopReady: () => plane.desk.stopReady(),
        reportingLayers: () => board.layers().filter(({ freshness }) => freshness === 'fresh').length,
        unknownCommands: () => plane.book.open().filter(({ state }) => state === 'UNKNOWN'),
      },
      onOrder: (order) => threads.setAlertOrder(order),
      onProblem: (text) => logger.room('alerts').warn(text),
      send: (changed) => ops.alerts(changed),
      channels: config.alerts,
      publicUrl: config.publicOrigins[0] ?? null,
    })
    parts.add('alerts', () => alerts.stop())
    causes.watchAlerts(alerts.engine)
    const ops = createOpsNamespace({
      io: sockets.io,
      clock,
      logger: logger.room('sockets'),
      operators: commandApi,
      guard: { access: operators.access, trustProxy: config.trustProxy },
      alerts: alerts.summary,
    })
    parts.add('ops', followOperators(plane, ops))

    // Ingest: what arrives.
    const onRecords = (drafts: readonly RecordDraft[]): void => {
      if (drafts.length === 0) return
      const records = log.append(drafts)
      runs.record(records)
      recordings.record(records)
      history.records(records)
      causes.records(records)
      noteIncidents(acts, records)
      plane.onRecords(records)
      live.sendRecords(records)
    }
    const onIngest = (message: IngestMessage): void => {
      switch (message.kind) {
        case 'began':
          lives.clear()
          history.began()
          if (runs.all().length === 0) return
          runs.clear()
          return live.resync('the ingest was restarted')
        case 'run': {
          const before = runs.get(message.run.descriptor.run_id)
          const known = before?.descriptor
          const run = runs.announce(message.run)
          if (before === run) ticker.reshape(run)
          recordings.announce(run)
          history.announce(message.run)
          live.sendRun(runs.snapshotOf(run))
          return onRecords(runChange(known, run, clock.wallMs()))
        }
        case 'run-gone':
          runs.forget(message.runId)
          viewRecorder.forget(message.runId)
          lives.forget(message.runId)
          recordings.forget(message.runId)
          history.forget(message.runId)
          return live.resync('a silent run was let go')
        case 'records':
          return onRecords(message.records)
        case 'life-notes':
          recordings.note(message.notes)
          causes.notes(message.notes)
          return lives.note(message.notes)
        case 'topic':
          return runs.nameTopic(message.index, message.topic)
        case 'beat':
          return vitals.onBeat(message)
        case 'gap':
          history.gap(message.runId, message.gap)
          causes.gap(message.runId, message.gap)
          return runs.gap(message.runId, message.gap)
        case 'gone':
          onRecords(goneChange(runs.get(message.runId), message.gone, clock.wallMs()))
          recordings.setGone(message.runId, message.gone)
          return runs.setGone(message.runId, message.gone)
        case 'alerts':
          return alerts.engine.onSignals(message.signals)
        case 'alert-beat':
          return alerts.engine.onBeat(message.beat)
        case 'counters':
          return board.onCounters(message.counters)
        case 'bus': {
          const before = board.busHealth().state
          board.onBus(message)
          // A change of state is not worth waiting half a second for.
          if (message.health.state !== before) live.sendStatus(() => board.status())
        }
      }
    }
    const threads = createThreads({
      config,
      root,
      clock,
      logger: logger.room('threads'),
      bell,
      onIngest,
      onRecord: (record) => onRecords([record]),
      onBook: (thread, buffer) => shelf.open(thread, buffer),
      onLatency: (thread, note) => shelf.note(thread, note),
      alertOrder: () => alerts.engine.order(),
    })
    parts.add('threads', (deadlineMs) => threads.stop(deadlineMs))
    const siblings = createSiblings({
      names: config.siblings,
      clock,
      channel: channel ?? { on: () => undefined },
      onRecord: (record) => onRecords([record]),
      onLatency: (sums) => addSums(viewRecorder, sums),
    })

    const vitals = createHostVitals({
      clock,
      threads: () => threads.usage(),
      redisInfo: () => (config.redisUrl === null ? Promise.resolve(null) : threads.ask('bus-info', null)),
      loop: () => board.eventLoop(),
      payloadBytes: () => board.counters().bytes,
    })
    const load = createLoadControl({
      clock,
      logger: logger.room('load'),
      whyNot: whyNoLoad(config),
      spawn: (request) => spawnLoad({ root, redisUrl: config.redisUrl, connect: () => threads.connect() }, request),
      onRecord: (record) => onRecords([record]),
    })
    // Registered after the threads, so it goes before them: its goodbye is still read.
    parts.add('load', (deadlineMs) => load.close(deadlineMs))

    // The door for the pages.
    const metrics = createMetrics({
      board,
      fanout: () => ticker.counters(),
      viewers: () => live.viewers(),
      recordsOffset: () => log.offset(),
      threads: () => causes.index.state(),
    })
    const limits = openLimitsStore({
      path: path.resolve(root, config.dataDir, 'limits.json'),
      clock,
      onDamaged: (text) => logger.room('limits').warn(text),
    })
    const core = createApi({
      clock,
      runs,
      reader,
      board,
      metrics,
      address,
      viewers: () => live.viewers(),
      fanout: () => ticker.counters(),
      past: history,
    })
    const auditApi = trail.api((address) => operators.access.addressHash(address))
    const baselines = createBaselineReader({ clock, runs, recordings })
    const handle: Handle = {
      ...core,
      ...auditApi,
      ...operators.handle,
      ...createSeedApi({ clock, runs, reader, lives, ask: threads.ask, record: history }),
      ...createLayerApi({ clock, runs, reader, baselines, past: history }),
      ...createLatencyApi({ clock, shelf, runs, replayed: () => board.counters().replayed ?? 0 }),
      ...createLimitsApi({
        clock,
        runs,
        reader,
        limits,
        perform: auditApi.perform,
        onRecord: (one) => onRecords([one]),
      }),
      ...alerts.handle,
      ...createRunsApi({ clock, runs, lives, recordings }),
      ...createReplayApi({ history, audit, addressHash: (address) => operators.access.addressHash(address) }),
      ...createThreadsApi({ clock, runs, reader, lives, index: causes.index, ask: threads.ask }),
      vitals: () => vitals.read(),
      load: () => load.report(),
      operators: commandApi,
      callerOf: (subject, by) => callerOf(subject, viaOf(by)),
      startLoad: (request) => load.start(request),
      stopLoad: () => load.stop(),
    }
    parts.add('handle', publishHandle(handle))

    threads.start()
    plane.start()
    alerts.start()
    ticker.start()
    let statusTurn = 0
    parts.add(
      'status timer',
      clock.every(STATUS_MS, () => {
        statusTurn++
        const layers = runs.all().reduce((sum, run) => sum + run.descriptor.layers.length, 0)
        if (layers <= MANY_LAYERS || statusTurn % 2 === 0) live.sendStatus(() => board.status())
      }),
    )
    const latencySlices = clock.every(LATENCY_LIMITS.sliceMs, () => shelf.turn())
    parts.add('latency slices', latencySlices)

    // Pages last: they may ask the handle from their first request on.
    const pages = overrides.pages ?? createNextPages({ dir: root, dev, hostname: config.host, port })
    await pages.prepare()
    parts.add('pages', () => pages.close())
    guard = createAccessGuard(port, origins)
    http.open(guard, pages)
    parts.add('readiness', () => board.setStopping())

    const host = config.host.includes(':') ? `[${config.host}]` : config.host
    return {
      port,
      url: `http://${host}:${port}`,
      handle,
      firstAdminCode: operators.firstAdminCode,
      stop: (deadlineMs) => parts.stop(deadlineMs),
    }
  } catch (error) {
    await parts.stop(2_000)
    throw error
  }
}
