/*
 * topicLog: one topic's retained entries, with cursors like a Redis stream's and exact arithmetic over what was trimmed.
 * In: messages with their acceptance time. Out: entries by position or cursor.
 * Invariant: position = number of entries ever accepted before it; cursors only grow, also when the clock goes back.
 * Source: docs/bus.md "cursors"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { BusMessage, Delivery } from '../../messageBus.ts'

interface Entry {
  readonly ms: number
  readonly n: number
  readonly cursor: string
  readonly message: BusMessage
}

/** Reads a cursor `<ms>-<n>`; null when the text is none. */
export function parseCursor(cursor: string): { readonly ms: number; readonly n: number } | null {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(cursor)
  return match ? { ms: Number(match[1]), n: Number(match[2]) } : null
}

/** A class because it is on the publish path: one object per topic, no closures per entry. */
export class TopicLog {
  readonly topic: string
  #entries: Entry[] = []
  /** Index of the first live entry in #entries: trimming moves it and compacts now and then. */
  #head = 0
  #trimmed = 0
  #lastTrimmed: Entry | null = null
  #lastMs = 0
  #lastN = -1

  constructor(topic: string) {
    this.topic = topic
  }

  /** Position of the first retained entry. */
  get firstPosition(): number {
    return this.#trimmed
  }

  /** Position the next entry will have. */
  get endPosition(): number {
    return this.#trimmed + this.#entries.length - this.#head
  }

  /** Cursor of the newest entry ever accepted; `0-0` when there was none. */
  get lastCursor(): string {
    return this.#lastN < 0 ? '0-0' : `${this.#lastMs}-${this.#lastN}`
  }

  /** Accepts an entry and returns its cursor. The message must be the log's own. */
  append(message: BusMessage, wallMs: number): string {
    const ms = Math.max(Math.floor(wallMs), this.#lastMs)
    this.#lastN = ms === this.#lastMs ? this.#lastN + 1 : 0
    this.#lastMs = ms
    const cursor = `${ms}-${this.#lastN}`
    this.#entries.push({ ms, n: this.#lastN, cursor, message })
    return cursor
  }

  /** Keeps the newest maxLen entries. */
  trim(maxLen: number): void {
    const excess = this.endPosition - this.#trimmed - Math.max(0, maxLen)
    if (excess <= 0) return
    this.#lastTrimmed = this.#entries[this.#head + excess - 1] ?? null
    this.#head += excess
    this.#trimmed += excess
    if (this.#head > 256 && this.#head > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** The retained entry at a position as a delivery; undefined outside the retained range. */
  at(position: number, deliveryCount: number): Delivery | undefined {
    const entry = position < this.#trimmed ? undefined : this.#entries[this.#head + position - this.#trimmed]
    if (!entry) return undefined
    return {
      ...entry.message,
      topic: this.topic,
      cursor: entry.cursor,
      acceptedAtMs: entry.ms,
      deliveryCount,
    }
  }

  /** Position of the first retained entry behind a cursor. */
  positionAfter(ms: number, n: number): number {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#entries[middle] as Entry
      if (entry.ms < ms || (entry.ms === ms && entry.n <= n)) low = middle + 1
      else high = middle
    }
    return this.#trimmed + low - this.#head
  }

  /** True when entries behind the cursor were trimmed. */
  isGapAfter(ms: number, n: number): boolean {
    const last = this.#lastTrimmed
    return last !== null && (ms < last.ms || (ms === last.ms && n < last.n))
  }
}
