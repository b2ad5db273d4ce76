/*
 * gateway: the one place that may ask layers to do something: signs, stamps, dispatches, stops, renews leases, and follows every answer.
 * In: buses, keys, a store, two ports. Out: the control API on the loopback; commands, stops and leases on both paths.
 * Invariant: it only wires; the stop goes out although bus, disk or web are gone; what it says about layers is what they said.
 * Source: docs/adr/0008-gateway-process.md; docs/emergency-stop.md.
 */
import { randomBytes } from 'node:crypto'
import type { MessageBus } from '../../lib/bus/messageBus.ts'
import { createBusTime } from '../../lib/commands/expiry.ts'
import { fromV2Result, toV2Route } from '../../lib/compat/v2/v2Command.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import type { GatewayPath, GatewayStatus } from '../../lib/contracts/gatewayControl.ts'
import type { CommandOutcome } from '../../lib/contracts/outcomes.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { createDisposables, type StopReport } from '../../lib/primitives/disposables.ts'
import { createBusFeed } from './busFeed.ts'
import { createControlApi } from './controlApi.ts'
import { createDispatcher, type ForeignRoute } from './dispatcher.ts'
import { createEntries, type SignedEntry } from './entries.ts'
import { elsewhereWords } from './elsewhere.ts'
import { createEventStream } from './eventStream.ts'
import { writeGatewayFile } from './gatewayFile.ts'
import { openGatewayStore } from './gatewayStore.ts'
import type { GatewayKeys } from './keys.ts'
import { createLayerServer } from './layerServer.ts'
import { createLeaseRenewer } from './lease.ts'
import { createOutgoing } from './outgoing.ts'
import { createPresence } from './presence.ts'
import { createReadiness } from './readiness.ts'
import { createResumeRamp } from './resumeRamp.ts'
import { createStopEngine } from './stopEngine.ts'

export interface GatewayOptions {
  readonly bus: MessageBus
  /** Its own connections for what must not wait; the same bus where there is only one. */
  readonly urgentBus: MessageBus
  readonly clock: Clock
  readonly keys: GatewayKeys
  readonly dataDir: string
  /** Port of the direct lines and of the control API; 0 = any. */
  readonly socketPort: number
  readonly controlPort: number
  readonly newId?: () => string
  readonly onProblem: (text: string) => void
  /** A further reason not to renew leases; null = none. */
  readonly unwell?: () => string | null
}

export interface Gateway {
  readonly epoch: number
  /** Opens the ports, announces them, takes up stops in force. The bus may come later. @throws CONFIG_INVALID */
  start(): Promise<void>
  stop(deadlineMs: number): Promise<StopReport>
}

const HOST = '127.0.0.1'
const SWEEP_MS = 250
const STATUS_MS = 1_000
const CURSORS_MS = 5_000
/** How often the bus server is asked for its time, so that what must not wait can be dated without asking. */
const BUS_TIME_MS = 1_000

const missing = (what: string, id: string): AppError =>
  new AppError('STATE_NOT_FOUND', `there is no ${what} ${id} here`)
const found = <T>(value: T | null, what: string, id: string): T => {
  if (value === null) throw missing(what, id)
  return value
}

/** Creates a gateway and begins its epoch. */
export function createGateway(options: GatewayOptions): Gateway {
  const { clock, keys, dataDir, onProblem } = options
  const newId = options.newId ?? (() => globalThis.crypto.randomUUID())
  const parts = createDisposables(clock)
  const store = openGatewayStore({ dataDir, clock, onProblem })
  const gatewayEpoch = store.gatewayEpoch
  const startedMs = clock.wallMs()
  const token = randomBytes(32).toString('base64url')
  const busTime = createBusTime(options.bus, clock)
  const entries = createEntries({
    clock,
    signer: keys.signer,
    gatewayEpoch,
    newId,
    busNowMs: () => busTime.estimateMs(),
  })
  const events = createEventStream(gatewayEpoch, clock)
  const presence = createPresence(clock, keys.signer.keyId)

  const server = createLayerServer({
    clock,
    signer: keys.signer,
    layerSecret: keys.layerSecret,
    gatewayEpoch,
    onJoin: (agent) => stops.seen(presence.joined(agent)),
    onLeave: (id) => presence.left(id),
    onLine(line, agentId) {
      if (line.kind === 'ack') {
        // Who proved to be of this installation speaks for its own layers, and for no others.
        const { layer_id: layerId } = line.outcome
        if (presence.speaksFor(agentId, layerId ?? null)) return onOutcome(line.outcome, 'socket')
        return onProblem(`${agentId} answered for ${layerId ?? 'no layer'}, which is not its own: it was not believed`)
      }
      const agent = presence.beat(line.heartbeat, clock.wallMs())
      if (agent) stops.seen(agent)
    },
    onRefused: onProblem,
  })
  const outgoing = createOutgoing({ bus: options.bus, urgentBus: options.urgentBus, server })

  const foreign = (entry: SignedEntry, layerId: string): ForeignRoute | null => {
    const native = presence.nativeName(layerId)
    if (native === null || entry.command === null) return null
    const route = toV2Route(entry.command, native)
    if (route !== null) return route
    const text = `${entry.command.message_type} can not be said to ${layerId}: it speaks the v2 dialect`
    throw new AppError('COMMAND_UNSUPPORTED', text, { path: 'message_type' })
  }
  const dispatcher = createDispatcher({
    clock,
    entries,
    outgoing,
    gatewayEpoch,
    newId,
    busTime,
    stopEpochOf: () => stops.stopEpoch(),
    foreign,
    disobeys(layerId) {
      if (presence.agentOf(layerId) !== null) return null
      const other = presence.elsewhere().filter(({ layer_id }) => layer_id === layerId)
      return elsewhereWords(other, keys.signer.keyId, 'command')?.text ?? null
    },
    onChange: (command) => events.tell({ kind: 'command', command }),
  })
  const stops = createStopEngine({
    clock,
    entries,
    outgoing,
    presence,
    store,
    newId,
    foreign,
    beyond: () => elsewhereWords(presence.elsewhere(), keys.signer.keyId)?.text ?? null,
    onChange: (stop) => events.tell({ kind: 'stop', stop }),
  })
  const ramp = createResumeRamp({
    clock,
    entries,
    outgoing,
    presence,
    stops,
    newId,
    onChange(resume) {
      feed.watchHealth(ramp.watches())
      events.tell({ kind: 'resume', resume })
    },
  })
  const readiness = createReadiness({
    clock,
    entries,
    outgoing,
    presence,
    newId,
    keyId: keys.signer.keyId,
    onRound: (round) => events.tell({ kind: 'readiness', readiness: round }),
  })

  const onOutcome = (outcome: CommandOutcome, path: GatewayPath): void => {
    if (readiness.settle(outcome) || stops.settle(outcome, path) || ramp.settle(outcome)) return
    if (!dispatcher.settle(outcome, path)) events.tell({ kind: 'outcome', outcome })
  }
  const feed = createBusFeed({
    buses: options.urgentBus === options.bus ? [options.bus] : [options.bus, options.urgentBus],
    clock,
    ackCursors: store.ackCursors,
    onProblem,
    handlers: {
      outcome: (outcome) => onOutcome(outcome, 'bus'),
      result(result, layerId) {
        const id = result.correlation_id ?? ''
        const known = dispatcher.get(id)
        const outcome = fromV2Result(result, layerId ?? known?.layer_id ?? null, known?.type ?? 'unknown')
        if (outcome !== null) onOutcome(outcome, 'bus')
      },
      announcement: (message, heardMs) => presence.announce(message, heardMs),
      heartbeat(message, heardMs) {
        const agent = presence.beat(message, heardMs)
        // What is replayed at the start says how it was, not how it is.
        if (agent !== null && clock.wallMs() - heardMs < CURSORS_MS) stops.seen(agent)
      },
      run: (descriptor) => presence.run(descriptor),
      moved: (layerId) => stops.moved(layerId),
      health: (report) => ramp.health(report.layer_id, meanHealth(report.health_metrics)),
      foreign: (layers) => presence.foreign(layers),
    },
  })
  const lease = createLeaseRenewer({
    clock,
    entries,
    outgoing,
    pulse: (done) => dispatcher.pulse(done),
    reason: options.unwell ?? (() => null),
    onChange: () => tellStatus(),
  })

  const status = (): GatewayStatus => ({
    gateway_epoch: gatewayEpoch,
    stop_epoch: stops.stopEpoch(),
    started_ms: startedMs,
    unhealthy: lease.unhealthy(),
    lease_counter: lease.counter(),
    bus: options.bus.health().state,
    layers: presence.list(),
    elsewhere: presence.elsewhere().slice(0, 4_096),
    stops: stops.inForce().slice(-64),
    pending_commands: dispatcher.pending(),
  })
  let last = ''
  const tellStatus = (): void => {
    const now = status()
    // Counters alone are no news.
    const text = JSON.stringify([
      now.unhealthy,
      now.bus,
      [...now.layers, ...now.elsewhere].map((layer) => ({ ...layer, heard_ms: null })),
    ])
    if (text === last) return
    last = text
    events.tell({ kind: 'status', status: now })
  }

  const api = createControlApi({
    clock,
    events,
    token,
    onRefused: onProblem,
    calls: {
      command: (order) => dispatcher.take(order),
      commandState: (id) => found(dispatcher.get(id), 'command', id),
      stop: (request) => stops.stop(request),
      stopState: (id) => found(stops.get(id), 'stop', id),
      resume: (request) => ramp.resume(request),
      resumeState: (id) => found(ramp.get(id), 'resume', id),
      readiness: () => readiness.now(),
      status,
    },
  })

  return {
    epoch: gatewayEpoch,
    async start() {
      parts.add('state', () => store.flush())
      parts.add('direct lines', () => server.stop())
      const socketPort = await server.listen(HOST, options.socketPort)
      parts.add('control API', () => api.stop())
      const controlPort = await api.listen(HOST, options.controlPort)
      const content = { version: 1, pid: process.pid, gateway_epoch: gatewayEpoch, host: HOST, token } as const
      const undoFile = writeGatewayFile(dataDir, { ...content, socket_port: socketPort, control_port: controlPort })
      parts.add('announcement', undoFile)
      parts.add('feed', (deadlineMs) => feed.stop(deadlineMs))
      feed.start()
      parts.add('stops', () => stops.close())
      stops.start()
      parts.add('ramp', () => ramp.close())
      parts.add('lease', () => lease.stop())
      lease.start()
      parts.add('readiness', () => readiness.stop())
      readiness.start()
      const askTime = (): void => void busTime.nowMs()
      askTime()
      parts.add('bus time', clock.every(BUS_TIME_MS, askTime))
      parts.add(
        'sweep',
        clock.every(SWEEP_MS, () => dispatcher.sweep()),
      )
      parts.add(
        'status',
        clock.every(STATUS_MS, () => {
          presence.sweep()
          tellStatus()
        }),
      )
      const saveCursors = (): void => {
        const cursors = feed.ackCursors()
        if (JSON.stringify(cursors) !== JSON.stringify(store.ackCursors)) store.saveCursors(cursors)
      }
      parts.add('cursors', clock.every(CURSORS_MS, saveCursors))
      parts.add('last cursors', saveCursors)
    },
    stop: (deadlineMs) => parts.stop(deadlineMs),
  }
}

/** Mean of the seeds' health in a report; null when none was measured. */
function meanHealth(metrics: Readonly<Record<string, Readonly<Record<string, number | null>>>>): number | null {
  let sum = 0
  let count = 0
  for (const seed of Object.values(metrics)) {
    const value = seed['health_score'] ?? seed['health']
    if (typeof value !== 'number' || !Number.isFinite(value)) continue
    sum += value
    count++
  }
  return count === 0 ? null : sum / count
}
