/*
 * redisWriter: pipelined XADDs that are resent in order, with the same sequence numbers, until Redis accepts them.
 * In: messages. Out: the stream id, or one error by code at the deadline.
 * Invariant: at most 256 KB are unanswered; what waits is bounded; after a cut everything unanswered goes first, in order.
 * Source: docs/bus.md "publishing"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { Redis } from 'ioredis'
import { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import type { BusMessage, PublishOptions } from '../../messageBus.ts'
import { aborted, stopped } from '../../subscriptionRules.ts'
import type { RedisConnection } from './redisConnection.ts'
import { redisAnswerOf, toRedisError } from './redisErrors.ts'
import type { RedisTarget } from './redisTarget.ts'
import { pushEntryFields } from './streamEntry.ts'
import { XaddCommand } from './xaddCommand.ts'

/** Deeper pipelines of 16 KB entries halve the throughput (socket buffers). */
const IN_FLIGHT_BYTES = 262_144
export const TOPICS_KEY = 'kasmina.topics'

interface Item {
  readonly topic: string
  readonly args: (string | Buffer)[]
  readonly bytes: number
  readonly endMs: number
  readonly resolve: (cursor: string) => void
  readonly reject: (error: AppError) => void
  readonly undo: () => void
  sent: boolean
  settled: boolean
}

export interface RedisWriter {
  readonly pending: number
  readonly published: number
  /** Topics published on since the start; the registry keeps them alive. */
  readonly topics: ReadonlySet<string>
  publish(topic: string, message: BusMessage, bytes: number, options?: PublishOptions): Promise<string>
  /** The connection came or went. */
  onChange(connection: RedisConnection): void
  /** Waits for what is pending at most deadlineMs, then refuses the rest. */
  stop(deadlineMs: number): Promise<void>
}

export interface RedisWriterOptions {
  readonly target: RedisTarget
  readonly clock: Clock
  readonly publishDeadlineMs: number
  readonly maxQueuedBytes: number
  readonly onRefused: (error: AppError) => void
}

/** Creates the writer; it sends when its connection is up. */
export function createRedisWriter(options: RedisWriterOptions): RedisWriter {
  const { clock, target } = options
  const inFlight = new Set<Item>()
  let waiting: Item[] = []
  let waitingBytes = 0
  let inFlightBytes = 0
  let published = 0
  let redis: Redis | null = null
  let lastFailure: AppError | null = null
  let scheduled = false
  let stopping = false
  let undoSweep: (() => void) | null = null
  let onIdle: (() => void)[] = []
  const topics = new Set<string>()
  let registered = new Set<string>()

  const settle = (item: Item): boolean => {
    if (item.settled) return false
    item.settled = true
    item.undo()
    if (inFlight.delete(item)) inFlightBytes -= item.bytes
    return true
  }

  const afterSettle = (): void => {
    if (inFlight.size === 0 && waiting.length === 0) {
      undoSweep?.()
      undoSweep = null
      const due = onIdle
      onIdle = []
      for (const resolve of due) resolve()
    } else schedule()
  }

  const fail = (item: Item, error: AppError): void => {
    if (settle(item)) item.reject(error)
  }

  const follow = async (item: Item, reply: Promise<unknown>): Promise<void> => {
    try {
      const cursor = String(await reply)
      if (settle(item)) {
        published += 1
        item.resolve(cursor)
      }
    } catch (error) {
      // A lost connection says nothing about the entry: it stays in flight until the connection's end puts it back in line.
      if (redisAnswerOf(error) === 'connection') {
        // LOADING, READONLY and their like: this server is not the one to write to now, so end the connection here.
        if (error instanceof Error && error.name === 'ReplyError') redis?.disconnect()
        return
      }
      const refusal = toRedisError(error, target)
      options.onRefused(refusal)
      fail(item, refusal)
    }
    afterSettle()
  }

  const register = (client: Redis, topic: string): void => {
    if (registered.has(topic)) return
    registered.add(topic)
    topics.add(topic)
    // Without the right to keep the registry the entry still goes out; wildcards of others then need scanForeign.
    client.sadd(TOPICS_KEY, topic).catch(() => undefined)
  }

  const flush = (): void => {
    scheduled = false
    const client = redis
    if (!client || waiting.length === 0) return
    client.stream.cork()
    let taken = 0
    for (const item of waiting) {
      if (inFlight.size > 0 && inFlightBytes + item.bytes > IN_FLIGHT_BYTES) break
      taken += 1
      waitingBytes -= item.bytes
      if (item.settled) continue
      register(client, item.topic)
      item.sent = true
      inFlight.add(item)
      inFlightBytes += item.bytes
      void follow(item, client.sendCommand(new XaddCommand(item.args)) as Promise<unknown>)
    }
    waiting = taken === waiting.length ? [] : waiting.slice(taken)
    client.stream.uncork()
    armSweep()
  }

  const schedule = (): void => {
    if (scheduled || !redis || waiting.length === 0) return
    scheduled = true
    queueMicrotask(flush)
  }

  /** All items have the same patience, so the oldest is always the first: one timer serves them all. */
  const armSweep = (): void => {
    if (undoSweep) return
    const oldest = first()
    if (oldest) undoSweep = clock.after(Math.max(1, oldest.endMs - clock.monotonicMs()), sweep)
  }
  const first = (): Item | undefined => (inFlight.values().next().value as Item | undefined) ?? waiting[0]

  const sweep = (): void => {
    undoSweep = null
    const nowMs = clock.monotonicMs()
    for (const item of inFlight) if (item.endMs <= nowMs) fail(item, late(item))
    const due = waiting.filter((item) => item.endMs <= nowMs || item.settled)
    waiting = waiting.filter((item) => !due.includes(item))
    for (const item of due) {
      waitingBytes -= item.bytes
      fail(item, late(item))
    }
    afterSettle()
    armSweep()
  }

  const late = (item: Item): AppError => {
    const ms = options.publishDeadlineMs
    if (item.sent) {
      return new AppError('BUS_TIMEOUT', `no answer for ${item.topic} from Redis at ${target.label} within ${ms} ms`)
    }
    return lastFailure ?? new AppError('BUS_UNAVAILABLE', `Redis at ${target.label} was not reachable for ${ms} ms`)
  }

  const refuseAll = (error: () => AppError): void => {
    const all = [...inFlight, ...waiting]
    waiting = []
    waitingBytes = 0
    for (const item of all) fail(item, error())
    afterSettle()
  }

  return {
    get pending() {
      let unsettled = inFlight.size
      for (const item of waiting) if (!item.settled) unsettled += 1
      return unsettled
    },
    get published() {
      return published
    },
    topics,
    publish(topic, message, bytes, publishOptions) {
      const signal = publishOptions?.signal
      if (signal?.aborted) return Promise.reject(aborted('publish'))
      if (waiting.length > 0 && waitingBytes + bytes > options.maxQueuedBytes) {
        const full = `${waitingBytes} bytes wait for Redis at ${target.label}, the queue holds ${options.maxQueuedBytes}`
        return Promise.reject(new AppError('BUS_UNAVAILABLE', lastFailure ? `${full}; ${lastFailure.message}` : full))
      }
      const args: (string | Buffer)[] = [topic]
      if (publishOptions?.maxLen !== undefined) args.push('MAXLEN', '~', String(Math.max(0, publishOptions.maxLen)))
      args.push('*')
      pushEntryFields(args, message)
      return new Promise<string>((resolve, reject) => {
        const onAbort = (): void => {
          const at = waiting.indexOf(item)
          if (at >= 0) {
            waiting.splice(at, 1)
            waitingBytes -= item.bytes
          }
          fail(item, aborted('publish'))
          afterSettle()
        }
        const undo = (): void => signal?.removeEventListener('abort', onAbort)
        const endMs = clock.monotonicMs() + options.publishDeadlineMs
        const item: Item = { topic, args, bytes, endMs, resolve, reject, undo, sent: false, settled: false }
        signal?.addEventListener('abort', onAbort, { once: true })
        waiting.push(item)
        waitingBytes += bytes
        armSweep()
        schedule()
      })
    },
    onChange(connection) {
      if (connection.current === redis && redis !== null) return
      lastFailure = connection.failure
      redis = connection.current
      if (redis) registered = new Set()
      else if (inFlight.size > 0) {
        const again = [...inFlight]
        inFlight.clear()
        inFlightBytes = 0
        for (const item of again) waitingBytes += item.bytes
        waiting = [...again, ...waiting]
      }
      if (lastFailure?.code === 'BUS_REFUSED') {
        const refusal = lastFailure
        refuseAll(() => refusal)
      }
      schedule()
    },
    async stop(deadlineMs) {
      if (stopping) return
      stopping = true
      if (inFlight.size > 0 || waiting.length > 0) {
        await new Promise<void>((resolve) => {
          const undo = clock.after(deadlineMs, resolve)
          onIdle.push(() => {
            undo()
            resolve()
          })
        })
      }
      refuseAll(() => stopped('publish'))
      undoSweep?.()
      undoSweep = null
    },
  }
}
