/*
 * replyWindow: the one buffer that a socket fills again and again, and the smallest pieces of RESP2 read out of it.
 * In: bytes the socket wrote into target(). Out: numbers, lines, texts; bytes nobody wants are let by without being held.
 * Invariant: what is there is only moved inside target(), and never while a consumer still works on a part of it.
 * Source: docs/bus.md "connection profile"; docs/performance.md "profiles", ingest.
 */
const FIRST_BYTES = 65_536
/** Less room than this is not worth a read of the socket. */
const MIN_READ_BYTES = 16_384
const MAX_LINE_BYTES = 65_536
const MAX_DIGITS = 15
const [CR, MINUS] = [13, 45]

export const RESP = Object.freeze({ plus: 43, minus: MINUS, colon: 58, dollar: 36, star: 42 })

/** What a server must not send: the connection can not be understood any more. */
export const broken = (text: string): Error => new Error(`Protocol error: ${text}`)

/** What Redis answers when it will not. */
export function refusal(text: Buffer): Error {
  const error = new Error(text.toString())
  error.name = 'ReplyError'
  return error
}

/** A class because it is the hottest path of the ingest: one object per connection, nothing allocated per reply. */
export class ReplyWindow {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  /** What is read up to here, and what there is. */
  start = 0
  end = 0
  /** Nothing can be read before there is this much. */
  need = 0
  /** Behind the number that was read last; negative when it was not all there. */
  next = 0
  /** Bytes that are still to be let by. */
  skipBytes = 0

  /** Where the next bytes go. `held`: somebody still works on bytes that were handed over, so they must stay. */
  target(held: boolean): Buffer {
    if (this.start === this.end && !held) this.start = this.end = this.need = 0
    const wanted = Math.max(MIN_READ_BYTES, this.need - this.end)
    if (this.bytes.length - this.end < wanted) this.#makeRoom(wanted, held)
    return this.bytes.subarray(this.end)
  }

  #makeRoom(wanted: number, held: boolean): void {
    const kept = this.end - this.start
    const fits = kept + wanted <= this.bytes.length
    if (fits && !held) this.bytes.copyWithin(0, this.start, this.end)
    else {
      // Twice the entry: the next one then starts in the same buffer instead of being moved.
      const size = fits ? this.bytes.length : 2 ** Math.ceil(Math.log2(2 * (kept + wanted)))
      const bytes = Buffer.allocUnsafeSlow(size)
      this.bytes.copy(bytes, 0, this.start, this.end)
      this.bytes = bytes
    }
    this.need = Math.max(0, this.need - this.start)
    this.start = 0
    this.end = kept
  }

  /** Reads the decimal number of a line at `at`; `next` says where it ends. */
  number(at: number): number {
    const { bytes, end } = this
    const isNegative = bytes[at] === MINUS
    let value = 0
    for (let i = isNegative ? at + 1 : at; i < end; i++) {
      const byte = bytes[i] as number
      if (byte === CR) {
        if (i + 1 >= end) break
        this.next = i + 2
        return isNegative ? -value : value
      }
      if (byte < 48 || byte > 57 || i - at > MAX_DIGITS) throw broken('a number that is none')
      value = value * 10 + byte - 48
    }
    this.next = -1
    return 0
  }

  /** Reads the number of a line that begins with the type byte `kind`. */
  length(kind: number, at: number): number {
    this.next = -1
    if (at >= this.end) return 0
    if (this.bytes[at] !== kind) throw broken(`byte ${this.bytes[at]} where ${kind} belongs`)
    return this.number(at + 1)
  }

  /** Takes the text of a `+` or `-` line; null when it is not all there. */
  takeLine(): Buffer | null {
    const at = this.bytes.subarray(0, this.end).indexOf(CR, this.start)
    if (at < 0 || at + 1 >= this.end) {
      if (this.end - this.start > MAX_LINE_BYTES) throw broken('a line without an end')
      return null
    }
    const text = Buffer.from(this.bytes.subarray(this.start + 1, at))
    this.start = at + 2
    return text
  }

  /** Lets bytes go by that nobody wants; false while more of them are to come. */
  skip(): boolean {
    const bytes = Math.min(this.skipBytes, this.end - this.start)
    this.start += bytes
    this.skipBytes -= bytes
    return this.skipBytes === 0
  }
}
