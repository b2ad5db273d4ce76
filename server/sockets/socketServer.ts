/*
 * socketServer: Socket.IO on our port: limits, the guard on every transport, a cap per address.
 * In: the HTTP server, the guard. Out: the io server; counts of refusals.
 * Invariant: no handshake, poll or upgrade passes without the guard; bytes per message and time to join are bounded.
 * Source: docs/protocol.md "Socket.IO"; OWASP ASVS 5.0 V4.4.
 */
import type { IncomingHttpHeaders, Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import { SOCKET_LIMITS, SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import type { LiveClientEvents, LiveServerEvents } from '../../lib/contracts/socketEvents.ts'
import type { AccessGuard, Verdict } from '../http/accessGuard.ts'
import type { Logger } from '../logger.ts'

export type LiveIo = Server<LiveClientEvents, LiveServerEvents>

export interface SocketServer {
  readonly io: LiveIo
  refused(): number
  close(): Promise<void>
}

/** What Engine.IO makes of a request before anybody sees it. */
interface EngineRequest {
  readonly headers: IncomingHttpHeaders
  readonly _query: Readonly<Record<string, string | undefined>>
}

export interface SocketServerOptions {
  readonly server: HttpServer
  readonly guard: () => AccessGuard | null
  readonly logger: Logger
  readonly maxPerAddress: number
}

/** Attaches Socket.IO to the server's own path; foreign upgrades are left to others. */
export function createSocketServer({ server, guard, logger, maxPerAddress }: SocketServerOptions): SocketServer {
  let refusals = 0
  const perAddress = new Map<string, number>()
  const judge = (headers: IncomingHttpHeaders): Verdict =>
    guard()?.socket(headers) ?? { ok: false, code: 'GUARD_HOST', given: 'not open' }
  const io: LiveIo = new Server(server, {
    path: SOCKET_PATH,
    serveClient: false,
    destroyUpgrade: false,
    transports: ['websocket', 'polling'],
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: SOCKET_LIMITS.maxHttpBufferBytes,
    connectTimeout: SOCKET_LIMITS.connectTimeoutMs,
    upgradeTimeout: 5_000,
    pingInterval: 10_000,
    pingTimeout: 10_000,
    allowRequest: (request, decide) => {
      // Engine.IO asks here for handshakes only, so each one counts against the cap.
      const verdict = judge(request.headers)
      const full = (perAddress.get(request.socket.remoteAddress ?? 'unknown') ?? 0) >= maxPerAddress
      if (verdict.ok && !full) return decide(null, true)
      refusals++
      logger.debug('socket refused', { code: verdict.ok ? 'GUARD_RATE' : verdict.code })
      decide(verdict.ok ? 'GUARD_RATE' : verdict.code, false)
    },
  })
  io.engine.use((request: EngineRequest, _response: unknown, next: (error?: Error) => void) => {
    // Polls and upgrades of an open session: nothing else asks the guard for them.
    const verdict: Verdict = request._query['sid'] ? judge(request.headers) : { ok: true }
    if (verdict.ok) return next()
    refusals++
    logger.debug('socket refused', { code: verdict.code })
    next(new Error(verdict.code))
  })
  io.engine.on(
    'connection',
    (connection: { readonly remoteAddress: string; on(event: string, f: () => void): void }) => {
      const address = connection.remoteAddress
      perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
      connection.on('close', () => {
        const left = (perAddress.get(address) ?? 1) - 1
        if (left <= 0) perAddress.delete(address)
        else perAddress.set(address, left)
      })
    },
  )
  return {
    io,
    refused: () => refusals,
    close: async () => {
      io.disconnectSockets(true)
      io.engine.close()
    },
  }
}
