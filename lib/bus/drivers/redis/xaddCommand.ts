/*
 * xaddCommand: an XADD whose payload goes to the socket as it is, instead of being joined with its frame into a new buffer.
 * In: the arguments of an XADD. Out: a command for sendCommand of ioredis, whose promise is the stream id.
 * Invariant: the bytes on the wire are those of the library's own command; the payload must not change before the reply.
 * Why: 160 KB of garbage per entry made full collections a third of the publisher's CPU (docs/performance.md "profiles").
 * Source: docs/bus.md "publishing".
 */
import { Command } from 'ioredis'

/** Smaller payloads are joined: one write of a small buffer is cheaper than three. */
const DIRECT_BYTES = 4_096

interface Writable {
  write(chunk: string | Uint8Array): unknown
}

const isDirect = (piece: string | Buffer): boolean => typeof piece !== 'string' && piece.length >= DIRECT_BYTES

/** A class because ioredis asks its commands for their bytes through this method. */
export class XaddCommand extends Command {
  readonly #pieces: readonly (string | Buffer)[]

  constructor(pieces: (string | Buffer)[]) {
    super('XADD', pieces, { replyEncoding: 'utf8' })
    this.#pieces = pieces
  }

  /** Writes all but the end of the command to the corked socket and answers the end, which the library then writes. */
  override toWritable(socket: object): string | Buffer {
    if (!this.#pieces.some(isDirect)) return super.toWritable(socket)
    const stream = socket as Writable
    let text = `*${this.#pieces.length + 1}\r\n$4\r\nXADD\r\n`
    for (const piece of this.#pieces) {
      text += `$${Buffer.byteLength(piece)}\r\n`
      if (typeof piece === 'string') text += `${piece}\r\n`
      else {
        stream.write(text)
        stream.write(piece)
        text = '\r\n'
      }
    }
    return text
  }
}
