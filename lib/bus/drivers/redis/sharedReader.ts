/*
 * sharedReader: one member of a consumer group over the topics of a pattern, on its own blocking connection.
 * In: XREADGROUP, own pending entries first after every reconnect. Out: each entry to exactly one member at a time.
 * Invariant: an entry delivered to a dead call is found again in our own pending list; a lost group is rebuilt from our cursor.
 * Source: docs/bus.md "shared groups"; docs/adr/0003-redis-streams-semantics.md.
 */
import { type AppError, isAppError } from '../../../contracts/appError.ts'
import { withDeadline } from '../../../primitives/deadline.ts'
import { createConsumerLane, type Place } from '../../consumerLane.ts'
import type { Delivery, GroupState, Subscription, TopicLag } from '../../messageBus.ts'
import { createSubscriptionHandle } from '../../subscriptionHandle.ts'
import { callbacksOf, isCursor, toConsumerError } from '../../subscriptionRules.ts'
import { BLOCK_MS, LOADING_RETRY_MS, refusedDelayMs, WILDCARD_BLOCK_MS } from './connectionProfile.ts'
import { dropForeignTypes } from './foreignTypes.ts'
import { readGroupStates } from './groupStates.ts'
import { createPendingEntries } from './pendingEntries.ts'
import type { RedisConnection, RedisReply } from './redisConnection.ts'
import { redisAnswerOf, toRedisError } from './redisErrors.ts'
import type { ReaderContext, ReaderRequest } from './readerContext.ts'
import { compareIds, idMs, toDelivery } from './streamEntry.ts'
import { readLastId, readStreamState } from './streamState.ts'

interface Source {
  readonly topic: string
  readonly place: Place
  /** Newest id the group handed to us: where a lost group is rebuilt. */
  lastId: string
  /** Own pending entries are still to be read on this connection. */
  ownPending: boolean
}

/** Creates the member; resolves when its groups exist. @throws BUS_UNAVAILABLE, BUS_REFUSED, BUS_ABORTED */
export async function createSharedReader(context: ReaderContext, request: ReaderRequest): Promise<Subscription> {
  const { clock, admin, counters } = context
  const { pattern, options } = request
  const group = options.group as string
  const member = options.member ?? `${context.name}-${Math.floor(context.random() * 2 ** 48).toString(36)}`
  const tellOf = callbacksOf(options)
  const sources = new Map<string, Source>()
  const banned = new Set<string>()
  const queue: Delivery[] = []
  const halt = new AbortController()
  let clientId: number | null = null
  let generation = 0
  let refusals = 0
  let ticking: Promise<void> | null = null

  const lane = createConsumerLane(request.consumer, options.maxInFlight ?? 1, (delivery, _place, failure) => {
    counters.delivered += 1
    if (delivery.deliveryCount > 1) counters.redelivered += 1
    if (failure === null) pending.settle(delivery)
    else {
      const error = toConsumerError(failure.error, delivery)
      tellOf.error(error, delivery)
      pending.fail(delivery, error)
    }
    if (!pumping) pump()
  })

  const pending = createPendingEntries(context, {
    group,
    member,
    again: (delivery) => offer(delivery),
    onTrimmed: (topic, ids) => reportTrimmed(topic, ids),
  })

  const offer = (delivery: Delivery): void => {
    if (halt.signal.aborted || !pending.take(delivery)) return
    // Its consumers died so often that nobody could even report a failure: it must not get another one.
    if (delivery.deliveryCount > context.maxDeliveries) {
      pending.fail(delivery, toConsumerError(new Error('every member that took it went silent'), delivery))
      return
    }
    queue.push(delivery)
    pump()
  }

  const reportTrimmed = (topic: string, ids: readonly string[]): void => {
    tellOf.gap({ topic, after: ids[0] ?? '0-0', firstAvailable: ids.at(-1) ?? '0-0', missing: ids.length })
  }

  let pumping = false
  const pump = (): void => {
    pumping = true
    while (!lane.full && !halt.signal.aborted) {
      const delivery = queue.shift()
      if (!delivery) break
      const source = sources.get(delivery.topic)
      lane.hand(delivery, source?.place ?? { topic: delivery.topic, cursor: null, open: [] })
    }
    pumping = false
    if (queue.length === 0 && !lane.full) {
      const due = onRoom
      onRoom = null
      due?.()
    }
  }
  let onRoom: (() => void) | null = null
  const untilRoom = (): Promise<void> =>
    queue.length === 0 && !lane.full ? Promise.resolve() : new Promise((resolve) => (onRoom = resolve))

  const createGroup = async (topic: string, startId: string): Promise<boolean> => {
    try {
      await admin.call(['XGROUP', 'CREATE', topic, group, startId, 'MKSTREAM'])
      return true
    } catch (error) {
      if (redisAnswerOf(error) === 'busy-group') return false
      throw toRedisError(error, context.target)
    }
  }

  const groupState = async (topic: string): Promise<GroupState | undefined> =>
    (await readGroupStates(admin, topic)).find((one) => one.group === group)

  const addTopic = async (topic: string, from: string): Promise<void> => {
    if (sources.has(topic)) return
    const startId = from === 'earliest' ? '0-0' : isCursor(from) ? from : await readLastId(admin, topic)
    const created = await createGroup(topic, startId)
    // In a group that exists already our own cursor is unknown: what the group had, not its start, is what counts.
    const lastId = created ? startId : ((await groupState(topic).catch(() => undefined))?.cursor ?? '0-0')
    sources.set(topic, { topic, place: { topic, cursor: null, open: [] }, lastId, ownPending: true })
    if (pattern.wildcard) tellOf.topic(topic)
  }

  /** NOGROUP or UNBLOCKED: the stream or the group is gone. Rebuild from what we know, never from `$`, and say so. */
  const rebuild = async (): Promise<void> => {
    for (const source of sources.values()) {
      const state = await readStreamState(admin, source.topic)
      const lost = state !== null && compareIds(state.lastId, source.lastId) < 0
      if (!(await createGroup(source.topic, lost ? '0-0' : source.lastId))) continue
      const firstAvailable = state?.firstId ?? state?.lastId ?? '0-0'
      tellOf.gap({ topic: source.topic, after: source.lastId, firstAvailable, missing: null })
    }
  }

  const accept = async (reply: RedisReply, own: boolean): Promise<number> => {
    let seen = 0
    for (const stream of Array.isArray(reply) ? reply : []) {
      const [name, list] = stream as [Buffer, RedisReply[]]
      const topic = name.toString('latin1')
      const source = sources.get(topic)
      for (const entry of list) {
        const [id, fields] = entry as [Buffer, Buffer[] | null]
        const cursor = id.toString('latin1')
        seen += 1
        if (source && compareIds(cursor, source.lastId) > 0) source.lastId = cursor
        if (!Array.isArray(fields)) {
          pending.discard(topic, cursor)
          reportTrimmed(topic, [cursor])
          continue
        }
        const deliveries = own ? await pending.deliveriesOf(topic, cursor) : 1
        offer(toDelivery(topic, id, fields, deliveries))
      }
    }
    return seen
  }

  /** What a dead connection had been given is in our own pending list: it comes before anything new. */
  const readOwnPending = async (redis: NonNullable<RedisConnection['current']>): Promise<void> => {
    for (const source of sources.values()) {
      if (!source.ownPending) continue
      let after = '0-0'
      for (;;) {
        const args = ['GROUP', group, member, 'COUNT', 100, 'STREAMS', source.topic, after] as const
        const reply = (await redis.callBuffer('XREADGROUP', ...args)) as unknown as RedisReply
        const list = (Array.isArray(reply) ? (reply[0] as RedisReply[])[1] : []) as RedisReply[]
        if (list.length === 0) break
        after = String((list.at(-1) as RedisReply[])[0])
        await accept(reply, true)
      }
      source.ownPending = false
    }
  }

  const readOnce = async (): Promise<void> => {
    const redis = await reader.whenUp(60_000, halt.signal)
    if (reader.generation !== generation) {
      generation = reader.generation
      clientId = Number(await redis.client('ID').catch(() => 0)) || null
      for (const source of sources.values()) source.ownPending = true
    }
    await readOwnPending(redis)
    await untilRoom()
    if (halt.signal.aborted) return
    const topics = [...sources.keys()]
    const blockMs = pattern.wildcard ? WILDCARD_BLOCK_MS : BLOCK_MS
    const args = ['GROUP', group, member, 'COUNT', Math.min(lane.free, 500), 'BLOCK', blockMs, 'STREAMS', ...topics]
    const reply = await redis.callBuffer('XREADGROUP', ...args, ...topics.map(() => '>'))
    refusals = 0
    if (!halt.signal.aborted) await accept(reply as unknown as RedisReply, false)
  }

  const recover = async (error: unknown): Promise<void> => {
    const kind = redisAnswerOf(error)
    if (kind === 'no-group' || kind === 'no-key') return rebuild()
    if (kind === 'wrong-type') return dropForeignTypes(admin, sources, banned, (error) => tellOf.error(error, null))
    if (kind === 'connection') {
      await clock.sleep(LOADING_RETRY_MS / 4, halt.signal).catch(() => undefined)
      return
    }
    const refusal: AppError = toRedisError(error, context.target)
    context.noteRefusal(refusal)
    tellOf.error(refusal, null)
    refusals += 1
    await clock.sleep(refusedDelayMs(refusals, context.random), halt.signal).catch(() => undefined)
  }

  const run = async (): Promise<void> => {
    while (!halt.signal.aborted) {
      if (sources.size === 0) {
        await clock.sleep(LOADING_RETRY_MS, halt.signal).catch(() => undefined)
        continue
      }
      try {
        await readOnce()
      } catch (error) {
        if (!halt.signal.aborted) await recover(error).catch(() => undefined)
      }
    }
  }

  /** One key that is no stream must not keep the others from being read. */
  const adopt = async (topics: readonly string[], fromOf: (topic: string) => string): Promise<void> => {
    for (const topic of topics) {
      if (halt.signal.aborted || !pattern.matches(topic) || sources.has(topic) || banned.has(topic)) continue
      await addTopic(topic, fromOf(topic)).catch((error: unknown) => {
        const cause = isAppError(error) ? error.cause : error
        if (redisAnswerOf(cause) !== 'wrong-type') throw error
        banned.add(topic)
        tellOf.error(toRedisError(cause, context.target), null)
      })
    }
  }

  let unwatch: () => void = () => undefined
  if (pattern.wildcard) {
    await adopt(await context.registry.list(), (topic) => options.cursors?.[topic] ?? options.from ?? 'latest')
    // A topic born after the subscription is read from its first entry. What fails is tried again with the next change.
    unwatch = context.registry.watch((topics) => {
      adopt(topics, () => 'earliest').catch((error: unknown) => tellOf.error(toRedisError(error, context.target), null))
    })
  } else await addTopic(pattern.text, options.cursors?.[pattern.text] ?? options.from ?? 'latest')

  const reader = context.connect(`group-${group}`, () => undefined)
  const running = run()
  const undoTick = clock.every(Math.max(20, Math.min(1_000, context.claimIdleMs / 6)), () => {
    if (ticking || !admin.current) return
    ticking = pending
      .tick([...sources.keys()], lane.free - queue.length)
      .catch(() => undefined)
      .finally(() => (ticking = null))
  })

  const stopOnce = async (deadlineMs: number): Promise<void> => {
    unwatch()
    undoTick()
    halt.abort(new Error('stopped'))
    onRoom?.()
    if (deadlineMs > 0) await withDeadline(clock, lane.whenIdle(), deadlineMs)
    lane.close()
    pending.close()
    // The read in progress is ended on the server, not cut: an entry given to a cut connection would wait for a claim.
    if (clientId !== null && admin.current)
      await admin.call(['CLIENT', 'UNBLOCK', clientId], 500).catch(() => undefined)
    await withDeadline(clock, running, reader.current ? BLOCK_MS * 2 : 1)
    await reader.stop()
    // Calls still waiting for a lost administrative connection end with it: they must not hold up the stop.
    await withDeadline(clock, Promise.all([running, ticking]), 500)
    if (admin.current) await withDeadline(clock, pending.release([...sources.keys()]), 1_000)
    context.onStopped(subscription)
  }
  const lagOf = async ({ topic }: Source): Promise<TopicLag> => {
    const [newestId, state] = await Promise.all([readLastId(admin, topic), groupState(topic)])
    const cursor = state?.cursor ?? null
    const newest = newestId === '0-0' ? null : newestId
    const isLevel = newest === cursor
    return {
      topic,
      cursor,
      newest,
      entries: isLevel ? 0 : (state?.entries ?? null),
      behindMs: isLevel ? 0 : cursor === null || newest === null ? null : idMs(newest) - idMs(cursor),
      unsettled: state?.unsettled ?? 0,
    }
  }

  const subscription = createSubscriptionHandle({
    places: () => [...sources.values()].map((source) => source.place),
    lag: () => Promise.all([...sources.values()].map(lagOf)),
    signal: options.signal,
    stopOnce,
  })
  return subscription
}
