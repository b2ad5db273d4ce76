/*
 * directLine: the agent's end of the line to the gateway: TCP on the loopback, JSON lines, both ends proven.
 * In: where the gateway is at the moment, the shared secret, a verifier. Out: entries of a proven gateway; acks and heartbeats up.
 * Invariant: nothing is believed before the gateway's proof over our nonce holds; a line over the bound or out of turn ends the connection;
 * a lost one is made again after 10 to 60 ms.
 * Source: docs/protocol.md "direct line"; lib/contracts/gatewayWire.ts.
 */
import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Heartbeat } from '../contracts/control.ts'
import {
  GATEWAY_LINE_BYTES,
  GATEWAY_WIRE_VERSION,
  GatewayLine,
  gatewayProof,
  layerProof,
} from '../contracts/gatewayWire.ts'
import type { CommandOutcome } from '../contracts/outcomes.ts'
import type { DirectEntry } from '../commands/handler.ts'
import type { Verifier } from '../commands/signing.ts'
import type { Clock } from '../primitives/clock.ts'

export interface GatewayAddress {
  readonly host: string
  readonly port: number
}

export interface DirectLineOptions {
  readonly clock: Clock
  /** Where the gateway is now; null when nobody knows. Asked before every attempt. */
  readonly address: () => GatewayAddress | null
  /** The shared layer secret; null when it is not there yet. */
  readonly secret: () => Uint8Array | null
  readonly verify: Verifier
  readonly agentId: string
  readonly runId: string
  readonly layerIds: readonly string[]
  readonly onEntry: (entry: DirectEntry) => void
  /** Proven or lost, with the reason. */
  readonly onState?: (up: boolean, reason: string) => void
}

export interface DirectLine {
  start(): void
  ack(outcome: CommandOutcome): void
  heartbeat(message: Heartbeat): void
  readonly isUp: boolean
  stop(): void
}

/** Drawn between these, so that many agents do not come at once. */
const AGAIN_MS = { least: 10, most: 60 } as const
/** A gateway that is not there for seconds is looked for more calmly. */
const CALM_AFTER = 100
const CALM_MS = 250
/** Unsent bytes beyond this mean that nobody reads: the connection is given up rather than memory. */
const MAX_UNSENT_BYTES = 1_048_576
const HANDSHAKE_MS = 2_000
/** Why there is no line while nobody says where the gateway is. */
export const NOT_ANNOUNCED = 'no gateway is announced'

/** Creates the line; start() begins to connect. */
export function createDirectLine(options: DirectLineOptions): DirectLine {
  const { clock, verify, agentId, runId, layerIds } = options
  let socket: Socket | null = null
  let isUp = false
  let stopped = false
  let failures = 0
  let undo: (() => void) | null = null
  let told = ''

  const tell = (up: boolean, reason: string): void => {
    if (told === `${up} ${reason}`) return
    told = `${up} ${reason}`
    options.onState?.(up, reason)
  }

  const again = (reason: string): void => {
    socket = null
    isUp = false
    tell(false, reason)
    if (stopped) return
    const waitMs = failures++ < CALM_AFTER ? randomInt(AGAIN_MS.least, AGAIN_MS.most + 1) : CALM_MS
    undo = clock.after(waitMs, open)
  }

  const open = (): void => {
    const address = options.address()
    const secret = options.secret()
    if (address === null || secret === null) return again(NOT_ANNOUNCED)
    const mine = connect({ host: address.host, port: address.port, noDelay: true })
    socket = mine
    let reason = 'the gateway closed the line'
    const fail = (why: string): void => {
      reason = why
      mine.destroy()
    }
    const undoPatience = clock.after(HANDSHAKE_MS, () => {
      if (!isUp || socket !== mine) fail('the gateway did not prove itself in time')
    })
    const read = createReader(mine, secret, fail)
    mine.on('data', read)
    mine.on('error', (error) => (reason = `the line broke: ${'code' in error ? String(error.code) : error.message}`))
    mine.on('close', () => {
      undoPatience()
      if (socket === mine) again(reason)
    })
  }

  const write = (line: object, to: Socket | null = isUp ? socket : null): void => {
    if (!to) return
    if (to.writableLength > MAX_UNSENT_BYTES) return void to.destroy()
    to.write(`${JSON.stringify(line)}\n`)
  }

  /** Splits and understands what the gateway says on one connection. */
  const createReader = (mine: Socket, secret: Uint8Array, fail: (why: string) => void) => {
    const layerNonce = randomBytes(32).toString('hex')
    let gatewayNonce = ''
    let rest: Buffer = Buffer.alloc(0)

    const onLine = (line: GatewayLine): void => {
      switch (line.kind) {
        case 'hello': {
          if (gatewayNonce !== '') return fail('the gateway greeted twice')
          if (line.version !== GATEWAY_WIRE_VERSION)
            return fail(`the gateway speaks version ${line.version} of the line`)
          gatewayNonce = line.nonce
          const join = { agent_id: agentId, run_id: runId, layers: [...layerIds] }
          const mac = createHmac('sha256', secret)
            .update(layerProof({ gatewayNonce, layerNonce, ...join }))
            .digest('hex')
          return write({ kind: 'join', version: GATEWAY_WIRE_VERSION, ...join, nonce: layerNonce, mac }, mine)
        }
        case 'welcome': {
          const proof = gatewayProof({ gatewayNonce, layerNonce, gatewayEpoch: line.gateway_epoch })
          const verdict = verify('morph-hs-v1', Buffer.from(proof), line.sig, line.key)
          if (gatewayNonce === '' || !verdict.ok || verdict.scope !== 'gateway')
            return fail('who answers is not our gateway')
          isUp = true
          failures = 0
          return tell(true, 'proven')
        }
        case 'refused':
          return fail(`the gateway refused: ${line.code}`)
        case 'entry': {
          if (!isUp || socket !== mine) return fail('an entry came before the proof')
          const { type, data, sig, key } = line.entry
          return options.onEntry({ type, data: Buffer.from(data, 'base64'), sig, key })
        }
      }
    }

    return (chunk: Buffer): void => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = rest.indexOf(10); end >= 0 && !mine.destroyed; end = rest.indexOf(10)) {
        const line = end < GATEWAY_LINE_BYTES ? parseLine(rest.subarray(0, end)) : null
        rest = rest.subarray(end + 1)
        if (line === null) return fail('a line could not be understood')
        onLine(line)
      }
      if (rest.length >= GATEWAY_LINE_BYTES) fail('a line is too long')
    }
  }

  return {
    start: open,
    ack: (outcome) => write({ kind: 'ack', outcome }),
    heartbeat: (message) => write({ kind: 'heartbeat', heartbeat: message }),
    get isUp() {
      return isUp
    },
    stop() {
      stopped = true
      undo?.()
      socket?.destroy()
    },
  }
}

function parseLine(bytes: Buffer): GatewayLine | null {
  try {
    const parsed = GatewayLine.safeParse(JSON.parse(bytes.toString('utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
