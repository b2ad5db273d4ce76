/*
 * frameLine: one open page as fan-out sees it: a frame goes out as bytes that were put together once for everybody.
 * In: a Socket.IO socket, encoded frames. Out: the two websocket messages of a binary event in one write.
 * Invariant: what a page receives is what `socket.emit('frame', bytes)` would send it; a line that is not a plain websocket gets just that.
 * Source: docs/performance.md "fan-out"; RFC 6455 5.2; Socket.IO protocol v5 "BINARY_EVENT".
 */
import { LIVE_NAMESPACE } from '../../lib/contracts/socketNames.ts'
import type { FrameMessage, ViewerLine } from '../fanout/viewer.ts'

/** The part of an Engine.IO connection that is used here; `wsPreEncodedFrame` is what the library's own broadcast passes too. */
interface EngineConnection {
  readonly readyState: string
  readonly writeBuffer: readonly unknown[]
  readonly transport: {
    readonly writable: boolean
    readonly name: string
    send(packets: readonly Packet[]): void
  }
  sendPacket(type: 'message', data: string, options: PacketOptions): void
}

interface Packet {
  readonly type: 'message'
  readonly data: string
  readonly options: PacketOptions
}

interface PacketOptions {
  readonly compress: false
  readonly wsPreEncodedFrame: readonly Buffer[]
}

interface FrameSocket {
  readonly conn: unknown
  emit(event: 'frame', bytes: Uint8Array): unknown
}

/** The text half of the event: it announces one attachment and is the same for every frame. */
const ANNOUNCEMENT = `51-${LIVE_NAMESPACE},["frame",{"_placeholder":true,"num":0}]`
const TEXT_MESSAGE = 0x81
const BINARY_MESSAGE = 0x82

/** Head of an unmasked, unfragmented websocket message: servers never mask. */
function messageHead(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([opcode, length])
  const head = Buffer.alloc(length < 65_536 ? 4 : 10)
  head[0] = opcode
  head[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) head.writeUInt16BE(length, 2)
  else head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

// The leading 4 is Engine.IO's packet type `message`.
const text = Buffer.from(`4${ANNOUNCEMENT}`)
const announced = Buffer.concat([messageHead(TEXT_MESSAGE, text.length), text])

/** Both websocket messages of one event, as they travel. */
export function frameMessages(bytes: Uint8Array): Buffer {
  return Buffer.concat([announced, messageHead(BINARY_MESSAGE, bytes.byteLength), bytes])
}

/** What the first line made of a message, for all the others. */
const packetsOf = new WeakMap<FrameMessage, readonly [Packet]>()
let last: { readonly message: FrameMessage; readonly packets: readonly [Packet] } | null = null

function toPackets(message: FrameMessage): readonly [Packet] {
  // The same message goes to line after line: the map is asked only when messages alternate.
  if (last?.message === message) return last.packets
  let packets = packetsOf.get(message)
  if (packets === undefined) {
    const options: PacketOptions = { compress: false, wsPreEncodedFrame: [frameMessages(message.bytes)] }
    packets = [{ type: 'message', data: ANNOUNCEMENT, options }]
    packetsOf.set(message, packets)
  }
  last = { message, packets }
  return packets
}

/** The line to one page. */
export function createFrameLine(socket: FrameSocket): ViewerLine {
  const connection = socket.conn as EngineConnection
  return {
    send(message) {
      const { transport, writeBuffer, readyState } = connection
      // Polling has no websocket frames. A connection that is a websocket stays one.
      if (transport.name !== 'websocket') return void socket.emit('frame', message.bytes)
      const packets = toPackets(message)
      // Nothing waits and nothing is under way: the queue of the connection would hand it on at once, for a third of the whole cost.
      if (transport.writable && writeBuffer.length === 0 && readyState === 'open') transport.send(packets)
      else connection.sendPacket('message', ANNOUNCEMENT, packets[0].options)
    },
    backlog: () => connection.writeBuffer.length + (connection.transport.writable ? 0 : 1),
  }
}
