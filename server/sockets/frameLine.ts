/*
 * frameLine: one open page as fan-out sees it: a frame goes out as bytes that were put together once for everybody.
 * In: a Socket.IO socket, encoded frames. Out: the two websocket messages of a binary event in one write.
 * Invariant: what a page receives is what `socket.emit('frame', bytes)` would send it; a line that is not a plain websocket gets just that.
 * Source: docs/performance.md "fan-out"; RFC 6455 5.2; Socket.IO protocol v5 "BINARY_EVENT".
 */
import { LIVE_NAMESPACE } from '../../lib/contracts/socketEvents.ts'
import type { EncodedFrame } from '../fanout/layerEncoder.ts'
import type { ViewerLine } from '../fanout/viewer.ts'

/** The part of an Engine.IO connection that is used here; `wsPreEncodedFrame` is what the library's own broadcast passes too. */
interface EngineConnection {
  readonly writeBuffer: readonly unknown[]
  readonly transport: { readonly writable: boolean; readonly name: string }
  sendPacket(type: 'message', data: string, options: PacketOptions): void
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

/** Both messages of one frame, as they travel. */
export function frameMessages(bytes: Uint8Array): Buffer {
  return Buffer.concat([announced, messageHead(BINARY_MESSAGE, bytes.byteLength), bytes])
}

/** What the first line made of a frame, for all the others. */
const optionsOf = new WeakMap<EncodedFrame, PacketOptions>()
let last: { readonly frame: EncodedFrame; readonly options: PacketOptions } | null = null

function packetOptions(frame: EncodedFrame): PacketOptions {
  // The same frame goes to line after line: the map is asked only when layers alternate.
  if (last?.frame === frame) return last.options
  let options = optionsOf.get(frame)
  if (options === undefined) {
    options = { compress: false, wsPreEncodedFrame: [frameMessages(frame.bytes)] }
    optionsOf.set(frame, options)
  }
  last = { frame, options }
  return options
}

/** The line to one page. */
export function createFrameLine(socket: FrameSocket): ViewerLine {
  const connection = socket.conn as EngineConnection
  return {
    send(frame) {
      // Polling has no websocket frames. A connection that is a websocket stays one.
      if (connection.transport.name !== 'websocket') socket.emit('frame', frame.bytes)
      else connection.sendPacket('message', ANNOUNCEMENT, packetOptions(frame))
    },
    backlog: () => connection.writeBuffer.length + (connection.transport.writable ? 0 : 1),
  }
}
