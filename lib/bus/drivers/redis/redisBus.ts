/*
 * redisBus: the bus over Redis Streams; composes writer, readers, registry and heartbeat into the port.
 * In: a URL, a name, the clock. Out: MessageBus, durable as far as Redis is configured to be.
 * Invariant: writes, administration and every blocking reader have their own connection; stop leaves no socket and no timer.
 * Source: seed-design.md 3.1; docs/bus.md; docs/adr/0003-redis-streams-semantics.md.
 */
import { Redis } from 'ioredis'
import { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import { DEAD_TOPIC } from '../../deadLetter.ts'
import { assertMessage, MAX_ENTRY_BYTES } from '../../entryBounds.ts'
import type { BusState, MessageBus, Subscription } from '../../messageBus.ts'
import { aborted, assertRunning, assertSubscribeOptions, DEFAULT_MAX_DELIVERIES } from '../../subscriptionRules.ts'
import { assertTopic, parseTopicPattern } from '../../topicPattern.ts'
import { createBroadcastReader } from './broadcastReader.ts'
import { createBusHealth } from './busHealth.ts'
import { HEARTBEAT_MS, redisOptionsOf } from './connectionProfile.ts'
import { readGroupStates } from './groupStates.ts'
import { readRange } from './readRange.ts'
import type { ReaderContext } from './readerContext.ts'
import { toRedisError } from './redisErrors.ts'
import {
  type AnyConnection,
  CALL_DEADLINE_MS,
  createRedisConnection,
  type RedisClient,
  type RedisConnection,
} from './redisConnection.ts'
import { parseRedisTarget } from './redisTarget.ts'
import { createRedisWriter } from './redisWriter.ts'
import { createSharedReader } from './sharedReader.ts'
import { createStreamLink } from './streamLink.ts'
import { createTopicRegistry, type TopicRegistry } from './topicRegistry.ts'

export interface RedisBusOptions {
  /** redis://, rediss:// or unix://. */
  readonly url: string
  readonly clock: Clock
  /** Appears in CLIENT LIST and in the names of group members. */
  readonly name: string
  /** Chance for back-off jitter and member names; default the platform's. */
  readonly random?: () => number
  readonly maxDeliveries?: number
  readonly maxEntryBytes?: number
  /** A member that shows no life this long loses its entries to another. Default 10 s. */
  readonly claimIdleMs?: number
  /** How long start() waits for the first connection. Default 5 s. */
  readonly startDeadlineMs?: number
  /** How long a publish is resent before its caller hears about it. Default 10 s. */
  readonly publishDeadlineMs?: number
  /** Bytes that may wait behind those in flight. Default 4 MB. */
  readonly maxQueuedBytes?: number
  /** Also find streams that are not in the registry, by SCAN. Default false. */
  readonly scanForeign?: boolean
}

export interface RedisBus extends MessageBus {
  /** What Redis tells of itself (INFO), as it wrote it. @throws BUS_UNAVAILABLE, BUS_REFUSED without the right to ask */
  info(): Promise<string>
}

/** Creates the Redis bus; start() connects. @throws CONFIG_INVALID */
export function createRedisBus(options: RedisBusOptions): RedisBus {
  const { clock, name } = options
  const target = parseRedisTarget(options.url)
  const random = options.random ?? systemRandom
  const maxEntryBytes = options.maxEntryBytes ?? MAX_ENTRY_BYTES
  const counters = { delivered: 0, redelivered: 0, deadLettered: 0 }
  const subscriptions = new Set<Subscription>()
  const connections = new Set<AnyConnection>()
  let state: BusState | 'created' = 'created'
  let admin: RedisConnection | null = null
  let writing: RedisConnection | null = null
  let registry: TopicRegistry | null = null
  let undoHeartbeat: () => void = () => undefined
  let starting: Promise<void> | null = null
  let stopping: Promise<void> | null = null

  const health = createBusHealth({ clock, connections, counters, writer: () => writer })
  const writer = createRedisWriter({
    target,
    clock,
    publishDeadlineMs: options.publishDeadlineMs ?? 10_000,
    maxQueuedBytes: options.maxQueuedBytes ?? 4_194_304,
    onRefused: (error) => health.noteRefusal(error),
  })

  const keep = <Client extends RedisClient>(
    role: string,
    dial: () => Client,
    onChange: (connection: RedisConnection<Client>) => void,
  ): RedisConnection<Client> => {
    const connection: RedisConnection<Client> = createRedisConnection({
      target,
      role,
      dial,
      clock,
      random,
      onChange: (changed) => {
        onChange(changed)
        health.update()
      },
      onStopped: (gone) => {
        connections.delete(gone)
        health.update()
      },
    })
    connections.add(connection)
    return connection
  }
  const connect = (role: string, onChange: (connection: RedisConnection) => void): RedisConnection =>
    keep(role, () => new Redis({ ...redisOptionsOf(target, `${name}:${role}`), replyMapping: 'legacy' }), onChange)

  const startOnce = async (signal?: AbortSignal): Promise<void> => {
    if (signal?.aborted) throw aborted('start')
    admin = connect('admin', () => undefined)
    writing = connect('write', (connection) => writer.onChange(connection))
    const deadlineMs = options.startDeadlineMs ?? CALL_DEADLINE_MS
    try {
      await Promise.all([firstUp(admin, deadlineMs, signal), firstUp(writing, deadlineMs, signal)])
    } catch (error) {
      await Promise.all([admin.stop(), writing.stop()])
      starting = null
      throw toRedisError(error, target)
    }
    registry = createTopicRegistry({
      connection: admin,
      clock,
      own: writer.topics,
      scanForeign: options.scanForeign ?? false,
    })
    // An idle connection shows no fault by itself: a PING each 250 ms makes a black hole visible in 1.2 s.
    const adminNow = admin
    undoHeartbeat = clock.every(HEARTBEAT_MS, () => void adminNow.current?.ping().catch(() => undefined))
    state = 'up'
    health.begin()
  }

  /** Waits for the first connection, but not for a refusal to change its mind. */
  const firstUp = async (connection: RedisConnection, deadlineMs: number, signal?: AbortSignal): Promise<void> => {
    const endMs = clock.monotonicMs() + deadlineMs
    for (;;) {
      const leftMs = endMs - clock.monotonicMs()
      const refused = connection.failure?.code === 'BUS_REFUSED' ? connection.failure : null
      if (refused) throw refused
      if (leftMs <= 0) throw connection.failure ?? new AppError('BUS_UNAVAILABLE', `no Redis at ${target.label}`)
      try {
        await connection.whenUp(Math.min(leftMs, 50), signal)
        return
      } catch (error) {
        if (signal?.aborted) throw error
      }
    }
  }

  const running = (what: string): { admin: RedisConnection; registry: TopicRegistry } => {
    assertRunning(state, what)
    return { admin: admin as RedisConnection, registry: registry as TopicRegistry }
  }

  /** What Redis answers leaves this room only as an error of the catalogue. */
  const translated = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw toRedisError(error, target)
    }
  }

  const contextOf = (parts: { admin: RedisConnection; registry: TopicRegistry }): ReaderContext => ({
    ...parts,
    clock,
    random,
    name,
    target,
    counters,
    maxDeliveries: options.maxDeliveries ?? DEFAULT_MAX_DELIVERIES,
    maxEntryBytes,
    claimIdleMs: options.claimIdleMs ?? 10_000,
    connect,
    connectLink: (role, onChange) =>
      keep(role, () => createStreamLink({ target, name: `${name}:${role}`, clock, maxEntryBytes }), onChange),
    async publishDead(letter) {
      await writer.publish(DEAD_TOPIC, letter, assertMessage(letter, maxEntryBytes * 2))
    },
    onStopped: (subscription) => void subscriptions.delete(subscription),
    noteRefusal: (error) => health.noteRefusal(error),
  })

  const stopOnce = async (deadlineMs: number): Promise<void> => {
    await starting?.catch(() => undefined)
    state = 'stopped'
    health.end()
    await Promise.all([...subscriptions].map((subscription) => subscription.stop(deadlineMs)))
    await writer.stop(deadlineMs)
    undoHeartbeat()
    // The connections' end settles what the registry still waits for.
    await Promise.all([registry?.stop(), admin?.stop(), writing?.stop()])
  }

  return {
    capabilities: Object.freeze({ durable: true, shared: true, trimming: true, maxEntryBytes }),
    start(signal) {
      if (state === 'stopped' || stopping)
        return Promise.reject(new AppError('BUS_STOPPED', 'start: the bus is stopped'))
      return (starting ??= startOnce(signal))
    },
    async publish(topic, message, publishOptions) {
      running('publish')
      assertTopic(topic)
      return writer.publish(topic, message, assertMessage(message, maxEntryBytes), publishOptions)
    },
    async subscribe(topic, consumer, subscribeOptions) {
      const parts = running('subscribe')
      const pattern = parseTopicPattern(topic)
      assertSubscribeOptions(subscribeOptions)
      const request = { pattern, consumer, options: subscribeOptions }
      const create = subscribeOptions.mode === 'shared' ? createSharedReader : createBroadcastReader
      const subscription = await translated(create(contextOf(parts), request))
      subscriptions.add(subscription)
      if (stopping || subscribeOptions.signal?.aborted) {
        await subscription.stop(0)
        subscriptions.delete(subscription)
        throw stopping ? new AppError('BUS_STOPPED', 'subscribe: the bus is stopped') : aborted('subscribe')
      }
      return subscription
    },
    async read(topic, range) {
      const parts = running('read')
      assertTopic(topic)
      return readRange(parts.admin, target, topic, range)
    },
    async topics() {
      return translated(running('topics').registry.list())
    },
    async groups(topic) {
      const parts = running('groups')
      assertTopic(topic)
      return translated(readGroupStates(parts.admin, topic))
    },
    info: async () => String(await translated(running('info').admin.call(['INFO']))),
    async nowMs() {
      const reply = await translated(running('nowMs').admin.call(['TIME']))
      const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : []
      return (seconds as number) * 1_000 + (micros as number) / 1_000
    },
    health: () => health.now(),
    onState: (listener) => health.onState(listener),
    stop: (deadlineMs = 5_000) => (stopping ??= stopOnce(deadlineMs)),
  }
}

/** Chance for jitter and names; nothing here is a secret. */
const systemRandom = (): number => (globalThis.crypto.getRandomValues(new Uint32Array(1))[0] as number) / 2 ** 32
