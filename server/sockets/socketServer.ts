/*
 * socketServer: Socket.IO on our port: limits, the guard on every transport, a cap per address.
 * In: the HTTP server, the guard. Out: the io server; counts of refusals.
 * Invariant: no handshake, poll or upgrade passes without the guard; bytes per message and time to join are bounded.
 * Source: docs/protocol.md "Socket.IO"; OWASP ASVS 5.0 V4.4.
 */
import type { Server as HttpServer } from 'node:http'
import { Server } from 'socket.io'
import { SOCKET_LIMITS, SOCKET_PATH } from '../../lib/contracts/socketEvents.ts'
import type { LiveClientEvents, LiveServerEvents } from '../../lib/contracts/socketEvents.ts'
import type { AccessGuard } from '../http/accessGuard.ts'
import type { Logger } from '../logger.ts'

export type LiveIo = Server<LiveClientEvents, LiveServerEvents>

export interface SocketServer {
  readonly io: LiveIo
  refused(): number
  close(): Promise<void>
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
      const verdict = guard()?.socket(request.headers) ?? { ok: false, code: 'GUARD_HOST', given: 'not open' }
      const address = request.socket.remoteAddress ?? 'unknown'
      // Polls of an existing session are requests too: only handshakes count against the cap.
      const handshake = !(request.url ?? '').includes('sid=')
      const full = handshake && (perAddress.get(address) ?? 0) >= maxPerAddress
      if (verdict.ok && !full) return decide(null, true)
      refusals++
      logger.debug('socket refused', { code: verdict.ok ? 'GUARD_RATE' : verdict.code })
      decide(verdict.ok ? 'GUARD_RATE' : verdict.code, false)
    },
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
