/*
 * entriesReader: the reply to an XREAD out of the window, entry by entry as they come in, long before the last one is there.
 * In: a window and a sink. Out: places of fields in the window: nothing is copied and no list of entries is made.
 * Invariant: an entry is handed over whole or, over the bound, let by and told with its size; memory does not grow with the reply.
 * Source: docs/bus.md "subscribing"; docs/performance.md "profiles", ingest.
 */
import { broken, refusal, RESP, type ReplyWindow } from './replyWindow.ts'

const MAX_NAME_BYTES = 65_536
const MAX_ID_BYTES = 64
/** Field pairs of an entry that are told; ours has nine. */
const MAX_PAIRS = 64
/** What the fields beside the payload may take. */
const OTHER_FIELDS_BYTES = 131_072

/** Where the parts of one entry lie in `bytes`: name from, name to, value from, value to, and again. */
export interface EntryParts {
  readonly bytes: Buffer
  readonly at: Int32Array
  readonly pairs: number
}

export interface EntrySink {
  /** Asked before each entry; false stops the reading until resume(). */
  ready(): boolean
  /** The part of one stream begins. */
  stream(topic: string, entries: number): void
  /** The bytes are valid until the call returns, and longer as long as borrowed() says so. */
  entry(cursor: string, parts: EntryParts): void
  /** An entry too large to be held went by. */
  oversized(cursor: string, bytes: number): void
  /** Somebody still works on bytes that were handed over. */
  borrowed(): boolean
}

/** whole: all entries were told. none: there were none. partial: more bytes must come. paused: the sink was not ready. */
export type EntriesState = 'whole' | 'none' | 'partial' | 'paused' | Error

/** A class because it is the hottest path of the ingest: what it knows lives in fields, nothing is allocated per entry. */
export class EntriesReader {
  readonly #window: ReplyWindow
  readonly #maxBytes: number
  readonly #at = new Int32Array(MAX_PAIRS * 4)
  /** Streams of this reply whose head was not read; negative between two replies. */
  #streams = -1
  #entries = 0
  #passing: { readonly cursor: string; fields: number; bytes: number } | null = null

  /** @param maxEntryBytes a payload of this size is held; a much larger entry is let by. */
  constructor(window: ReplyWindow, maxEntryBytes: number) {
    this.#window = window
    this.#maxBytes = maxEntryBytes + OTHER_FIELDS_BYTES
  }

  /** Goes on with the reply. @throws on what is no RESP2 */
  read(sink: EntrySink): EntriesState {
    if (this.#streams < 0) {
      const head = this.#readHead()
      if (head !== 'whole') return head
    }
    for (;;) {
      if (this.#passing !== null) {
        if (!this.#pass(sink)) return 'partial'
      } else if (this.#entries > 0) {
        if (!sink.ready()) return 'paused'
        if (!this.#readEntry(sink)) return 'partial'
      } else if (this.#streams === 0) {
        this.#streams = -1
        return 'whole'
      } else if (!this.#readStream(sink)) return 'partial'
    }
  }

  #readHead(): EntriesState {
    const window = this.#window
    if (window.bytes[window.start] === RESP.minus) {
      const line = window.takeLine()
      return line === null ? 'partial' : refusal(line)
    }
    const streams = window.length(RESP.star, window.start)
    if (window.next < 0) return 'partial'
    window.start = window.next
    if (streams <= 0) return 'none'
    this.#streams = streams
    return 'whole'
  }

  /** Reads `*2` and the length of the string behind it; negative when they are not all there. */
  #pair(what: string, maxBytes: number): number {
    const window = this.#window
    const parts = window.length(RESP.star, window.start)
    if (window.next < 0) return -1
    if (parts !== 2) throw broken(`${what} of ${parts} parts`)
    const bytes = window.length(RESP.dollar, window.next)
    if (window.next < 0) return -1
    if (bytes < 1 || bytes > maxBytes) throw broken(`${what} with a name of ${bytes} bytes`)
    return bytes
  }

  #readStream(sink: EntrySink): boolean {
    const window = this.#window
    const bytes = this.#pair('a stream', MAX_NAME_BYTES)
    if (bytes < 0) return false
    const from = window.next
    const entries = window.length(RESP.star, from + bytes + 2)
    if (window.next < 0) return false
    this.#streams -= 1
    this.#entries = Math.max(0, entries)
    window.start = window.next
    sink.stream(window.bytes.toString('latin1', from, from + bytes), this.#entries)
    return true
  }

  #readEntry(sink: EntrySink): boolean {
    const window = this.#window
    const idBytes = this.#pair('an entry', MAX_ID_BYTES)
    if (idBytes < 0) return false
    const idAt = window.next
    const fields = Math.max(0, window.length(RESP.star, idAt + idBytes + 2))
    if (window.next < 0) return false
    let next = window.next
    for (let field = 0; field < fields; field++) {
      const bytes = window.length(RESP.dollar, next)
      const ends = window.next < 0 ? window.end + 1 : window.next + bytes + 2
      if (ends > window.end) {
        window.need = ends
        if (ends - window.start <= this.#maxBytes) return false
        this.#passing = { cursor: this.#text(idAt, idBytes), fields: fields - field, bytes: next - window.start }
        window.start = next
        window.need = 0
        return true
      }
      if (bytes < 0) throw broken('a field without bytes')
      if (field < MAX_PAIRS * 2) {
        this.#at[field * 2] = window.next
        this.#at[field * 2 + 1] = window.next + bytes
      }
      next = ends
    }
    this.#entries -= 1
    window.start = next
    const pairs = Math.min(fields >> 1, MAX_PAIRS)
    sink.entry(this.#text(idAt, idBytes), { bytes: window.bytes, at: this.#at, pairs })
    return true
  }

  #text(from: number, bytes: number): string {
    return this.#window.bytes.toString('latin1', from, from + bytes)
  }

  /** Lets the rest of a too large entry by, field by field as it comes. */
  #pass(sink: EntrySink): boolean {
    const window = this.#window
    const entry = this.#passing as { readonly cursor: string; fields: number; bytes: number }
    while (window.skip()) {
      if (entry.fields === 0) {
        this.#passing = null
        this.#entries -= 1
        sink.oversized(entry.cursor, entry.bytes)
        return true
      }
      const bytes = window.length(RESP.dollar, window.start)
      if (window.next < 0) return false
      window.start = window.next
      window.skipBytes = Math.max(0, bytes) + 2
      entry.fields -= 1
      entry.bytes += bytes
    }
    return false
  }
}
