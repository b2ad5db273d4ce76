/*
 * fanout.bench: CPU of one frame to one of 1,000 pages, the product's way, against a websocket frame built once and written.
 * In: --clients N, --json FILE. Out: microseconds per client-frame, both on the same connections, interleaved.
 * Invariant: CPU time of the sending process alone; each broadcast is drained before the next begins.
 * Source: docs/performance.md "fan-out".
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { LIVE_NAMESPACE, SOCKET_PATH } from '../lib/contracts/socketNames.ts'
import { systemClock as clock } from '../lib/primitives/clock.ts'
import { createViewer, type Viewer } from '../server/fanout/viewer.ts'
import { createFrameLine } from '../server/sockets/frameLine.ts'
import { createSocketServer } from '../server/sockets/socketServer.ts'
import { createLogger } from '../server/logger.ts'
import { finish, judge, numberFlag } from './support/benchReport.ts'

const CLIENTS = numberFlag('clients', 1_000)
const FRAME_BYTES = 2_048
const ROUNDS = 9
const BROADCASTS = 10
const BAR = 1.6

interface Connection {
  readonly transport: { readonly socket: { readonly _socket: Socket }; readonly writable: boolean }
  readonly writeBuffer: readonly unknown[]
}

const server = createServer()
const sockets = createSocketServer({
  server,
  guard: () => ({ http: () => ({ ok: true }), socket: () => ({ ok: true }) }) as never,
  logger: createLogger({ level: 'error', format: 'json', write: () => undefined }),
  maxPerAddress: CLIENTS * 2,
})
const viewers: Viewer[] = []
const lines: Connection[] = []
// As the live namespace connects a viewer.
sockets.io.of(LIVE_NAMESPACE).on('connection', (socket) => {
  const connection = socket.conn as unknown as Connection
  lines.push(connection)
  viewers.push(createViewer(socket.id, createFrameLine(socket)))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const sinks = fork(new URL('./support/frameSinks.ts', import.meta.url), [
  String(port),
  String(CLIENTS),
  SOCKET_PATH,
  LIVE_NAMESPACE,
])
await once(sinks, 'message')

const bytes = new Uint8Array(FRAME_BYTES).map((_, i) => i & 255)
/** One binary websocket frame with a 16-bit length, unmasked. */
const framed = Buffer.concat([Buffer.from([0x82, 126, FRAME_BYTES >> 8, FRAME_BYTES & 255]), bytes])
const raw = lines.map((line) => line.transport.socket._socket)
let frame = 0

async function drained(): Promise<void> {
  while (raw.some((socket) => socket.writableLength > 0) || lines.some((line) => !line.transport.writable))
    await clock.sleep(1)
}

async function cpuPerFrame(broadcast: () => void): Promise<number> {
  let usedUs = 0
  for (let i = 0; i < BROADCASTS; i++) {
    const before = process.cpuUsage()
    broadcast()
    // What the library puts off to the next turn belongs to the broadcast.
    await new Promise((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(before)
    usedUs += user + system
    await drained()
  }
  return usedUs / BROADCASTS / CLIENTS
}

const product = (): void => {
  frame++
  const encoded = { bytes, layer: 0, frame, base: 0, news: null }
  for (const viewer of viewers) {
    viewer.beginRound()
    if (!viewer.take([encoded], encoded)) throw new Error('a frame was skipped')
  }
}
const ceiling = (): void => {
  for (const socket of raw) socket.write(framed)
}
/** What the library sends for one frame, text and attachment, built once and written as one piece. */
const text = Buffer.from(`451-${LIVE_NAMESPACE},["frame",{"_placeholder":true,"num":0}]`)
const joined = Buffer.concat([Buffer.from([0x81, text.length]), text, framed])
const preframed = (): void => {
  for (const socket of raw) socket.write(joined)
}

try {
  await cpuPerFrame(product)
  await cpuPerFrame(ceiling)
  await cpuPerFrame(preframed)
  const rounds: { value: number; ceiling: number; preframed: number }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({
      ceiling: await cpuPerFrame(ceiling),
      value: await cpuPerFrame(product),
      preframed: await cpuPerFrame(preframed),
    })
  const possible = rounds.map((round) => ({ value: round.preframed, ceiling: round.ceiling }))
  finish([
    judge('fanout-possible', 'us CPU per client-frame', possible, {
      text: 'informative: the same Socket.IO bytes, built once',
      holds: null,
    }),
    judge(`fanout-${CLIENTS}-clients-2KB`, 'us CPU per client-frame', rounds, {
      text: `<= ${BAR} x a pre-framed websocket write`,
      holds: (_value, ratio) => ratio <= BAR,
    }),
  ])
} finally {
  sinks.kill()
  await sockets.close()
  server.close()
  server.closeAllConnections()
}
