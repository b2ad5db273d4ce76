/*
 * stubLayer: a layer agent without a trainer: proves itself on the direct line, listens on the bus, obeys stops and resumes, says what it did.
 * In: a gateway's data folder, a bus or none. Out: which commands arrived how, and switches for silence.
 * Invariant: it verifies every signature like a real agent; a second copy of an id is answered as a duplicate.
 * Source: docs/protocol.md "direct line".
 */
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import type { Delivery, MessageBus, Subscription } from '../../lib/bus/messageBus.ts'
import { createVerifier } from '../../lib/commands/signing.ts'
import { GatewayLine, gatewayProof, layerProof } from '../../lib/contracts/gatewayWire.ts'
import { encodeJson } from '../../lib/telemetry/messageWriter.ts'
import { readGatewayFile } from '../../server/gateway/gatewayFile.ts'
import { openLayerTrust } from '../../server/gateway/keys.ts'

export interface StubLayer {
  readonly received: {
    readonly type: string
    readonly id: string
    readonly path: 'bus' | 'socket'
    readonly body: Body
  }[]
  readonly leases: { readonly path: 'bus' | 'socket'; readonly counter: number }[]
  readonly stopped: Set<string>
  readonly line: Socket | null
  /** Answers nothing while true. */
  silent: boolean
  /** What a Resume is answered with. */
  refuseResume: boolean
  stopEpoch: number
  beat(extra?: Record<string, unknown>): void
  connect(): Promise<void>
  end(): Promise<void>
}

type Body = Record<string, unknown>

export interface StubLayerOptions {
  readonly dataDir: string
  readonly bus: MessageBus | null
  readonly layers: readonly string[]
  readonly agentId?: string
  readonly lines?: boolean
}

const decoder = new TextDecoder()

/** Connects a stub; resolves when it is welcome and subscribed. */
export async function createStubLayer(options: StubLayerOptions): Promise<StubLayer> {
  const { bus, layers, dataDir } = options
  const agentId = options.agentId ?? `stub-${randomUUID().slice(0, 8)}`
  const runId = `run-${agentId}`
  const { trusted, layerSecret } = openLayerTrust(dataDir)
  const verify = createVerifier(trusted)
  const subscriptions: Subscription[] = []
  const done = new Map<string, string>()
  let socket: Socket | null = null
  let beats = 0

  const head = (type: string): Body => ({
    message_id: randomUUID(),
    timestamp: Date.now() / 1_000,
    source: agentId,
    version: '2.0',
    message_type: type,
  })
  const publish = (topic: string, type: string, message: Body): void => {
    void bus
      ?.publish(topic, { type, enc: 'json', data: encodeJson(message), src: agentId, epoch: 1 })
      .catch(() => undefined)
  }
  const say = (line: object): void => void socket?.write(`${JSON.stringify(line)}\n`)

  const answer = (command: Body, layer: string): void => {
    const id = String(command['message_id'])
    const key = `${layer} ${id}`
    const type = String(command['message_type'])
    const before = done.get(key)
    const refused = type === 'Resume' && stub.refuseResume
    if (before === undefined) {
      if (type === 'EmergencyStopCommand') {
        stub.stopped.add(layer)
        stub.stopEpoch = Math.max(stub.stopEpoch, Number(command['stop_epoch']))
      }
      if (type === 'Resume' && !refused) stub.stopped.delete(layer)
      done.set(key, refused ? 'rejected' : 'applied')
    }
    const base = { ...head('CommandOutcome'), command_id: id, command_type: type, layer_id: layer, text: '' }
    const outcome =
      before !== undefined
        ? { ...base, kind: 'duplicate', duplicate_of: id, code: 'COMMAND_DUPLICATE', details: { outcome: before } }
        : refused
          ? { ...base, kind: 'rejected', code: 'COMMAND_GUARD', text: 'not yet' }
          : { ...base, kind: 'applied', details: {} }
    say({ kind: 'ack', outcome })
    publish(`kasmina.ack.layer.${layer}`, 'CommandOutcome', outcome)
    if (type === 'EmergencyStopCommand' || type === 'Resume') stub.beat()
  }

  const take = (
    type: string,
    data: Uint8Array,
    sig: string | undefined,
    key: string | undefined,
    path: 'bus' | 'socket',
  ) => {
    const tag = type === 'Lease' ? 'morph-lease-v1' : 'morph-cmd-v1'
    if (!verify(tag, data, sig, key).ok) return
    const body = JSON.parse(decoder.decode(data)) as Body
    if (type === 'Lease') return void stub.leases.push({ path, counter: Number(body['counter']) })
    stub.received.push({ type, id: String(body['message_id']), path, body })
    if (stub.silent) return
    const asked = body['layer_id']
    for (const layer of layers) if (asked === null || asked === undefined || asked === layer) answer(body, layer)
  }

  const connectLine = async (): Promise<void> => {
    const { host, socket_port: port } = readGatewayFile(dataDir)
    const line = connect(port, host)
    line.on('error', () => undefined)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    line.once('close', () => {
      if (socket === line) socket = null
      reject(new Error('the gateway closed the line'))
    })
    const nonce = randomBytes(32).toString('hex')
    let gatewayNonce = ''
    let rest = ''
    line.setEncoding('utf8')
    line.on('data', (chunk: string) => {
      const texts = (rest + chunk).split('\n')
      rest = texts.pop() ?? ''
      for (const text of texts) {
        const said = GatewayLine.parse(JSON.parse(text))
        if (said.kind === 'hello') {
          gatewayNonce = said.nonce
          const who = { agent_id: agentId, run_id: runId, layers: [...layers] }
          const proof = layerProof({ gatewayNonce, layerNonce: nonce, ...who })
          const mac = createHmac('sha256', layerSecret).update(proof).digest('hex')
          line.write(`${JSON.stringify({ kind: 'join', version: 1, ...who, nonce, mac })}\n`)
        } else if (said.kind === 'welcome') {
          const text = gatewayProof({ gatewayNonce, layerNonce: nonce, gatewayEpoch: said.gateway_epoch })
          if (!verify('morph-hs-v1', new TextEncoder().encode(text), said.sig, said.key).ok) line.destroy()
          socket = line
          resolve()
        } else if (said.kind === 'entry')
          take(said.entry.type, Buffer.from(said.entry.data, 'base64'), said.entry.sig, said.entry.key, 'socket')
      }
    })
    await promise
  }

  const stub: StubLayer = {
    received: [],
    leases: [],
    stopped: new Set(),
    get line() {
      return socket
    },
    silent: false,
    refuseResume: false,
    stopEpoch: 0,
    beat(extra = {}) {
      const halted = [...stub.stopped]
      const heartbeat = {
        ...head('Heartbeat'),
        // Two signs within one millisecond are still two.
        timestamp: Date.now() / 1_000 + ++beats / 1e6,
        service_id: agentId,
        uptime_seconds: 1,
        halted: halted.length === layers.length,
        halted_layers: halted,
        ...(stub.stopEpoch > 0 ? { stop_epoch: stub.stopEpoch } : {}),
        ...extra,
      }
      say({ kind: 'heartbeat', heartbeat })
      publish('kasmina.service', 'Heartbeat', heartbeat)
    },
    connect: connectLine,
    async end() {
      socket?.destroy()
      await Promise.all(subscriptions.map((subscription) => subscription.stop(0)))
    },
  }

  if (bus !== null) {
    const consume = (delivery: Delivery): void => take(delivery.type, delivery.data, delivery.sig, delivery.key, 'bus')
    const broadcast = { mode: 'broadcast', from: 'latest' } as const
    subscriptions.push(await bus.subscribe('kasmina.control.all', consume, broadcast))
    subscriptions.push(await bus.subscribe('kasmina.lease', consume, broadcast))
    for (const layer of layers)
      subscriptions.push(await bus.subscribe(`kasmina.control.layer.${layer}`, consume, broadcast))
    const service = {
      service_type: 'layer-agent',
      service_id: agentId,
      capabilities: ['commands'],
      layers,
      epoch: Date.now(),
    }
    publish('kasmina.service', 'ServiceAnnouncement', { ...head('ServiceAnnouncement'), ...service, run_id: runId })
  }
  if (options.lines !== false) await connectLine()
  return stub
}
