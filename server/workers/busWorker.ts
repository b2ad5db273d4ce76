/*
 * busWorker: a thread that talks to the bus: ingest, layer agent, controller, alone or together.
 * In: workerData (which parts, which bus), a port to the trainer. Out: ingest messages, part events.
 * Invariant: parts of one thread share one memory bus; with Redis each thread has its own connections. A failed start ends the thread.
 * Source: docs/architecture.md "processes and threads".
 */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { createControllerAgent } from '../../lib/agents/controllerAgent.ts'
import { createLayerAgent, type LayerAgentEvent } from '../../lib/agents/layerAgent.ts'
import { NOT_ANNOUNCED } from '../../lib/agents/directLine.ts'
import { connectTrainer, type TrainerLink } from '../../lib/agents/trainerLink.ts'
import type { PortLike } from '../../lib/agents/trainerProtocol.ts'
import { createMemoryBus } from '../../lib/bus/drivers/memory/memoryBus.ts'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { systemClock as clock } from '../../lib/primitives/clock.ts'
import { createDisposables } from '../../lib/primitives/disposables.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { WatchOrder } from '../alerts/alertSignals.ts'
import { createAlertWatch, type AlertWatch } from '../alerts/alertWatch.ts'
import { gatewayOnBus } from '../gateway/gatewayOnBus.ts'
import { openControllerSigner } from '../gateway/keys.ts'
import { createIngest } from '../ingest/ingest.ts'
import type { IngestMessage } from '../ingest/ingestMessages.ts'
import { createLatencyRecorder } from '../ingest/latencyRecorder.ts'
import { findEntry } from '../ingest/oneEntry.ts'
import { findSeedEntries } from '../ingest/seedEntries.ts'
import { openLayerGuard } from './layerGuard.ts'
import { createBellRinger } from './mergeBell.ts'
import { servePublisher } from './publisherPort.ts'
import { createHurry, prioritizeThread, STOP_PRIORITY } from './threadPriority.ts'
import { toWorkerError, type BusWorkerData, type FromWorker, type ToWorker } from './workerProtocol.ts'
import type { BusQuestion, BusQuestions } from './workerProtocol.ts'

let readInfo = (): Promise<string | null> => Promise.resolve(null)

/** One function per question. */
const ANSWERS: {
  readonly [Q in BusQuestion]: (bus: MessageBus, ask: BusQuestions[Q]['ask']) => Promise<BusQuestions[Q]['answer']>
} = { 'seed-entries': findSeedEntries, entry: findEntry, 'bus-info': () => readInfo() }

const data = workerData as BusWorkerData
const port = parentPort!
const post = (message: FromWorker): void => port.postMessage(message)
const parts = createDisposables(clock)

function createBus(): MessageBus {
  const { bus, name, parts: mine } = data
  if (bus.driver === 'memory') return createMemoryBus({ clock })
  // A publisher that knows nothing of the registry is found too: it needs our Redis, not our library.
  const opened = createRedisBus({ url: bus.url, clock, name, scanForeign: mine.includes('ingest') })
  readInfo = () => opened.info()
  return opened
}

/** What must not wait has a connection of its own, where there are connections. */
function createUrgentBus(opened: MessageBus): MessageBus {
  const { bus, name } = data
  return bus.driver === 'memory' ? opened : createRedisBus({ url: bus.url, clock, name: `${name}-urgent` })
}

/** One writer per thread, whatever parts it has. */
const latency = createLatencyRecorder({
  buffer: data.latency,
  nowMs: () => clock.monotonicMs(),
  note: (note) => post({ kind: 'latency', note }),
})

/** Every layer of a tick left the trainer at once. */
function recordProduce(run: RunDescriptor): (writtenMs: number, takenMs: number) => void {
  const series = run.layers.map(({ layer_id }) => latency.seriesOf('produce', 'telemetry', run.run_id, layer_id))
  return (writtenMs, takenMs) => {
    latency.writer.mark(Number.NaN, Number.NaN, Number.NaN, takenMs)
    for (const one of series) latency.writer.record(one, takenMs - writtenMs)
  }
}

let agent: ReturnType<typeof createLayerAgent> | null = null
let agentRun: string | null = null
let trainerLink: TrainerLink | null = null
let bus: MessageBus | null = null
let alertWatch: AlertWatch | null = null
let alertOrder = data.alerts
let stopping = false

/** What is lost or late at the source is said in the log as well as on the page. */
function tellAgentEvent(event: LayerAgentEvent): void {
  if (event.kind === 'error') return post({ kind: 'part-error', part: 'agent', error: toWorkerError(event.error) })
  if (event.kind === 'line') {
    // At the start the gateway may simply not be there yet.
    if (!event.up && event.reason !== NOT_ANNOUNCED)
      post({ kind: 'part-note', part: 'agent', note: 'gateway line lost', data: { reason: event.reason } })
    return
  }
  if (event.kind === 'publisher' || event.kind === 'outbox') {
    const { kind, ...rest } = event.event
    const data = 'error' in rest && rest.error ? { ...rest, error: toWorkerError(rest.error) } : { ...rest }
    return post({ kind: 'part-note', part: 'agent', note: `${event.kind} ${kind}`, data })
  }
  // On a wanted stop the trainer goes first: that is order, not loss.
  if (event.kind === 'trainer-lost' && !stopping)
    post({ kind: 'part-note', part: 'agent', note: 'trainer lost', data: { runId: event.runId } })
}

/** A restarted trainer comes as a new run on a new port: the agent of the old one goes first. */
async function attachTrainer(trainerPort: MessagePort): Promise<void> {
  if (bus === null) return trainerPort.close()
  await agent?.stop(1_000)
  // The ingest lets go of a run itself, where it shares this thread.
  if (agentRun !== null && !data.parts.includes('ingest')) latency.forget(agentRun)
  // Alone with its agent a thread has a stop to pass on, and nothing that may hold it up.
  if (!data.parts.includes('ingest') && !data.parts.includes('gateway')) prioritizeThread(STOP_PRIORITY)
  const { link, ring, switches, run, threadId } = await connectTrainer(trainerPort as unknown as PortLike)
  trainerLink = link
  agentRun = run.run_id
  agent = createLayerAgent({
    bus,
    clock,
    ring,
    switches,
    trainer: link,
    run,
    // Only while a stop waits for it: training is not worth more than what it is watched with.
    hurry: createHurry(threadId),
    guard: openLayerGuard(data.dataDir),
    onEvent: tellAgentEvent,
    onTaken: recordProduce(run),
  })
  await agent.start()
}

async function start(): Promise<void> {
  const opened = createBus()
  bus = opened
  parts.add('bus', (deadlineMs) => opened.stop(deadlineMs))
  if (data.parts.includes('gateway')) {
    const { dataDir, gateway: ports } = data
    const report = (text: string): void =>
      post({ kind: 'part-note', part: 'gateway', note: 'gateway problem', data: { text } })
    const gateway = gatewayOnBus({ bus: opened, urgentBus: createUrgentBus(opened), clock, dataDir, ports, report })
    parts.add('gateway', async (deadlineMs) => void (await gateway.stop(deadlineMs)))
    await gateway.start()
  }
  // Alone on its thread the gateway does not wait for a bus: the direct lines work without one.
  if (data.parts.some((part) => part !== 'gateway')) await startBus(opened)
  if (data.parts.includes('ingest')) {
    const ingestPost = (message: IngestMessage): void => post({ kind: 'ingest', message })
    const ingest = createIngest({
      bus: opened,
      clock,
      historySeconds: data.historySeconds,
      claimCheckDir: data.claimCheckDir,
      onMerged: createBellRinger(data.bell),
      latency,
      watch: (runs) =>
        (alertWatch = createAlertWatch({
          clock,
          runs,
          order: alertOrder,
          onSignals: (signals) => ingestPost({ kind: 'alerts', signals }),
          onBeat: (beat) => ingestPost({ kind: 'alert-beat', beat }),
        })),
      post: ingestPost,
    })
    parts.add('ingest', (deadlineMs) => ingest.stop(deadlineMs))
    await ingest.start()
  }
  if (data.parts.includes('controller')) {
    const controller = createControllerAgent({
      bus: opened,
      clock,
      signer: openControllerSigner(data.dataDir),
      onEvent: (event) => {
        if (event.kind === 'error') post({ kind: 'part-error', part: 'controller', error: toWorkerError(event.error) })
      },
    })
    parts.add('controller', (deadlineMs) => controller.stop(deadlineMs))
    await controller.start()
  }
  parts.add('agent', (deadlineMs) => agent?.stop(deadlineMs))
  // First of all: the trainer writes its log and hands over its last tick, which the agent then still sends.
  parts.add('trainer', () => trainerLink?.stop())
  post({ kind: 'started' })
}

/** A bus that is not there yet is waited for, and said: the page must be up to tell what is missing. */
async function startBus(opened: MessageBus): Promise<void> {
  const undo = opened.onState((health) => post({ kind: 'ingest', message: healthMessage(health) }))
  try {
    await opened.start()
  } finally {
    undo()
  }
}

const healthMessage = (health: ReturnType<MessageBus['health']>) =>
  ({ kind: 'bus', health, checkedMs: clock.wallMs(), patterns: [] }) as const

async function stop(deadlineMs: number): Promise<void> {
  stopping = true
  const report = await parts.stop(deadlineMs)
  post({ kind: 'stopped', failures: report.failures.map(({ name, error }) => `${name}: ${String(error)}`) })
  port.close()
}

/** An open port would keep the thread alive: they are closed with it. */
const publishers = new Set<MessagePort>()
parts.add('publishers', () => publishers.forEach((publisher) => publisher.close()))
function takePublisher(publisher: MessagePort): void {
  if (bus === null || stopping) return publisher.close()
  publishers.add(publisher)
  publisher.on('close', () => publishers.delete(publisher))
  servePublisher(publisher, bus)
}

/** Answers one question of the main thread. Never throws. */
async function answer({ id, name, ask }: Extract<ToWorker, { kind: 'ask' }>): Promise<void> {
  try {
    if (bus === null || bus.health().state !== 'up') throw new AppError('BUS_UNAVAILABLE', 'the bus is not connected')
    const value = await ANSWERS[name](bus, ask as never)
    post({ kind: 'answer', id, value, error: null })
  } catch (error) {
    post({ kind: 'answer', id, value: null, error: toWorkerError(error) })
  }
}

/** Rules may change before the ingest is up. */
function takeOrder(order: WatchOrder): void {
  alertOrder = order
  alertWatch?.setOrder(order)
}

port.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') void stop(message.deadlineMs)
  else if (message.kind === 'ask') void answer(message)
  else if (message.kind === 'publisher') takePublisher(message.port)
  else if (message.kind === 'alerts') takeOrder(message.order)
  else
    attachTrainer(message.port).catch((error: unknown) =>
      post({ kind: 'part-error', part: 'agent', error: toWorkerError(error) }),
    )
})

start().catch((error: unknown) => {
  post({ kind: 'failed', error: toWorkerError(error) })
  // Give the message its way out before the thread ends with everything it holds.
  setImmediate(() => process.exit(1))
})
