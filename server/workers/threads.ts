/*
 * threads: which worker threads run, wired to each other: trainer and agent by a port, all bus parts by the bus.
 * In: configuration. Out: ingest messages, incidents, the state of the parts.
 * Invariant: with the memory bus all bus parts share one thread and one bus; a new agent thread always gets a new trainer.
 * Source: docs/architecture.md "processes and threads".
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { AppError } from '../../lib/contracts/appError.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { WatchOrder } from '../alerts/alertSignals.ts'
import type { Config } from '../config.ts'
import type { IngestMessage, RecordDraft } from '../ingest/ingestMessages.ts'
import type { LatencyNote } from '../ingest/latencyRecorder.ts'
import { createLatencyBuffer } from '../../lib/primitives/latencyBook.ts'
import type { Logger } from '../logger.ts'
import { createAsks, type Asks } from './asks.ts'
import { heldLayers } from './layerGuard.ts'
import { createSourceWatch } from './sourceWatch.ts'
import { createSupervisedThread, type SupervisedThread, type ThreadUsage } from './supervisedThread.ts'
import type { TrainerWorkerData, TrainerWorkerNote } from './trainerWorker.ts'
import type { BusPart, BusWorkerData, FromWorker } from './workerProtocol.ts'

export interface Threads {
  start(): void
  stop(deadlineMs: number): Promise<void>
  trainerState(): 'running' | 'restarting' | 'off' | 'failed'
  ingestStarted(): boolean
  causes(): readonly { readonly code: string; readonly text: string }[]
  /** What each thread uses. Never rejects. */
  usage(): Promise<readonly ThreadUsage[]>
  /** A line to the in-process bus, for a publisher in a thread of its own. @throws BUS_UNAVAILABLE */
  connect(): MessagePort
  /** Gives the watch of the alert engine its rules anew. */
  setAlertOrder(order: WatchOrder): void
  /** Asks the thread that reads the bus. */
  readonly ask: Asks['ask']
}

export interface ThreadsOptions {
  readonly config: Config
  readonly root: string
  readonly clock: Clock
  readonly logger: Logger
  readonly bell: SharedArrayBuffer
  readonly onIngest: (message: IngestMessage) => void
  readonly onRecord: (record: RecordDraft) => void
  /** A thread has a book of latencies; its series follow as notes under the same name. */
  readonly onBook: (thread: string, buffer: SharedArrayBuffer) => void
  readonly onLatency: (thread: string, note: LatencyNote) => void
  /** What the watch of the alert engine begins with, at each start of its thread. */
  readonly alertOrder: () => WatchOrder
}

const BUS_WORKER = new URL('./busWorker.ts', import.meta.url)
/** Four stages of 240 layers, and what others need; layers beyond are counted together. */
const INGEST_SERIES = 1_024
const OTHER_SERIES = 128
const TRAINER_WORKER = new URL('./trainerWorker.ts', import.meta.url)

/** Which parts this process runs. With Redis a gateway of its own process may do without one here. */
function partsOf({ role, trainer }: Config, driver: 'redis' | 'memory'): readonly BusPart[] {
  if (role === 'controller') return ['controller']
  const trained: readonly BusPart[] = trainer.enabled ? ['controller', 'agent'] : []
  if (role === 'trainer') return trained
  const ownGateway = role === 'all' || driver === 'memory'
  return ['ingest', ...(ownGateway ? (['gateway'] as const) : []), ...trained]
}

/** Creates the threads; nothing runs before start. */
export function createThreads(options: ThreadsOptions): Threads {
  const { config, root, clock, logger, bell, onIngest, onRecord, onBook, onLatency, alertOrder } = options
  const bus =
    config.redisUrl === null ? ({ driver: 'memory' } as const) : ({ driver: 'redis', url: config.redisUrl } as const)
  let ingestStarted = false
  const source = createSourceWatch(clock, onRecord)
  const asks = createAsks({ clock, post: (message) => ingestThread?.post(message) })

  const incident = (name: string) => (cause: string, againInMs: number) => {
    logger.warn('a part ended and is started again', { part: name, cause, againInMs })
    onRecord({
      kind: 'incident',
      at_ms: clock.wallMs(),
      run_id: null,
      code: 'PART_RESTART',
      severity: 'warning',
      text: `The ${name} ended (${cause.slice(0, 300)}) and is started again.`,
      lost: null,
      from_ms: null,
      to_ms: null,
    })
  }

  const onWorker = (name: string, parts: readonly BusPart[]) => (message: unknown) => {
    const said = message as FromWorker
    switch (said.kind) {
      case 'started':
        if (parts.includes('ingest')) ingestStarted = true
        if (parts.includes('agent')) handOver()
        return
      case 'ingest':
        return onIngest(said.message)
      case 'latency':
        return onLatency(name, said.note)
      case 'answer':
        return asks.settle(said)
      case 'failed':
        logger.warn('a part could not start', { part: name, ...said.error })
        return
      case 'part-note':
        source.note(said.note, said.data)
        logger.warn('a part tells of an outage or a loss', { part: said.part, note: said.note, ...said.data })
        return
      case 'part-error': {
        const held = source.repeated(`${said.part} ${said.error.code} ${said.error.text}`)
        if (held !== null) logger.warn('a part reported an error', { part: said.part, ...said.error, heldBack: held })
        return
      }
      case 'stopped':
        for (const failure of said.failures) logger.warn('a part did not stop cleanly', { part: name, failure })
    }
  }

  const busThread = (name: string, parts: readonly BusPart[]): SupervisedThread => {
    // One for the life of the server: a thread that is started again goes on counting where its forerunner ended.
    const latency = createLatencyBuffer(parts.includes('ingest') ? INGEST_SERIES : OTHER_SERIES)
    onBook(name, latency)
    return createSupervisedThread({
      name,
      clock,
      spawn: () => {
        onLatency(name, { kind: 'began' })
        const workerData: BusWorkerData = {
          name: `morphoscope-${name}`,
          parts,
          bus,
          historySeconds: config.historySeconds,
          bell,
          latency,
          claimCheckDir: config.claimCheckDir === null ? null : path.resolve(root, config.claimCheckDir),
          dataDir: path.resolve(root, config.dataDir),
          alerts: alertOrder(),
          gateway: config.gateway,
        }
        return new Worker(BUS_WORKER, { name, workerData })
      },
      onMessage: onWorker(name, parts),
      onEnd: (cause, againInMs) => {
        if (parts.includes('agent')) source.gone()
        if (parts.includes('ingest')) asks.lost()
        incident(name)(cause, againInMs)
      },
    })
  }

  const threadParts = partsOf(config, bus.driver)
  const busThreads =
    bus.driver === 'memory' ? [busThread('bus', threadParts)] : threadParts.map((part) => busThread(part, [part]))
  const named = (name: BusPart): SupervisedThread | undefined =>
    busThreads.find((thread) => thread.name === name || thread.name === 'bus')
  const ingestThread = named('ingest')
  const agentThread = named('agent')

  /** The trainer starts at once and writes into its ring; what it says waits in the port until an agent takes it. */
  let waitingPort: MessagePort | null = null
  const handOver = (): void => {
    if (waitingPort === null) return
    agentThread?.post({ kind: 'trainer', port: waitingPort }, [waitingPort])
    waitingPort = null
  }

  const digits = path.join(root, 'assets/digits/digits-14x14.bin.br')
  // Recorded once per run seed; another seed simply has no pale line.
  const curve = path.join(root, `assets/control/no-growth-seed-${config.trainer.seed}.json`)
  const trainer = createSupervisedThread({
    name: 'trainer',
    clock,
    spawn: () => {
      const { port1, port2 } = new MessageChannel()
      const workerData: TrainerWorkerData = {
        port: port1,
        digitsPath: digits,
        controlCurvePath: existsSync(curve) ? curve : null,
        options: { seed: config.trainer.seed, faultsAllowed: config.trainer.faultsAllowed },
        stepsPerS: config.trainer.stepsPerSecond === 0 ? null : config.trainer.stepsPerSecond,
        runsFolder: path.resolve(root, config.dataDir, 'runs'),
        heldLayers: heldLayers(path.resolve(root, config.dataDir)),
      }
      const worker = new Worker(TRAINER_WORKER, { name: 'trainer', workerData, transferList: [port1] })
      waitingPort = port2
      if (agentThread?.state() === 'running') handOver()
      return worker
    },
    onMessage: (message) => {
      const said = message as TrainerWorkerNote
      if (said.kind === 'warning') logger.warn('trainer', { ...said })
    },
    // Its agent goes on with another run, and another publisher.
    onEnd: (cause, againInMs) => {
      source.gone()
      incident('trainer')(cause, againInMs)
    },
  })

  return {
    start() {
      for (const thread of busThreads) thread.start()
      if (config.trainer.enabled) trainer.start()
    },
    setAlertOrder(order) {
      // One that is starting begins with them.
      if (ingestThread?.state() === 'running') ingestThread.post({ kind: 'alerts', order })
    },
    usage: () => Promise.all([...busThreads, ...(config.trainer.enabled ? [trainer] : [])].map((one) => one.usage())),
    connect() {
      if (ingestThread?.state() !== 'running') throw new AppError('BUS_UNAVAILABLE', 'the bus is not running yet')
      const { port1, port2 } = new MessageChannel()
      ingestThread.post({ kind: 'publisher', port: port1 }, [port1])
      return port2
    },
    ask: (name, ask) =>
      ingestThread?.state() === 'running'
        ? asks.ask(name, ask)
        : Promise.reject(new AppError('BUS_UNAVAILABLE', 'the reader of the bus is not running yet')),
    async stop(deadlineMs) {
      asks.lost()
      // The trainer goes with its agent: the agent says stop, sends what is pending, and then lets go of the bus.
      const stopBus = busThreads.map((thread) =>
        thread.stop(deadlineMs, (worker) => worker.postMessage({ kind: 'stop', deadlineMs: deadlineMs - 200 })),
      )
      // Nobody will take it any more: the trainer ends when its line does.
      const stopTrainer = trainer.stop(deadlineMs, () => {
        waitingPort?.close()
        waitingPort = null
      })
      await Promise.all([...stopBus, stopTrainer])
    },
    trainerState() {
      if (!config.trainer.enabled) return 'off'
      if (trainer.state() === 'running') return 'running'
      return trainer.restarts() >= 5 ? 'failed' : trainer.restarts() > 0 ? 'restarting' : 'running'
    },
    ingestStarted: () => ingestStarted,
    causes: () => [
      ...[...busThreads, ...(config.trainer.enabled ? [trainer] : [])].flatMap((thread) => {
        const cause = thread.cause()
        return cause === null ? [] : [{ code: 'PART_DOWN', text: `${thread.name}: ${cause}` }]
      }),
      ...source.causes(),
    ],
  }
}
