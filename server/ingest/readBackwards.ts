/*
 * readBackwards: the newest entries of a topic before a moment, newest first, over a bus that reads forwards.
 * In: a topic, an exclusive end, how many are wanted. Out: deliveries newest first, and whether the beginning was reached.
 * Invariant: bounded: a window that holds too much is halved, one that holds too little is doubled, and the number of entries
 * looked at has a ceiling that is told.
 * Source: docs/bus.md "reading a range".
 */
import type { Delivery, MessageBus } from '../../lib/bus/messageBus.ts'

const FIRST_WINDOW_MS = 4_000
const MAX_READ = 512
/** A window can not be cut finer than this: such a one is read whole, up to what a bus gives at once. */
const MIN_WINDOW_MS = 1
const MAX_CROWD = 10_000

export interface CursorParts {
  readonly ms: number
  readonly n: number
}

export const partsOf = (cursor: string): CursorParts => {
  const [ms = '0', n = '0'] = cursor.split('-')
  return { ms: Number(ms), n: Number(n) }
}
/** Orders entries of several topics by their ids. */
export function compareCursors(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)]
  return x.ms - y.ms || x.n - y.n
}

/** The greatest id below this one. */
export function idBefore(cursor: string): string {
  const { ms, n } = partsOf(cursor)
  return n > 0 ? `${ms}-${n - 1}` : `${Math.max(0, ms - 1)}-999999999999999`
}

export interface BackwardsRequest {
  readonly topic: string
  /** Exclusive end. */
  readonly before: string
  readonly wanted: number
  /** At most this many entries are looked at. */
  readonly maxLook: number
  readonly accept: (delivery: Delivery) => boolean
}

export interface BackwardsAnswer {
  /** Newest first. */
  readonly found: readonly Delivery[]
  readonly looked: number
  /** Everything from here on was looked at; null when the beginning of what is retained was reached. */
  readonly floor: string | null
}

/** Reads backwards window by window. @throws what the bus throws */
export async function readBackwards(bus: MessageBus, request: BackwardsRequest): Promise<BackwardsAnswer> {
  const { topic, before, wanted, maxLook, accept } = request
  const found: Delivery[] = []
  let until = idBefore(before)
  let windowMs = FIRST_WINDOW_MS
  let looked = 0
  while (found.length < wanted && looked < maxLook) {
    const startMs = partsOf(until).ms - windowMs
    const { entries, isStart } = await readWindow(
      bus,
      topic,
      startMs,
      until,
      windowMs > MIN_WINDOW_MS ? MAX_READ : MAX_CROWD,
    )
    if (entries.length >= MAX_READ && windowMs > MIN_WINDOW_MS) {
      // The newest of so many would be missing: the read is cut at its end.
      windowMs = Math.max(MIN_WINDOW_MS, windowMs >> 2)
      continue
    }
    looked += entries.length
    for (const delivery of entries.toReversed()) if (accept(delivery)) found.push(delivery)
    if (isStart) return { found, looked, floor: null }
    until = idBefore(`${startMs + 1}-0`)
    if (entries.length < MAX_READ / 8) windowMs *= 8
  }
  return { found, looked, floor: `${partsOf(until).ms + 1}-0` }
}

/** Entries with startMs < time, up to `until`; `isStart`: nothing older is retained. */
async function readWindow(
  bus: MessageBus,
  topic: string,
  startMs: number,
  until: string,
  limit: number,
): Promise<{ readonly entries: readonly Delivery[]; readonly isStart: boolean }> {
  if (startMs > 0) {
    const result = await bus.read(topic, { after: `${startMs}-999999999999999`, until, limit })
    if (result.kind === 'entries') return { entries: result.entries, isStart: false }
  }
  const rest = await bus.read(topic, { until, limit })
  return rest.kind === 'entries' ? { entries: rest.entries, isStart: true } : { entries: [], isStart: true }
}
