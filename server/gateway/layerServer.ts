/*
 * layerServer: the gateway's end of the direct lines: loopback TCP, JSON lines, both ends proven before anything else passes.
 * In: connections of layer agents. Out: acks and heartbeats of proven agents; entries to them.
 * Invariant: a stranger gets one hello, five seconds and nothing more; a line over 64 KB, garbage or a wrong proof ends the connection with a
 * reason; an agent that does not read loses its line, never the gateway its memory; lines to others go on.
 * Source: docs/protocol.md "direct line"; docs/adr/0008-gateway-process.md.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Signer } from '../../lib/commands/signing.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import {
  type EntryLine,
  GATEWAY_LINE_BYTES,
  GATEWAY_WIRE_VERSION,
  gatewayProof,
  type JoinLine,
  LayerLine,
  layerProof,
} from '../../lib/contracts/gatewayWire.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface LayerServerOptions {
  readonly clock: Clock
  readonly signer: Signer
  readonly layerSecret: string
  readonly gatewayEpoch: number
  readonly onJoin: (agent: { readonly id: string; readonly runId: string; readonly layers: readonly string[] }) => void
  readonly onLeave: (agentId: string) => void
  readonly onLine: (line: Exclude<LayerLine, { kind: 'join' }>, agentId: string) => void
  /** A connection was refused or cut; told for the log. */
  readonly onRefused: (text: string) => void
}

export interface LayerServer {
  /** @throws CONFIG_INVALID when the port can not be had */
  listen(host: string, port: number): Promise<number>
  /** Writes to every line of the agents; answers how many lines took it. */
  send(entry: EntryLine, to: (agentId: string) => boolean): number
  stop(): Promise<void>
}

const PROOF_MS = 5_000
const MAX_LINES = 256
/** An agent that left this much unread is not there any more. */
const MAX_UNREAD_BYTES = 1_048_576
const encoder = new TextEncoder()

interface Line {
  readonly socket: Socket
  agentId: string | null
}

/** Creates the server; nobody can connect before listen. */
export function createLayerServer(options: LayerServerOptions): LayerServer {
  const { clock, signer, gatewayEpoch } = options
  const lines = new Set<Line>()

  const write = (socket: Socket, value: object): void => void socket.write(`${JSON.stringify(value)}\n`)

  const refuse = (socket: Socket, text: string): void => {
    options.onRefused(text)
    socket.end(`${JSON.stringify({ kind: 'refused', code: 'GATEWAY_LINE', text })}\n`)
    socket.destroySoon()
  }

  const isProven = (join: JoinLine, nonce: string): boolean => {
    const { agent_id, run_id, layers } = join
    const text = layerProof({ gatewayNonce: nonce, layerNonce: join.nonce, agent_id, run_id, layers })
    const expected = createHmac('sha256', options.layerSecret).update(text).digest()
    return timingSafeEqual(expected, Buffer.from(join.mac, 'hex'))
  }

  const welcome = (line: Line, join: JoinLine, nonce: string): void => {
    const text = gatewayProof({ gatewayNonce: nonce, layerNonce: join.nonce, gatewayEpoch })
    const signature = signer.sign('morph-hs-v1', encoder.encode(text))
    line.agentId = join.agent_id
    write(line.socket, { kind: 'welcome', gateway_epoch: gatewayEpoch, ...signature })
    options.onJoin({ id: join.agent_id, runId: join.run_id, layers: join.layers })
  }

  const onText = (line: Line, text: string, nonce: string): void => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return refuse(line.socket, 'a line is not JSON')
    }
    const parsed = LayerLine.safeParse(value)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      return refuse(
        line.socket,
        `a line is not of the contract: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
      )
    }
    if (parsed.data.kind !== 'join') {
      if (line.agentId === null) return refuse(line.socket, 'nothing may be said before join')
      return options.onLine(parsed.data, line.agentId)
    }
    if (line.agentId !== null) return refuse(line.socket, 'this line has joined already')
    if (parsed.data.version !== GATEWAY_WIRE_VERSION)
      return refuse(line.socket, `version ${parsed.data.version} is not spoken here; ${GATEWAY_WIRE_VERSION} is`)
    if (!isProven(parsed.data, nonce)) return refuse(line.socket, 'the proof does not fit the layer secret')
    welcome(line, parsed.data, nonce)
  }

  const onConnection = (socket: Socket): void => {
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    if (lines.size >= MAX_LINES) return refuse(socket, `${MAX_LINES} lines are open already`)
    const line: Line = { socket, agentId: null }
    const nonce = randomBytes(32).toString('hex')
    lines.add(line)
    const giveUp = clock.after(PROOF_MS, () => line.agentId === null && refuse(socket, 'no proof came in time'))
    socket.once('close', () => {
      giveUp()
      lines.delete(line)
      if (line.agentId !== null) options.onLeave(line.agentId)
    })
    let rest: Buffer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(10); end >= 0 && !socket.destroyed; end = rest.indexOf(10)) {
        if (end > GATEWAY_LINE_BYTES) break
        const text = rest.toString('utf8', 0, end)
        rest = rest.subarray(end + 1)
        if (socket.writable) onText(line, text, nonce)
      }
      if (rest.length > GATEWAY_LINE_BYTES) refuse(socket, `a line is longer than ${GATEWAY_LINE_BYTES} bytes`)
    })
    write(socket, { kind: 'hello', version: GATEWAY_WIRE_VERSION, nonce, gateway_epoch: gatewayEpoch })
  }

  const server = createServer(onConnection)

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', (error) =>
          reject(
            new AppError('CONFIG_INVALID', `the gateway can not listen on ${host}:${port} (${error.message})`, {
              path: 'GATEWAY_PORT',
            }),
          ),
        )
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
      }),
    send(entry, to) {
      const text = `${JSON.stringify(entry)}\n`
      let sent = 0
      for (const { socket, agentId } of lines) {
        if (agentId === null || !to(agentId)) continue
        if (socket.writableLength > MAX_UNREAD_BYTES) {
          options.onRefused(`the agent ${agentId} does not read its line: it is cut`)
          socket.destroy()
          continue
        }
        socket.write(text)
        sent++
      }
      return sent
    },
    stop() {
      for (const { socket } of lines) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
