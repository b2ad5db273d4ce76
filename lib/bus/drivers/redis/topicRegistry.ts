/*
 * topicRegistry: which topics exist, so that a wildcard can be answered although Redis Streams have none.
 * In: the set kasmina.topics (and SCAN for foreign streams when asked). Out: new topics to whoever watches.
 * Invariant: a new topic is told in one poll; our own topics come back into the set after a FLUSH.
 * Source: docs/protocol.md "topics"; docs/bus.md "wildcards".
 */
import type { Clock } from '../../../primitives/clock.ts'
import { isTopic } from '../../topicPattern.ts'
import { REGISTRY_POLL_MS } from './connectionProfile.ts'
import type { RedisConnection } from './redisConnection.ts'
import { TOPICS_KEY } from './redisWriter.ts'

/** More names than this are not ours: the rest is left out and said in `overflow`. */
const MAX_TOPICS = 100_000
const SCAN_COUNT = 1_000
/** Steps of the first look, which ends when the whole key space was seen once: 200,000 keys, about 0.2 s of one Redis. */
const FIRST_STEPS = 200
/** 32,000 keys a second: a new stream among 20,000 keys is found in under a second for about 2 % of one core of Redis. */
const STEPS_PER_POLL = 8

export interface TopicRegistry {
  /** The registry now, sorted and validated. */
  list(deadlineMs?: number): Promise<readonly string[]>
  /** Calls back with every topic list that differs from the one before; returns its undo. */
  watch(listener: (topics: readonly string[]) => void): () => void
  stop(): Promise<void>
}

export interface TopicRegistryOptions {
  readonly connection: RedisConnection
  readonly clock: Clock
  /** Topics this process publishes on. */
  readonly own: ReadonlySet<string>
  readonly scanForeign: boolean
}

/** Creates the registry; it polls only while someone watches or publishes. */
export function createTopicRegistry(options: TopicRegistryOptions): TopicRegistry {
  const { connection, clock } = options
  const listeners = new Set<(topics: readonly string[]) => void>()
  const foreign = new Set<string>()
  let scanCursor = '0'
  let looked = false
  let last = ''
  let polling: Promise<void> | null = null
  let stopped = false

  const readSet = async (deadlineMs?: number): Promise<string[]> => {
    const reply = await connection.call(['SMEMBERS', TOPICS_KEY], deadlineMs)
    const names = Array.isArray(reply) ? reply.slice(0, MAX_TOPICS).map(String) : []
    return names.filter(isTopic)
  }

  /** One bounded step of SCAN; streams that carry a valid topic name. */
  const scanStep = async (): Promise<void> => {
    const reply = await connection.call(['SCAN', scanCursor, 'COUNT', SCAN_COUNT, 'TYPE', 'stream'])
    if (!Array.isArray(reply)) return
    scanCursor = String(reply[0])
    const names = Array.isArray(reply[1]) ? reply[1] : []
    for (const name of names) if (foreign.size < MAX_TOPICS && isTopic(String(name))) foreign.add(String(name))
  }

  /** Everything once, so that what exists is known from the start; then a few steps per poll, at most once around. */
  const scan = async (): Promise<void> => {
    const steps = looked ? STEPS_PER_POLL : FIRST_STEPS
    for (let step = 0; step < steps; step++) {
      await scanStep()
      if (scanCursor === '0') break
    }
    looked = true
  }

  const list = async (deadlineMs?: number): Promise<readonly string[]> => {
    const names = new Set(await readSet(deadlineMs))
    if (options.scanForeign) {
      await scan()
      for (const name of foreign) names.add(name)
    }
    return [...names].sort()
  }

  /** After a FLUSH the set is gone while we go on publishing: put our own topics back. */
  const restoreOwn = async (known: readonly string[]): Promise<void> => {
    if (options.own.size === 0) return
    const present = new Set(known)
    const missing = [...options.own].filter((topic) => !present.has(topic))
    if (missing.length > 0) await connection.call(['SADD', TOPICS_KEY, ...missing])
  }

  const poll = async (): Promise<void> => {
    const topics = await list(REGISTRY_POLL_MS * 4)
    const text = topics.join('\n')
    if (text !== last) {
      last = text
      for (const listener of listeners) listener(topics)
    }
    await restoreOwn(topics)
  }

  const tick = (): void => {
    if (stopped || polling || !connection.current) return
    if (listeners.size === 0 && options.own.size === 0) return
    polling = poll()
      // A poll that failed is simply repeated: the connection's own health tells the operator.
      .catch(() => undefined)
      .finally(() => (polling = null))
  }
  const undo = clock.every(REGISTRY_POLL_MS, tick)

  return {
    list,
    watch(listener) {
      listeners.add(listener)
      last = ''
      return () => void listeners.delete(listener)
    },
    async stop() {
      stopped = true
      undo()
      await polling
    },
  }
}
