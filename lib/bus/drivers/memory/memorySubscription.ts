/*
 * memorySubscription: pumps entries of the in-process logs into one consumer lane, broadcast or shared.
 * In: the topics of the bus, a wake-up on every publish. Out: the Subscription of the port.
 * Invariant: a pump run never holds the event loop longer than a slice; a stopped subscription is never called again.
 * Source: docs/bus.md "in flight"; seed-design.md 3.1.
 */
import type { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import { withDeadline } from '../../../primitives/deadline.ts'
import { createConsumerLane, type Place } from '../../consumerLane.ts'
import type { BusMessage, Consumer, Delivery, SubscribeOptions, Subscription, TopicLag } from '../../messageBus.ts'
import { createSubscriptionHandle } from '../../subscriptionHandle.ts'
import { callbacksOf, retryDelayMs, toConsumerError } from '../../subscriptionRules.ts'
import type { TopicPattern } from '../../topicPattern.ts'
import { createSharedGroup, type SharedGroup } from './sharedGroup.ts'
import { parseCursor, type TopicLog } from './topicLog.ts'

/** Entries a pump hands over before it lets timers and I/O run. */
const SLICE_ENTRIES = 256
/** Entries of one topic before the next topic has its turn. */
const TURN_ENTRIES = 64

export interface MemoryCounters {
  delivered: number
  redelivered: number
  deadLettered: number
}

export interface MemoryWorld {
  readonly clock: Clock
  readonly logs: ReadonlyMap<string, TopicLog>
  /** The log of a topic, made when there is none: a group may exist before the first entry. */
  logOf(topic: string): TopicLog
  readonly counters: MemoryCounters
  readonly maxDeliveries: number
  /** Groups by topic, then name; they outlive their members. */
  groupOf(log: TopicLog, name: string, create: () => SharedGroup): SharedGroup
  /** Wakes the other members of a group. */
  wakeAll(): void
  publishDead(delivery: Delivery, group: string, error: AppError): BusMessage
  onStopped(subscription: MemorySubscription): void
}

export interface MemorySubscription extends Subscription {
  /** A topic came into being. */
  noticeTopic(log: TopicLog): void
  wake(): void
  isMemberOf(group: SharedGroup): boolean
}

interface Source {
  readonly log: TopicLog
  readonly place: Place
  readonly group: SharedGroup | null
  position: number
  /** Cursor of the last entry handed over, or where reading began. */
  last: string
}

/** Creates a running subscription over the topics that exist now and later. */
export function createMemorySubscription(
  world: MemoryWorld,
  pattern: TopicPattern,
  consumer: Consumer,
  options: SubscribeOptions,
): MemorySubscription {
  const shared = options.mode === 'shared'
  const groupName = options.group ?? ''
  const tellOf = callbacksOf(options)
  const sources = new Map<string, Source>()
  const self = {}
  let state: 'running' | 'stopping' | 'stopped' = 'running'
  let scheduled = false
  let undoRetryTimer: (() => void) | null = null

  const onSettled = (delivery: Delivery, _place: Place, failure: { readonly error: unknown } | null): void => {
    world.counters.delivered += 1
    if (delivery.deliveryCount > 1) world.counters.redelivered += 1
    const group = shared ? sources.get(delivery.topic)?.group : null
    if (failure === null) group?.settle(delivery.cursor)
    else onFailed(delivery, toConsumerError(failure.error, delivery), group ?? null)
    wake()
  }

  const onFailed = (delivery: Delivery, error: AppError, group: SharedGroup | null): void => {
    tellOf.error(error, delivery)
    if (!group) return
    if (delivery.deliveryCount >= world.maxDeliveries) {
      world.publishDead(delivery, groupName, error)
      world.counters.deadLettered += 1
      group.settle(delivery.cursor)
      return
    }
    group.retry(delivery.cursor, world.clock.monotonicMs() + retryDelayMs(delivery.deliveryCount))
    world.wakeAll()
  }

  const lane = createConsumerLane(consumer, options.maxInFlight ?? 1, onSettled)

  const next = (source: Source): Delivery | null => {
    const { log, group } = source
    if (group) {
      const gap = group.takeGap()
      if (gap) tellOf.gap({ topic: log.topic, ...gap })
      return group.take(self, world.clock.monotonicMs())
    }
    if (source.position < log.firstPosition) {
      const missing = log.firstPosition - source.position
      source.position = log.firstPosition
      const firstAvailable = log.at(source.position, 1)?.cursor ?? log.lastCursor
      tellOf.gap({ topic: log.topic, after: source.place.cursor ?? '0-0', firstAvailable, missing })
    }
    const delivery = log.at(source.position, 1)
    if (!delivery) return null
    source.position += 1
    source.last = delivery.cursor
    return delivery
  }

  const pump = (): void => {
    scheduled = false
    let handed = 0
    let progress = true
    while (progress && state === 'running' && handed < SLICE_ENTRIES) {
      progress = false
      for (const source of sources.values()) {
        for (let turn = 0; turn < TURN_ENTRIES && !lane.full && state === 'running'; turn++) {
          const delivery = next(source)
          if (!delivery) break
          lane.hand(delivery, source.place)
          handed += 1
          progress = true
        }
      }
    }
    if (state !== 'running') return
    if (progress) schedule()
    else armRetryTimer()
  }

  const armRetryTimer = (): void => {
    if (!shared) return
    undoRetryTimer?.()
    undoRetryTimer = null
    let dueMs: number | null = null
    for (const { group } of sources.values()) {
      const inMs = group?.nextDueMs(world.clock.monotonicMs()) ?? null
      if (inMs !== null && (dueMs === null || inMs < dueMs)) dueMs = inMs
    }
    if (dueMs !== null && !lane.full) undoRetryTimer = world.clock.after(Math.max(1, Math.ceil(dueMs)), wake)
  }

  const schedule = (): void => {
    scheduled = true
    setImmediate(pump)
  }

  const wake = (): void => {
    if (!scheduled && state === 'running') {
      scheduled = true
      queueMicrotask(pump)
    }
  }

  const addTopic = (log: TopicLog, from: string): void => {
    const cursor = options.cursors?.[log.topic] ?? from
    const position = startPosition(log, cursor)
    const place: Place = { topic: log.topic, cursor: parseCursor(cursor) ? cursor : null, open: [] }
    const group = shared ? world.groupOf(log, groupName, () => createSharedGroup(log, position)) : null
    const last = cursor === 'latest' ? log.lastCursor : (place.cursor ?? '0-0')
    sources.set(log.topic, { log, place, group, position, last })
    if (!shared) reportStartGap(log, cursor, place)
    if (pattern.wildcard) tellOf.topic(log.topic)
    wake()
  }

  const reportStartGap = (log: TopicLog, cursor: string, place: Place): void => {
    const at = parseCursor(cursor)
    if (!at || !log.isGapAfter(at.ms, at.n)) return
    const firstAvailable = log.at(log.firstPosition, 1)?.cursor ?? log.lastCursor
    tellOf.gap({ topic: log.topic, after: place.cursor ?? cursor, firstAvailable, missing: null })
  }

  const stopOnce = async (deadlineMs: number): Promise<void> => {
    state = 'stopping'
    undoRetryTimer?.()
    if (deadlineMs > 0 && lane.inFlight > 0) await withDeadline(world.clock, lane.whenIdle(), deadlineMs)
    lane.close()
    state = 'stopped'
    for (const { group } of sources.values()) group?.releaseAll(self)
    world.onStopped(subscription)
    world.wakeAll()
  }

  const lagOf = ({ log, place, group, position, last }: Source): TopicLag => {
    const state = group?.state()
    const cursor = state?.cursor ?? last
    const newest = log.lastCursor
    const entries = state?.entries ?? Math.max(0, log.endPosition - position)
    const [from, to] = [parseCursor(cursor), parseCursor(newest)]
    const behindMs = cursor === '0-0' ? null : (to?.ms ?? 0) - (from?.ms ?? 0)
    return {
      topic: log.topic,
      cursor: cursor === '0-0' ? null : cursor,
      newest: newest === '0-0' ? null : newest,
      entries,
      behindMs: entries === 0 ? 0 : behindMs,
      unsettled: state?.unsettled ?? place.open.reduce((sum, mark) => sum + (mark.settled ? 0 : 1), 0),
    }
  }

  const handle = createSubscriptionHandle({
    places: () => [...sources.values()].map((source) => source.place),
    lag: async () => [...sources.values()].map(lagOf),
    signal: options.signal,
    stopOnce,
  })
  const subscription: MemorySubscription = {
    ...handle,
    noticeTopic(log) {
      // A topic that did not exist at subscribe time is read from its first entry: `latest` was before it.
      if (state === 'running' && pattern.matches(log.topic) && !sources.has(log.topic)) addTopic(log, 'earliest')
    },
    wake,
    isMemberOf: (group) => [...sources.values()].some((source) => source.group === group),
  }

  const from = options.from ?? 'latest'
  if (!pattern.wildcard) addTopic(world.logOf(pattern.text), from)
  else for (const log of world.logs.values()) if (log.endPosition > 0 && pattern.matches(log.topic)) addTopic(log, from)
  return subscription
}

function startPosition(log: TopicLog, from: string): number {
  if (from === 'earliest') return log.firstPosition
  const at = parseCursor(from)
  return at ? log.positionAfter(at.ms, at.n) : log.endPosition
}
