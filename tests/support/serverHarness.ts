/*
 * serverHarness: the composed server of a test's own, with the real routes, and pages that look at it.
 * In: environment values. Out: a running server, typed questions, Socket.IO viewers.
 * Invariant: nothing is mocked but Next; every server and viewer is closed by `stop`.
 * Source: docs/architecture.md.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { io, type Socket } from 'socket.io-client'
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'
import type { Ack, HelloAnswer, LiveClientEvents, LiveServerEvents } from '../../lib/contracts/socketEvents.ts'
import { LIVE_PROTOCOL } from '../../lib/contracts/socketNames.ts'
import { compose } from '../../server/compose.ts'
import type { RunningServer, ServerOverrides } from '../../server/runningServer.ts'
import { parseConfig } from '../../server/config.ts'
import { createLogger } from '../../server/logger.ts'
import { mountRoutes } from './mountRoutes.ts'

export type ViewerSocket = Socket<LiveServerEvents, LiveClientEvents>
const ROOT = path.resolve(import.meta.dirname, '../..')

export interface TestServer extends RunningServer {
  readonly lines: string[]
  readonly databaseFile: string
  /** Every byte of the data folder but the keys, as text. */
  readData(): string
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; body: unknown }>
  viewer(options?: { transports?: string[]; origin?: string | null; token?: string; cookie?: string }): ViewerSocket
  end(): Promise<void>
}

export async function startTestServer(
  env: Record<string, string> = {},
  overrides: ServerOverrides = {},
): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'morphoscope-server-'))
  const lines: string[] = []
  const sockets: ViewerSocket[] = []
  const server = await compose({
    config: parseConfig({ PORT: '0', TRAINER: 'off', DATA_DIR: folder, AUTH: 'demo', ...env }),
    logger: createLogger({ level: 'info', format: 'json', write: (line) => void lines.push(line) }),
    root: ROOT,
    dev: false,
    overrides: { pages: await mountRoutes(), ...overrides },
  })
  return {
    ...server,
    lines,
    databaseFile: path.join(folder, 'morphoscope.db'),
    readData: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('keys'))
        .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1'))
        .join('\n'),
    async get(at, headers = {}) {
      const response = await fetch(server.url + at, { headers })
      const text = await response.text()
      return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text }
    },
    viewer({ transports = ['websocket'], origin = server.url, token, cookie } = {}) {
      const socket: ViewerSocket = io(`${server.url}/live`, {
        transports,
        reconnection: false,
        forceNew: true,
        extraHeaders: {
          ...(origin === null ? {} : { origin }),
          ...(cookie === undefined ? {} : { cookie }),
        },
        ...(token === undefined ? {} : { auth: { token } }),
      })
      sockets.push(socket)
      return socket
    },
    async end() {
      for (const socket of sockets) socket.disconnect()
      await server.stop(5_000)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves with the first answer of the event, or the reason why there is no connection. */
export function connected(socket: ViewerSocket): Promise<string> {
  return new Promise((resolve) => {
    if (socket.connected) return resolve('connected')
    socket.once('connect', () => resolve('connected'))
    socket.once('connect_error', (error) => resolve(error.message))
  })
}

export function hello(
  socket: ViewerSocket,
  resume: { epoch: string; offset: number } | null = null,
): Promise<Ack<HelloAnswer>> {
  return new Promise((resolve) => void socket.emit('hello', { protocol: LIVE_PROTOCOL, resume }, resolve))
}

export function nextStatus(socket: ViewerSocket, wanted: (status: LiveStatus) => boolean): Promise<LiveStatus> {
  return new Promise((resolve) => {
    const look = (status: LiveStatus): void => {
      if (!wanted(status)) return
      socket.off('status', look)
      resolve(status)
    }
    socket.on('status', look)
  })
}
