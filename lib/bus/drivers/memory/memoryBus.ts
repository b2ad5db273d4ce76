/*
 * memoryBus: the bus inside one process, and the reference that says what every other driver must mean.
 * In: messages. Out: MessageBus with streams per topic, broadcast and shared reading, dead letters, trimming.
 * Invariant: payload bytes are copied at publish; nothing runs after stop; time comes from the clock alone.
 * Source: seed-design.md 3.1; docs/bus.md; docs/adr/0003-redis-streams-semantics.md.
 */
import type { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import { DEAD_TOPIC, toDeadLetter } from '../../deadLetter.ts'
import { assertMessage, MAX_ENTRY_BYTES } from '../../entryBounds.ts'
import type {
  BusHealth,
  BusMessage,
  BusState,
  Delivery,
  GroupState,
  MessageBus,
  PublishOptions,
  ReadRange,
  ReadResult,
} from '../../messageBus.ts'
import {
  aborted,
  assertRunning,
  assertSubscribeOptions,
  DEFAULT_MAX_DELIVERIES,
  tell,
} from '../../subscriptionRules.ts'
import { assertTopic, parseTopicPattern } from '../../topicPattern.ts'
import { readLog } from './readLog.ts'
import { createMemorySubscription, type MemorySubscription, type MemoryWorld } from './memorySubscription.ts'
import type { SharedGroup } from './sharedGroup.ts'
import { TopicLog } from './topicLog.ts'

export interface MemoryBusOptions {
  readonly clock: Clock
  readonly maxDeliveries?: number
  readonly maxEntryBytes?: number
  /** Entries kept per topic when the publisher names no maxLen; the fuse against an endless process. */
  readonly defaultMaxLen?: number
}

/** Creates the in-process bus. Not durable, not shared with other processes. */
export function createMemoryBus(options: MemoryBusOptions): MessageBus {
  const { clock } = options
  const maxEntryBytes = options.maxEntryBytes ?? MAX_ENTRY_BYTES
  const defaultMaxLen = options.defaultMaxLen ?? 20_000
  const logs = new Map<string, TopicLog>()
  const groups = new Map<TopicLog, Map<string, SharedGroup>>()
  const subscriptions = new Set<MemorySubscription>()
  const listeners = new Set<(health: BusHealth) => void>()
  const counters = { delivered: 0, redelivered: 0, deadLettered: 0 }
  let published = 0
  let state: BusState | 'created' = 'created'
  let sinceMs = clock.wallMs()
  let stopping: Promise<void> | null = null

  const health = (): BusHealth => ({
    state: state === 'created' ? 'starting' : state,
    driver: 'memory',
    sinceMs,
    cause: null,
    pendingPublishes: 0,
    published,
    ...counters,
    reconnects: 0,
  })

  const enter = (next: BusState): void => {
    state = next
    sinceMs = clock.wallMs()
    for (const listener of listeners) tell(listener, health())
  }

  const logOf = (topic: string): TopicLog => {
    let log = logs.get(topic)
    if (!log) logs.set(topic, (log = new TopicLog(topic)))
    return log
  }

  const append = (topic: string, message: BusMessage, maxLen: number): string => {
    const log = logOf(topic)
    const born = log.endPosition === 0
    const cursor = log.append(message, clock.wallMs())
    log.trim(maxLen)
    if (born) for (const subscription of subscriptions) subscription.noticeTopic(log)
    for (const subscription of subscriptions) subscription.wake()
    return cursor
  }

  const world: MemoryWorld = {
    clock,
    logs,
    logOf,
    counters,
    maxDeliveries: options.maxDeliveries ?? DEFAULT_MAX_DELIVERIES,
    groupOf(log, name, create) {
      let ofLog = groups.get(log)
      if (!ofLog) groups.set(log, (ofLog = new Map()))
      let group = ofLog.get(name)
      if (!group) ofLog.set(name, (group = create()))
      return group
    },
    wakeAll() {
      for (const subscription of subscriptions) subscription.wake()
    },
    publishDead(delivery: Delivery, group: string, error: AppError) {
      const letter = toDeadLetter(delivery, group, error)
      append(DEAD_TOPIC, letter, defaultMaxLen)
      return letter
    },
    onStopped: (subscription) => void subscriptions.delete(subscription),
  }

  const stopOnce = async (deadlineMs: number): Promise<void> => {
    enter('stopped')
    await Promise.all([...subscriptions].map((subscription) => subscription.stop(deadlineMs)))
    listeners.clear()
  }

  return {
    capabilities: Object.freeze({ durable: false, shared: false, trimming: true, maxEntryBytes }),
    async start(signal) {
      if (signal?.aborted) throw aborted('start')
      if (state === 'stopped') assertRunning(state, 'start')
      if (state === 'created') enter('up')
    },
    async publish(topic: string, message: BusMessage, publishOptions?: PublishOptions) {
      assertRunning(state, 'publish')
      assertTopic(topic)
      assertMessage(message, maxEntryBytes)
      if (publishOptions?.signal?.aborted) throw aborted('publish')
      const cursor = append(topic, keep(message), publishOptions?.maxLen ?? defaultMaxLen)
      published += 1
      return cursor
    },
    async subscribe(topic, consumer, subscribeOptions) {
      assertRunning(state, 'subscribe')
      const pattern = parseTopicPattern(topic)
      assertSubscribeOptions(subscribeOptions)
      const subscription = createMemorySubscription(world, pattern, consumer, subscribeOptions)
      subscriptions.add(subscription)
      subscription.wake()
      return subscription
    },
    async read(topic: string, range: ReadRange): Promise<ReadResult> {
      assertRunning(state, 'read')
      assertTopic(topic)
      return readLog(logs.get(topic), topic, range)
    },
    async topics() {
      assertRunning(state, 'topics')
      return [...logs.values()]
        .filter((log) => log.endPosition > 0)
        .map((log) => log.topic)
        .sort()
    },
    async groups(topic) {
      assertRunning(state, 'groups')
      assertTopic(topic)
      const log = logs.get(topic)
      const ofLog = log === undefined ? undefined : groups.get(log)
      const stateOf = ([name, group]: [string, SharedGroup]): GroupState => {
        const { cursor, ...counts } = group.state()
        const members = [...subscriptions].filter((one) => one.isMemberOf(group)).length
        return { group: name, members, cursor: cursor === '0-0' ? null : cursor, ...counts }
      }
      return [...(ofLog ?? [])].map(stateOf).toSorted((a, b) => (a.group < b.group ? -1 : 1))
    },
    nowMs: async () => clock.wallMs(),
    health,
    onState(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop: (deadlineMs = 5_000) => (stopping ??= stopOnce(deadlineMs)),
  }
}

/** The log's own copy: the publisher may reuse its buffer as soon as publish settles. Absent stays absent. */
function keep(message: BusMessage): BusMessage {
  const { type, enc, src, epoch, seq, trace, sig, key } = message
  return {
    type,
    data: message.data.slice(),
    ...(enc === undefined ? {} : { enc }),
    ...(src === undefined ? {} : { src }),
    ...(epoch === undefined ? {} : { epoch }),
    ...(seq === undefined ? {} : { seq }),
    ...(trace === undefined ? {} : { trace }),
    ...(sig === undefined ? {} : { sig }),
    ...(key === undefined ? {} : { key }),
  }
}
