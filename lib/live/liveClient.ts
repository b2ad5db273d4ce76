/*
 * The live client: one socket, its life as a union of states, and the questions a page may ask over it.
 * In: a socket factory, a clock, chance. Out: connection states, pushed frames, records and status, answers.
 * Invariant: a session is resumed by (epoch, offset); the view is sent again after every hello; every question ends, if only by time.
 * Source: docs/protocol.md "Socket.IO"; docs/adr/0002-next-seam.md.
 */
import type { Problem } from '../contracts/appError.ts'
import { ERROR_CATALOG } from '../contracts/errorCatalog.ts'
import type { LiveRecord, LiveStatus, RunSnapshot } from '../contracts/liveRecords.ts'
import type {
  Ack,
  HelloAnswer,
  HistoryAnswer,
  HistoryRequest,
  InspectAnswer,
  InspectRequest,
  LiveView,
  PaintReport,
} from '../contracts/socketEvents.ts'
import { LIVE_PROTOCOL } from '../contracts/socketNames.ts'
import type { Clock } from '../primitives/clock.ts'
import { reconnectDelayMs } from './backoff.ts'
import { createClockOffset } from './clockOffset.ts'

/** The part of a Socket.IO socket that the client uses; tests pass their own. */
export interface LiveSocket {
  on(event: string, handler: (...values: unknown[]) => void): void
  emit(event: string, ...values: unknown[]): void
  connect(): void
  disconnect(): void
}

/** Times are local wall ms, for countdowns. */
export type Connection =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly sinceMs: number }
  | { readonly kind: 'live'; readonly sinceMs: number }
  | {
      readonly kind: 'reconnecting'
      readonly attempt: number
      readonly cause: string
      readonly lostAtMs: number
      readonly retryAtMs: number
    }
  | { readonly kind: 'refused'; readonly reason: string }

export interface LiveClientHandlers {
  onConnection(connection: Connection): void
  /** Gives the point to resume from; null asks for everything. */
  resumePoint(): { readonly epoch: string; readonly offset: number } | null
  onHello(answer: HelloAnswer): void
  onStatus(status: LiveStatus): void
  onFrame(bytes: Uint8Array): void
  /** The class of the view asked for last; frames of other classes are left-overs. Null while the answer is open. */
  onViewClass(classId: number | null): void
  /** Answers 'hole' when records are missing; the client then says hello again. */
  onRecords(batch: { readonly epoch: string; readonly records: readonly LiveRecord[] }): 'ok' | 'hole'
  onRun(run: RunSnapshot): void
}

export interface LiveClientOptions {
  readonly openSocket: () => LiveSocket
  readonly clock: Clock
  /** 0..1, for jitter. */
  readonly chance: () => number
  readonly handlers: LiveClientHandlers
}

export interface LiveClient {
  readonly connection: Connection
  /** The server's clock now, ms: the only clock ages are counted on. Runs on while disconnected. */
  serverNowMs(): number
  start(): void
  stop(): void
  retryNow(): void
  setView(view: LiveView): void
  /** Forgets the clock samples and probes anew: after the machine slept. */
  resetClock(): void
  inspect(request: InspectRequest): Promise<Ack<InspectAnswer>>
  history(request: HistoryRequest): Promise<Ack<HistoryAnswer>>
  /** Tells what this page measured of its own drawing. */
  paint(report: PaintReport): Promise<Ack<{ readonly taken: number }>>
}

const ACK_TIMEOUT_MS = 5_000
const PING_EVERY_MS = 10_000
const FIRST_PINGS = 5

const offline = (detail: string): Problem => ({
  type: 'urn:morphoscope:error:BUS_UNAVAILABLE',
  title: 'No answer',
  status: 503,
  code: 'BUS_UNAVAILABLE',
  id: '',
  detail,
})

const toBytes = (value: unknown): Uint8Array | null =>
  value instanceof Uint8Array ? value : value instanceof ArrayBuffer ? new Uint8Array(value) : null

/** Creates a client that has not connected yet. */
export function createLiveClient({ openSocket, clock, chance, handlers }: LiveClientOptions): LiveClient {
  const offset = createClockOffset()
  let connection: Connection = { kind: 'idle' }
  let socket: LiveSocket | null = null
  let view: LiveView = null
  let cancelRetry: (() => void) | null = null
  let stopPings: (() => void) | null = null
  let helloInFlight = false
  /** A late answer must not touch a newer session. */
  let session = 0

  const moveTo = (next: Connection): void => {
    connection = next
    handlers.onConnection(next)
  }

  const ask = <T>(event: string, request: unknown): Promise<Ack<T>> =>
    new Promise((resolve) => {
      if (!socket) return resolve({ ok: false, problem: offline('The page is not connected.') })
      const cancel = clock.after(ACK_TIMEOUT_MS, () =>
        resolve({ ok: false, problem: offline('The server did not answer in 5 s.') }),
      )
      socket.emit(event, request, (answer: unknown) => {
        cancel()
        resolve(answer as Ack<T>)
      })
    })

  const ping = async (): Promise<void> => {
    const sentMs = clock.wallMs()
    const answer = await ask<{ server_ms: number }>('clock', sentMs)
    if (answer.ok) offset.add(sentMs, clock.wallMs(), answer.value.server_ms)
  }
  const startPings = (): void => {
    stopPings?.()
    const undo = Array.from({ length: FIRST_PINGS }, (_, n) => clock.after(n * 150, () => void ping()))
    const every = clock.every(PING_EVERY_MS, () => void ping())
    stopPings = () => {
      for (const cancel of undo) cancel()
      every()
    }
  }

  const refuse = (reason: string): void => {
    session += 1
    stopPings?.()
    socket?.disconnect()
    moveTo({ kind: 'refused', reason })
  }

  const hello = async (): Promise<void> => {
    if (helloInFlight) return
    helloInFlight = true
    const mine = session
    const sentMs = clock.wallMs()
    const answer = await ask<HelloAnswer>('hello', { protocol: LIVE_PROTOCOL, resume: handlers.resumePoint() })
    helloInFlight = false
    if (mine !== session) return
    if (!answer.ok) {
      const entry = ERROR_CATALOG[answer.problem.code] as (typeof ERROR_CATALOG)[keyof typeof ERROR_CATALOG] | undefined
      if (entry && !entry.retryable) return refuse(answer.problem.detail)
      return lose(answer.problem.detail)
    }
    if (answer.value.protocol !== LIVE_PROTOCOL) return refuse('The server speaks a newer protocol than this page.')
    offset.add(sentMs, clock.wallMs(), answer.value.server_ms)
    handlers.onHello(answer.value)
    if (connection.kind !== 'live') {
      moveTo({ kind: 'live', sinceMs: clock.wallMs() })
      startPings()
    }
    // Even without a view the server is told: it may remember an older socket's.
    void sendView()
  }

  const sendView = async (): Promise<void> => {
    const mine = view
    handlers.onViewClass(null)
    const answer = await ask<{ class_id: number | null }>('view', mine)
    if (mine === view && answer.ok) handlers.onViewClass(answer.value.class_id)
  }

  const connect = (): void => {
    cancelRetry?.()
    cancelRetry = null
    session += 1
    helloInFlight = false
    if (!socket) {
      socket = openSocket()
      bind(socket)
    }
    socket.connect()
  }

  const lose = (cause: string): void => {
    if (connection.kind === 'idle' || connection.kind === 'refused') return
    session += 1
    stopPings?.()
    stopPings = null
    cancelRetry?.()
    socket?.disconnect()
    const again = connection.kind === 'reconnecting' ? connection : null
    const attempt = (again?.attempt ?? 0) + 1
    const delayMs = reconnectDelayMs(attempt, chance())
    const nowMs = clock.wallMs()
    cancelRetry = clock.after(delayMs, connect)
    moveTo({ kind: 'reconnecting', attempt, cause, lostAtMs: again?.lostAtMs ?? nowMs, retryAtMs: nowMs + delayMs })
  }

  const bind = (opened: LiveSocket): void => {
    opened.on('connect', () => void hello())
    opened.on('connect_error', (error) => lose(error instanceof Error ? error.message : 'no connection'))
    opened.on('disconnect', (reason) => {
      // Our own disconnect() is part of a move that has already happened.
      if (reason !== 'io client disconnect') lose(String(reason))
    })
    opened.on('resync', () => void hello())
    opened.on('status', (status) => handlers.onStatus(status as LiveStatus))
    opened.on('run', (run) => handlers.onRun(run as RunSnapshot))
    opened.on('frame', (value) => {
      const bytes = toBytes(value)
      if (bytes) handlers.onFrame(bytes)
    })
    opened.on('records', (batch) => {
      // While a hello is under way its answer decides; a batch that crosses it would look like a hole.
      if (helloInFlight) return
      if (handlers.onRecords(batch as Parameters<LiveClientHandlers['onRecords']>[0]) === 'hole') void hello()
    })
  }

  return {
    get connection() {
      return connection
    },
    serverNowMs: () => clock.wallMs() + offset.offsetMs(),
    start() {
      if (connection.kind !== 'idle') return
      moveTo({ kind: 'connecting', sinceMs: clock.wallMs() })
      connect()
    },
    stop() {
      cancelRetry?.()
      stopPings?.()
      session += 1
      socket?.disconnect()
      moveTo({ kind: 'idle' })
    },
    retryNow() {
      if (connection.kind === 'reconnecting') connect()
    },
    setView(next) {
      view = next
      if (connection.kind === 'live') void sendView()
    },
    resetClock() {
      offset.clear()
      if (connection.kind === 'live') startPings()
    },
    inspect: (request) => ask('inspect', request),
    history: (request) => ask('history', request),
    paint: (report) => ask('paint', report),
  }
}
