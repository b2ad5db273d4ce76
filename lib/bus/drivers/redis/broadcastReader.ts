/*
 * broadcastReader: one subscription that sees every entry: plain XREAD over many streams on its own connection.
 * In: topics of a pattern, cursors. Out: deliveries in order, handed over while the rest of the reply is still coming in.
 * Invariant: the cursor moves only over entries that were handed over, so a cut or restart neither loses nor repeats one.
 * Source: docs/bus.md "broadcast"; docs/adr/0003-redis-streams-semantics.md.
 */
import { AppError } from '../../../contracts/appError.ts'
import { withDeadline } from '../../../primitives/deadline.ts'
import { createConsumerLane, type Place } from '../../consumerLane.ts'
import type { Delivery, Subscription } from '../../messageBus.ts'
import { createSubscriptionHandle } from '../../subscriptionHandle.ts'
import { callbacksOf, isCursor, toConsumerError } from '../../subscriptionRules.ts'
import { createBroadcastSources, type Source } from './broadcastSources.ts'
import { BLOCK_MS, LOADING_RETRY_MS, refusedDelayMs, WILDCARD_BLOCK_MS } from './connectionProfile.ts'
import type { EntrySink } from './entriesReader.ts'
import { dropForeignTypes } from './foreignTypes.ts'
import { redisAnswerOf, toRedisError } from './redisErrors.ts'
import type { ReaderContext, ReaderRequest } from './readerContext.ts'
import { toBorrowedDelivery } from './streamEntry.ts'
import type { StreamLink } from './streamLink.ts'
import { readStreamState } from './streamState.ts'

const MAX_COUNT = 1_000
const MIN_COUNT = 16
/** Aim of one read: large enough to amortise the call, small enough to keep memory and the event loop calm. */
const BATCH_BYTES = 4_194_304
/**
 * A reader that was busy this long between two reads may have been overtaken by trimming and looks before it reads on.
 * While it is blocked in XREAD it can not be. Readers of many streams look less often: one XINFO per stream each time.
 */
const AWAY_MS = 2
const AWAY_OF_MANY_MS = 250
const MANY_STREAMS = 16
/** XINFO carries two whole entries, and a reader of large ones comes back late only because they are large. */
const AWAY_OF_LARGE_MS = 100
const LARGE_BYTES = 4_096
/** Every XREAD names every stream: beyond this a polluted registry would cost the neighbours more than it is worth. */
const MAX_STREAMS = 8_192

/** Creates the subscription; resolves when its starting cursors are fixed. @throws BUS_UNAVAILABLE, BUS_ABORTED */
export async function createBroadcastReader(context: ReaderContext, request: ReaderRequest): Promise<Subscription> {
  const { clock, admin, counters } = context
  const { pattern, options } = request
  const tellOf = callbacksOf(options)
  const banned = new Set<string>()
  const halt = new AbortController()
  const sources = createBroadcastSources({ nowMs: () => clock.monotonicMs(), onGap: (gap) => tellOf.gap(gap) })
  let batchCount = 64
  let meanBytes = 0
  let refusals = 0
  let onTopicAdded: (() => void) | null = null

  const lane = createConsumerLane(request.consumer, options.maxInFlight ?? 1, (delivery, _place, failure) => {
    counters.delivered += 1
    if (failure) tellOf.error(toConsumerError(failure.error, delivery), delivery)
  })

  let leftOut = 0
  const addSource = (topic: string, cursor: string, readCount: number | null, resumed: boolean): void => {
    if (sources.get(topic) || banned.has(topic)) return
    if (sources.size >= MAX_STREAMS) {
      leftOut += 1
      if (leftOut > 1) return
      const text = `more than ${MAX_STREAMS} topics match ${pattern.text}: the others, ${topic} first, are not read`
      return tellOf.error(new AppError('BUS_REFUSED', text, { topic }), null)
    }
    sources.add(topic, cursor, readCount, resumed)
    if (pattern.wildcard) tellOf.topic(topic)
    onTopicAdded?.()
  }

  /** Fixes where a topic that exists now is read from. */
  const start = async (topic: string): Promise<void> => {
    const from = options.cursors?.[topic] ?? options.from ?? 'latest'
    if (isCursor(from)) return addSource(topic, from, null, true)
    const state = await readStreamState(admin, topic)
    if (from === 'earliest')
      return addSource(topic, '0-0', state?.added == null ? null : state.added - state.length, false)
    if (state) return addSource(topic, state.lastId, state.added, false)
    const newest = await admin.call(['XREVRANGE', topic, '+', '-', 'COUNT', '1'])
    const first = Array.isArray(newest) ? newest[0] : null
    addSource(topic, Array.isArray(first) ? String(first[0]) : '0-0', null, false)
  }

  const refuse = (delivery: Delivery, bytes: number): void => {
    const { topic, cursor } = delivery
    const text = `entry ${topic} ${cursor} holds ${bytes} bytes, ${context.maxEntryBytes} are accepted`
    tellOf.error(new AppError('CONTRACT_TOO_LARGE', text, { topic, cursor }), { ...delivery, data: new Uint8Array(0) })
  }

  /** Of the reply under way: the stream whose part it is, and what came so far. */
  const reply = { source: null as Source | null, listed: 0, entries: 0, bytes: 0, streams: 0, fromMs: 0 }
  let link: StreamLink | null = null

  const endStream = (): void => {
    if (reply.source) sources.taken(reply.source, reply.listed >= batchCount, toleratedMs())
    reply.source = null
  }

  const count = (source: Source, cursor: string, bytes: number): void => {
    sources.take(source, cursor)
    reply.entries += 1
    reply.bytes += bytes + 64
  }

  const sink: EntrySink = {
    ready() {
      if (halt.signal.aborted) return false
      if (!lane.full) return true
      void lane.whenFree().then(() => link?.resume())
      return false
    },
    stream(topic, entries) {
      endStream()
      if (reply.streams === 0) reply.fromMs = clock.monotonicMs()
      reply.streams += 1
      reply.listed = entries
      reply.source = sources.get(topic) ?? null
      if (reply.source) sources.begin(reply.source)
    },
    entry(cursor, parts) {
      const { source } = reply
      if (!source) return
      const delivery = toBorrowedDelivery(source.topic, cursor, parts)
      const { length } = delivery.data
      count(source, cursor, length)
      if (length > context.maxEntryBytes) refuse(delivery, length)
      else lane.hand(delivery, source.place)
    },
    oversized(cursor, bytes) {
      const { source } = reply
      if (!source) return
      count(source, cursor, bytes)
      refuse(toBorrowedDelivery(source.topic, cursor, NO_PARTS), bytes)
    },
    borrowed: () => lane.inFlight > 0,
  }

  const readOnce = async (): Promise<void> => {
    link = await reader.whenUp(60_000, halt.signal)
    await sources.look(reader, halt.signal)
    if (halt.signal.aborted) return
    const list = [...sources.all()]
    const topics = list.map((source) => source.topic)
    const cursors = list.map((source) => source.cursor)
    const blockMs = pattern.wildcard ? WILDCARD_BLOCK_MS : BLOCK_MS
    Object.assign(reply, { source: null, entries: 0, bytes: 0, streams: 0 })
    const any = await link.readEntries(['COUNT', batchCount, 'BLOCK', blockMs, 'STREAMS', ...topics, ...cursors], sink)
    refusals = 0
    if (!any) return lookAtIdle()
    endStream()
    sources.settle()
    if (clock.monotonicMs() - reply.fromMs > toleratedMs()) sources.suspectAll()
    meanBytes = reply.bytes / Math.max(1, reply.entries)
    // COUNT holds for each stream: many streams that fill up at once share the aim.
    const share = BATCH_BYTES / Math.max(1, meanBytes) / Math.max(1, reply.streams)
    batchCount = Math.max(MIN_COUNT, Math.min(MAX_COUNT, Math.round(share)))
  }

  const toleratedMs = (): number => {
    if (sources.size > MANY_STREAMS) return AWAY_OF_MANY_MS
    return meanBytes > LARGE_BYTES ? AWAY_OF_LARGE_MS : AWAY_MS
  }

  /** Idle streams are looked at now and then: one that was deleted gives no sign of it. */
  let idleReads = 0
  const lookAtIdle = (): void => {
    sources.settle()
    sources.idle()
    idleReads += 1
    if (idleReads % (sources.size > MANY_STREAMS ? 40 : 4) !== 0) return
    for (const source of sources.all()) if (source.cursor !== '0-0') source.suspect = true
  }

  const recover = async (error: unknown): Promise<void> => {
    const kind = redisAnswerOf(error)
    sources.suspectAll()
    if (kind === 'wrong-type') return dropForeignTypes(reader, sources, banned, (error) => tellOf.error(error, null))
    if (kind === 'connection' || kind === 'no-group' || kind === 'no-key') {
      await clock.sleep(LOADING_RETRY_MS / 4, halt.signal).catch(() => undefined)
      return
    }
    const refusal = toRedisError(error, context.target)
    context.noteRefusal(refusal)
    tellOf.error(refusal, null)
    refusals += 1
    await clock.sleep(refusedDelayMs(refusals, context.random), halt.signal).catch(() => undefined)
  }

  const run = async (): Promise<void> => {
    while (!halt.signal.aborted) {
      if (sources.size === 0) await untilTopic()
      if (halt.signal.aborted) return
      try {
        await readOnce()
      } catch (error) {
        if (!halt.signal.aborted) await recover(error)
      }
    }
  }

  const untilTopic = (): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        onTopicAdded = null
        halt.signal.removeEventListener('abort', done)
        resolve()
      }
      onTopicAdded = done
      halt.signal.addEventListener('abort', done, { once: true })
    })

  // A topic that is not in this list was born after the subscription: the watcher reads it from its first entry.
  let unwatch: () => void = () => undefined
  if (pattern.wildcard) {
    // Streams that carry many layers first: they must not be the ones that find no room.
    const segments = (topic: string): number => topic.split('.').length
    const known = (await context.registry.list())
      .filter((topic) => pattern.matches(topic))
      .toSorted((a, b) => segments(a) - segments(b))
      .slice(0, MAX_STREAMS + 1)
    await Promise.all(
      known.map((topic) =>
        start(topic).catch((error: unknown) => {
          if (redisAnswerOf(error) !== 'wrong-type') throw error
          banned.add(topic)
          tellOf.error(toRedisError(error, context.target), null)
        }),
      ),
    )
    unwatch = context.registry.watch((topics) => {
      for (const topic of topics) {
        if (!pattern.matches(topic) || sources.get(topic) || halt.signal.aborted) continue
        const resume = options.cursors?.[topic]
        if (resume !== undefined && isCursor(resume)) addSource(topic, resume, null, true)
        else addSource(topic, '0-0', 0, false)
      }
    })
  } else await start(pattern.text)

  const reader = context.connectLink(`read-${pattern.text}`, () => sources.suspectAll())
  const running = run()

  const subscription = createSubscriptionHandle({
    places: () => places(sources.all()),
    lag: () => sources.lag(admin),
    signal: options.signal,
    async stopOnce(deadlineMs) {
      unwatch()
      halt.abort(new Error('stopped'))
      if (deadlineMs > 0) await withDeadline(clock, lane.whenIdle(), deadlineMs)
      lane.close()
      await reader.stop()
      await running
      context.onStopped(subscription)
    },
  })
  return subscription
}

const NO_PARTS = { bytes: Buffer.alloc(0), at: new Int32Array(0), pairs: 0 }

function* places(sources: Iterable<Source>): Iterable<Place> {
  for (const { place } of sources) yield place
}
