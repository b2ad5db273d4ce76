/*
 * publisher: takes ticks out of the shared ring and puts each on the bus as one entry, re-sent until accepted.
 * In: a ring of encoded ticks. Out: TelemetryFrames entries of one source, in order; counters; loud events about losses.
 * Invariant: an entry keeps its seq for ever; a tick lost in the ring or in the full buffer is a seq that never appears, so
 * every loss is an exact gap for every reader. Never blocks, never throws, at most one publish under way (strict order).
 * Source: seed-design.md 3.2; docs/architecture.md "telemetry flow".
 */
import { type AppError, isAppError } from '../contracts/appError.ts'
import type { BusMessage, MessageBus } from '../bus/messageBus.ts'
import { decodeWireHeader, stampWireFrame, WIRE_HEADER_BYTES } from '../frames/wireFrame.ts'
import type { Clock } from '../primitives/clock.ts'
import { copyBytes } from '../primitives/copyBytes.ts'
import type { RingReader } from './sharedRing.ts'

export interface PublisherCounters {
  /** Entries the bus accepted. */
  readonly published: number
  /** Further attempts for entries whose first publish failed. */
  readonly resent: number
  /** Ticks the trainer could not hand over: the ring was full. */
  readonly droppedRing: number
  /** Ticks given up because the buffer was full while the bus was away. */
  readonly droppedBuffer: number
  /** Ticks that can not be published at all: malformed, or larger than the bus takes. */
  readonly refused: number
  readonly pending: number
  readonly pendingBytes: number
  /** Bus still owes an answer or is failing since this moment (Unix ms); null while it accepts. */
  readonly failingSinceMs: number | null
  readonly lastAcceptedAtMs: number | null
  readonly lastSeq: number
}

export type PublisherEvent =
  | { readonly kind: 'outage'; readonly error: AppError | null; readonly atMs: number }
  | { readonly kind: 'recovered'; readonly outageMs: number; readonly pending: number; readonly atMs: number }
  | { readonly kind: 'dropped'; readonly where: 'ring' | 'buffer'; readonly count: number; readonly firstSeq: number }
  | { readonly kind: 'refused'; readonly seq: number; readonly error: AppError | null }

export interface PublisherOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly ring: RingReader
  readonly topic: string
  readonly src: string
  readonly epoch: number
  /** Sets the retention: about 10 s of ticks, at least 1,000 entries. */
  readonly expectedIntervalMs: number
  readonly maxPendingTicks?: number
  readonly maxPendingBytes?: number
  readonly onEvent?: (event: PublisherEvent) => void
  /** Sees every stamped tick as it is taken; the bytes must not be changed. */
  readonly onTick?: (data: Uint8Array) => void
  /** Told when a tick was written into the ring and when it was taken, Unix ms; not for a writer that does not say when. */
  readonly onTaken?: (writtenMs: number, takenMs: number) => void
}

export interface TelemetryPublisher {
  start(): void
  /** Takes what the ring holds, sends what is pending until the deadline, then lets go; counts what was left as dropped. Idempotent. */
  stop(deadlineMs: number): Promise<void>
  counters(): PublisherCounters
}

interface Entry {
  readonly seq: number
  readonly data: Uint8Array
  tries: number
}

const POLL_BUSY_MS = 1
const POLL_IDLE_MS = 10
/** Empty polls before the interval grows: a paced trainer writes each 133 ms, so idle polling is the common case. */
const BUSY_POLLS = 16
const RETRY_FIRST_MS = 10
const RETRY_MAX_MS = 60
const BACKLOG_MS = 10_000
const MIN_RETAINED_ENTRIES = 1_000
/** Buffers kept for the next ticks: 160 KB of garbage per tick cost more in full collections than copying and sending it. */
const MAX_SPARE = 16

/** Creates the publisher of one source; start() begins polling. */
export function createTelemetryPublisher(options: PublisherOptions): TelemetryPublisher {
  const { bus, clock, ring, topic, src, epoch } = options
  const maxTicks = options.maxPendingTicks ?? 4_096
  const maxBytes = options.maxPendingBytes ?? 16 * 1024 * 1024
  const maxLen = Math.max(MIN_RETAINED_ENTRIES, Math.ceil(BACKLOG_MS / options.expectedIntervalMs))
  const emit = options.onEvent ?? (() => undefined)

  const pending: Entry[] = []
  const spare: Uint8Array[] = []
  let pendingBytes = 0
  let inFlight: Entry | null = null
  let seq = 0
  let ringDropsSeen = 0
  let published = 0
  let resent = 0
  let droppedBuffer = 0
  let refused = 0
  let failingSinceMs: number | null = null
  let lastAcceptedAtMs: number | null = null
  let emptyPolls = 0
  let failures = 0
  let undoPoll: (() => void) | null = null
  let undoRetry: (() => void) | null = null
  let undoState: (() => void) | null = null
  let running = false
  let closed = false
  let idle: (() => void) | null = null
  let stopped: Promise<void> | null = null

  /** Copies one slot out of shared memory: the bus owns the bytes until the publish settles, the trainer wants its slot back. */
  const take = (slot: Uint8Array): void => {
    const lostBefore = (ring.droppedBefore() - ringDropsSeen) >>> 0
    if (lostBefore > 0) {
      ringDropsSeen = ring.droppedBefore()
      emit({ kind: 'dropped', where: 'ring', count: lostBefore, firstSeq: seq + 1 })
    }
    seq += lostBefore + 1
    const kept = spare.pop()
    const data = kept?.length === slot.length ? kept : new Uint8Array(slot.length)
    copyBytes(data, slot)
    ring.release()
    const nowMs = clock.wallMs()
    let writtenMs = 0
    try {
      if (options.onTaken !== undefined) writtenMs = decodeWireHeader(data, 0).publishedAtS * 1_000
      stampEntry(data, seq, nowMs / 1_000)
    } catch (error) {
      refused++
      emit({ kind: 'refused', seq, error: isAppError(error) ? error : null })
      return
    }
    pending.push({ seq, data, tries: 0 })
    pendingBytes += data.length
    options.onTick?.(data)
    if (writtenMs > 0) options.onTaken?.(writtenMs, nowMs)
  }

  /** Drop-oldest, but never the entry under way: its fate is not known yet. */
  const bound = (): void => {
    let count = 0
    let firstSeq = 0
    const keep = inFlight ? 1 : 0
    while (pending.length > keep && (pending.length > maxTicks || pendingBytes > maxBytes)) {
      const [gone] = pending.splice(keep, 1)
      if (!gone) break
      pendingBytes -= gone.data.length
      if (count++ === 0) firstSeq = gone.seq
    }
    if (count === 0) return
    droppedBuffer += count
    emit({ kind: 'dropped', where: 'buffer', count, firstSeq })
  }

  const drainRing = (): boolean => {
    let any = false
    for (let slot = ring.read(); slot; slot = ring.read()) {
      take(slot)
      any = true
      // Bounded here and not after the loop: a fast trainer must not grow the heap in one poll.
      if (pending.length > maxTicks || pendingBytes > maxBytes) bound()
    }
    return any
  }

  const poll = (): void => {
    undoPoll = null
    if (!running) return
    emptyPolls = drainRing() ? 0 : emptyPolls + 1
    send()
    const waitMs = Math.min(POLL_IDLE_MS, POLL_BUSY_MS + Math.floor(emptyPolls / BUSY_POLLS))
    undoPoll = clock.after(waitMs, poll)
  }

  const settle = (entry: Entry): void => {
    const at = pending.indexOf(entry)
    if (at >= 0) pending.splice(at, 1)
    pendingBytes -= entry.data.length
    inFlight = null
    if (pending.length === 0) idle?.()
  }

  const accepted = (entry: Entry): void => {
    settle(entry)
    // A repeated entry may still lie in the queue of its first attempt.
    if (entry.tries === 1 && spare.length < MAX_SPARE) spare.push(entry.data)
    published++
    failures = 0
    const atMs = clock.wallMs()
    lastAcceptedAtMs = atMs
    if (failingSinceMs !== null) {
      emit({ kind: 'recovered', outageMs: atMs - failingSinceMs, pending: pending.length, atMs })
      failingSinceMs = null
    }
    // The ring may hold more by now: the next poll would be a millisecond away.
    if (pending.length === 0 && running) drainRing()
    send()
  }

  const failed = (entry: Entry, error: unknown): void => {
    if (isAppError(error, 'BUS_TOO_LARGE')) {
      settle(entry)
      refused++
      emit({ kind: 'refused', seq: entry.seq, error })
      return send()
    }
    inFlight = null
    if (failingSinceMs === null) {
      failingSinceMs = clock.wallMs()
      emit({ kind: 'outage', error: isAppError(error) ? error : null, atMs: failingSinceMs })
    }
    bound()
    undoRetry = clock.after(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** failures++), retry)
  }

  const retry = (): void => {
    undoRetry?.()
    undoRetry = null
    send()
  }

  const send = (): void => {
    const entry = pending[0]
    if (!entry || inFlight || undoRetry) return
    inFlight = entry
    if (entry.tries++ > 0) resent++
    const message: BusMessage = {
      type: 'TelemetryFrames',
      enc: 'columns',
      data: entry.data,
      src,
      epoch,
      seq: entry.seq,
    }
    bus.publish(topic, message, { maxLen }).then(
      // What was under way at the end of a stop is told as dropped: a later answer must not count it again.
      () => closed || accepted(entry),
      (error: unknown) => closed || failed(entry, error),
    )
  }

  const drained = (deadlineMs: number): Promise<void> =>
    new Promise((resolve) => {
      if (pending.length === 0) return resolve()
      const undo = clock.after(deadlineMs, resolve)
      idle = () => {
        undo()
        resolve()
      }
    })

  const close = async (deadlineMs: number): Promise<void> => {
    undoPoll?.()
    drainRing()
    send()
    await drained(deadlineMs)
    running = false
    closed = true
    undoRetry?.()
    undoPoll?.()
    undoState?.()
    if (pending.length > 0) {
      droppedBuffer += pending.length
      emit({ kind: 'dropped', where: 'buffer', count: pending.length, firstSeq: pending[0]?.seq ?? 0 })
      pending.length = 0
      pendingBytes = 0
    }
  }

  return {
    start() {
      if (running || stopped) return
      running = true
      // A reconnect ends the wait: recovery is then bounded by the bus, not by our back-off.
      undoState = bus.onState((health) => {
        if (health.state === 'up' && undoRetry) retry()
      })
      poll()
    },
    stop(deadlineMs) {
      stopped ??= close(deadlineMs)
      return stopped
    },
    counters: () => ({
      published,
      resent,
      droppedRing: ring.dropped(),
      droppedBuffer,
      refused,
      pending: pending.length,
      pendingBytes,
      failingSinceMs,
      lastAcceptedAtMs,
      lastSeq: seq,
    }),
  }
}

/** Stamps every frame of a packed entry. @throws CONTRACT_FRAME when the bytes are not whole frames. */
export function stampEntry(data: Uint8Array, seq: number, publishedAtS: number): void {
  if (data.length === 0) decodeWireHeader(data, 0)
  for (let offset = 0; offset < data.length;) {
    const { payloadBytes } = decodeWireHeader(data, offset)
    stampWireFrame(data, offset, seq, publishedAtS)
    offset += WIRE_HEADER_BYTES + payloadBytes
  }
}
