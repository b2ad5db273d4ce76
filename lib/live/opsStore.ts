/*
 * Ops store: what this browser knows of commands, stops and who is in control, kept up to date by `/ops`.
 * In: pushed statuses, command records, stop matrices; the answer of hello. Out: one immutable picture, to subscribers.
 * Invariant: the newest record of a command wins, whatever order they come in; what was not heard is null, never empty.
 * Source: docs/commands.md; docs/protocol.md "Socket.IO".
 */
import type { AlertsChanged, AlertSummary } from '../contracts/httpAlerts.ts'
import type { CommandRecord, OpsStatus } from '../contracts/httpCommands.ts'
import type { StopMatrix } from '../contracts/httpStops.ts'
import type { OpsHelloAnswer } from '../contracts/opsEvents.ts'
import { OPS_NAMESPACE } from '../contracts/socketNames.ts'
import type { Ack } from '../contracts/socketEvents.ts'
import type { Clock } from '../primitives/clock.ts'
import type { LiveSocket } from './liveClient.ts'

export interface OpsPicture {
  readonly line: 'connecting' | 'up' | 'down'
  /** What the server said when it refused this page, in words; null when it did not. */
  readonly problem: string | null
  readonly status: OpsStatus | null
  /** Local wall ms at which the status came; null before the first. */
  readonly statusAtMs: number | null
  /** Server minus local clock, ms. */
  readonly offsetMs: number
  readonly commands: ReadonlyMap<string, CommandRecord>
  readonly stops: ReadonlyMap<string, StopMatrix>
  /** Counts of all alerts and the pulse of their engine; null before it was pushed. */
  readonly alerts: AlertSummary | null
  /** Local wall ms at which the summary came. */
  readonly alertsAtMs: number | null
}

export interface OpsStore {
  readonly get: () => OpsPicture
  readonly subscribe: (listener: () => void) => () => void
  /** Takes a status that was asked for over HTTP, while the line is down. */
  readonly takeStatus: (status: OpsStatus) => void
  /** Takes a record that came as an answer over HTTP: it may be newer than what was pushed. */
  take(record: CommandRecord): void
  /** Sends a stop over this line too; false when the line is down. The same key over HTTP makes them one. */
  sendStop(scope: 'all' | readonly string[], key: string): boolean
  /** Hears every push about alerts, not only the newest. */
  onAlerts(listener: (changed: AlertsChanged) => void): () => void
  start(): void
  stop(): void
}

const NOTHING: OpsPicture = Object.freeze({
  line: 'connecting',
  problem: null,
  status: null,
  statusAtMs: null,
  offsetMs: 0,
  commands: new Map(),
  stops: new Map(),
  alerts: null,
  alertsAtMs: null,
})

/** Ended commands kept here; older ones are asked for. */
const KEPT = 400

/** Creates a store on a socket of OPS_NAMESPACE; nothing is opened before start. */
export function createOpsStore(options: {
  readonly openSocket: (namespace: string) => LiveSocket
  readonly clock: Clock
}): OpsStore {
  const { clock } = options
  const listeners = new Set<() => void>()
  const alertListeners = new Set<(changed: AlertsChanged) => void>()
  let picture = NOTHING
  let socket: LiveSocket | null = null

  const change = (next: Partial<OpsPicture>): void => {
    picture = { ...picture, ...next }
    for (const listener of listeners) listener()
  }

  const withRecord = (commands: ReadonlyMap<string, CommandRecord>, record: CommandRecord) => {
    const known = commands.get(record.id)
    if (known && known.updated_at > record.updated_at) return commands
    const next = new Map(commands)
    next.set(record.id, record)
    for (const [id, old] of next) {
      if (next.size <= KEPT) break
      if (old.final) next.delete(id)
    }
    return next
  }

  const onStatus = (status: OpsStatus): void => {
    const nowMs = clock.wallMs()
    change({ status, statusAtMs: nowMs, offsetMs: status.server_ms - nowMs })
  }

  const onHello = (answer: Ack<OpsHelloAnswer>): void => {
    if (!answer.ok) return change({ line: 'down', problem: answer.problem.detail })
    const { status, open, stops, alerts } = answer.value
    const commands = open.reduce<ReadonlyMap<string, CommandRecord>>(withRecord, picture.commands)
    change({
      line: 'up',
      problem: null,
      commands,
      stops: new Map(stops.map((stop) => [stop.id, stop])),
      alerts,
      alertsAtMs: clock.wallMs(),
    })
    onStatus(status)
  }

  const bind = (opened: LiveSocket): void => {
    opened.on('connect', () =>
      opened.emit('hello', { protocol: 1 }, (answer: unknown) => onHello(answer as Ack<OpsHelloAnswer>)),
    )
    opened.on('connect_error', (error) =>
      change({ line: 'down', problem: error instanceof Error ? error.message : 'no connection' }),
    )
    opened.on('disconnect', () => change({ line: 'down' }))
    opened.on('status', (status) => onStatus(status as OpsStatus))
    opened.on('command', (record) => change({ commands: withRecord(picture.commands, record as CommandRecord) }))
    opened.on('alerts', (pushed) => {
      const changed = pushed as AlertsChanged
      change({ alerts: changed.summary, alertsAtMs: clock.wallMs() })
      for (const listener of alertListeners) listener(changed)
    })
    opened.on('stop', (matrix) => {
      const stops = new Map(picture.stops)
      stops.set((matrix as StopMatrix).id, matrix as StopMatrix)
      change({ stops })
    })
  }

  return {
    get: () => picture,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onAlerts(listener) {
      alertListeners.add(listener)
      return () => alertListeners.delete(listener)
    },
    takeStatus: onStatus,
    take: (record) => change({ commands: withRecord(picture.commands, record) }),
    sendStop(scope, key) {
      if (picture.line !== 'up' || !socket) return false
      socket.emit('stop', { scope, key }, () => undefined)
      return true
    },
    start() {
      if (socket) return
      socket = options.openSocket(OPS_NAMESPACE)
      bind(socket)
      socket.connect()
    },
    stop() {
      socket?.disconnect()
      socket = null
      change({ line: 'down' })
    },
  }
}
