/*
 * broadcastReader: one subscription that sees every entry: plain XREAD over many streams on its own connection.
 * In: topics of a pattern, cursors. Out: deliveries in order, gaps with their size where it can be known.
 * Invariant: the cursor moves only over entries that were handed over, so a cut or restart neither loses nor repeats one.
 * Source: docs/bus.md "broadcast"; docs/adr/0003-redis-streams-semantics.md.
 */
import { AppError } from '../../../contracts/appError.ts'
import { withDeadline } from '../../../primitives/deadline.ts'
import { createConsumerLane, type Place } from '../../consumerLane.ts'
import type { Delivery, Subscription } from '../../messageBus.ts'
import { callbacksOf, isCursor, toConsumerError } from '../../subscriptionRules.ts'
import { BLOCK_MS, LOADING_RETRY_MS, refusedDelayMs, WILDCARD_BLOCK_MS } from './connectionProfile.ts'
import type { RedisConnection, RedisReply } from './redisConnection.ts'
import { redisAnswerOf, toRedisError } from './redisErrors.ts'
import type { ReaderContext, ReaderRequest } from './readerContext.ts'
import { toDelivery } from './streamEntry.ts'
import { judgeReader, readStreamState, type StreamState } from './streamState.ts'

const MAX_COUNT = 1_000
const MIN_COUNT = 16
/** Aim of one read: large enough to amortise the call, small enough to keep memory and the event loop calm. */
const BATCH_BYTES = 4_194_304
/**
 * A reader that was busy this long between two reads may have been overtaken by trimming and asks before it reads on.
 * While it is blocked in XREAD it can not be. Readers of many streams ask less often: one XINFO per stream each time.
 */
const AWAY_MS = 2
const AWAY_OF_MANY_MS = 250
const MANY_STREAMS = 16
/** XINFO carries two whole entries; large ones can not come fast enough to overtake anybody in less (2.2 GB/s at most). */
const AWAY_OF_LARGE_MS = 50
const LARGE_BYTES = 4_096
/** Every XREAD names every stream: beyond this a polluted registry would cost the neighbours more than it is worth. */
const MAX_STREAMS = 8_192

interface Source {
  readonly topic: string
  readonly place: Place
  /** Where the next XREAD starts. */
  cursor: string
  /** Entries ever added up to `cursor`; null when unknown. */
  readCount: number | null
  /** Trimming may have overtaken us: ask before the next read. */
  suspect: boolean
}

/** Creates the subscription; resolves when its starting cursors are fixed. @throws BUS_UNAVAILABLE, BUS_ABORTED */
export async function createBroadcastReader(context: ReaderContext, request: ReaderRequest): Promise<Subscription> {
  const { clock, admin, counters } = context
  const { pattern, options } = request
  const tellOf = callbacksOf(options)
  const sources = new Map<string, Source>()
  const banned = new Set<string>()
  const halt = new AbortController()
  let batchCount = 64
  let meanBytes = 0
  let refusals = 0
  let stopping: Promise<void> | null = null
  let onTopicAdded: (() => void) | null = null

  const lane = createConsumerLane(request.consumer, options.maxInFlight ?? 1, (delivery, _place, failure) => {
    counters.delivered += 1
    if (failure) tellOf.error(toConsumerError(failure.error, delivery), delivery)
  })

  let leftOut = 0
  const addSource = (topic: string, cursor: string, readCount: number | null, resumed: boolean): void => {
    if (sources.has(topic) || banned.has(topic)) return
    if (sources.size >= MAX_STREAMS) {
      leftOut += 1
      if (leftOut > 1) return
      const text = `more than ${MAX_STREAMS} topics match ${pattern.text}: the others, ${topic} first, are not read`
      return tellOf.error(new AppError('BUS_REFUSED', text, { topic }), null)
    }
    const place: Place = { topic, cursor: resumed ? cursor : null, open: [] }
    sources.set(topic, { topic, place, cursor, readCount, suspect: resumed })
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

  const judge = (source: Source, state: StreamState): void => {
    source.suspect = false
    const verdict = judgeReader(state, source.cursor, source.readCount)
    source.readCount = verdict.readCount
    if (verdict.kind === 'ok') return
    const missing = verdict.kind === 'trimmed' ? verdict.missing : null
    tellOf.gap({ topic: source.topic, after: source.cursor, firstAvailable: state.firstId ?? state.lastId, missing })
    if (verdict.kind === 'recreated') source.cursor = verdict.cursor
    else if (state.firstId === null) source.cursor = state.lastId
  }

  const judgeSuspects = async (): Promise<void> => {
    const suspects = [...sources.values()].filter((source) => source.suspect)
    await Promise.all(
      suspects.map(async (source) => {
        const state = await readStreamState(reader, source.topic)
        if (state && !halt.signal.aborted) judge(source, state)
        source.suspect = false
      }),
    )
  }

  /** Hands over one stream's part of a reply; returns the bytes it held. */
  const deliver = async (source: Source, entries: readonly RedisReply[]): Promise<number> => {
    let bytes = 0
    for (const entry of entries) {
      const [id, fields] = entry as [Buffer, Buffer[] | null]
      if (lane.full) await lane.whenFree()
      if (halt.signal.aborted) return bytes
      const delivery = toDelivery(source.topic, id, fields ?? [], 1)
      source.cursor = delivery.cursor
      if (source.readCount !== null) source.readCount += 1
      bytes += delivery.data.length + 64
      if (delivery.data.length > context.maxEntryBytes) refuse(delivery)
      else lane.hand(delivery, source.place)
    }
    return bytes
  }

  const refuse = (delivery: Delivery): void => {
    const { topic, cursor } = delivery
    const text = `entry ${topic} ${cursor} holds ${delivery.data.length} bytes, ${context.maxEntryBytes} are accepted`
    tellOf.error(new AppError('CONTRACT_TOO_LARGE', text, { topic, cursor }), { ...delivery, data: new Uint8Array(0) })
  }

  const readOnce = async (): Promise<void> => {
    const redis = await reader.whenUp(60_000, halt.signal)
    await judgeSuspects()
    const list = [...sources.values()]
    const blockMs = pattern.wildcard ? WILDCARD_BLOCK_MS : BLOCK_MS
    const args = [
      'COUNT',
      batchCount,
      'BLOCK',
      blockMs,
      'STREAMS',
      ...list.map((s) => s.topic),
      ...list.map((s) => s.cursor),
    ]
    const reply = (await redis.callBuffer('XREAD', ...args)) as unknown as RedisReply
    refusals = 0
    const answeredMs = clock.monotonicMs()
    if (Array.isArray(reply)) await deliverAll(reply)
    else lookAtIdle(list)
    if (clock.monotonicMs() - answeredMs > toleratedMs()) for (const source of sources.values()) source.suspect = true
  }

  const toleratedMs = (): number => {
    if (sources.size > MANY_STREAMS) return AWAY_OF_MANY_MS
    return meanBytes > LARGE_BYTES ? AWAY_OF_LARGE_MS : AWAY_MS
  }

  /** Idle streams are looked at now and then: one that was deleted gives no sign of it. */
  let idleReads = 0
  const lookAtIdle = (list: readonly Source[]): void => {
    idleReads += 1
    if (idleReads % (list.length > MANY_STREAMS ? 40 : 4) !== 0) return
    for (const source of list) if (source.cursor !== '0-0') source.suspect = true
  }

  const deliverAll = async (reply: readonly RedisReply[]): Promise<void> => {
    let bytes = 0
    let entries = 0
    for (const stream of reply) {
      const [name, list] = stream as [Buffer, RedisReply[]]
      const source = sources.get(name.toString('latin1'))
      if (!source) continue
      if (list.length >= batchCount) source.suspect = true
      entries += list.length
      bytes += await deliver(source, list)
      if (halt.signal.aborted) return
    }
    meanBytes = bytes / Math.max(1, entries)
    // COUNT holds for each stream: many streams that fill up at once share the aim.
    const share = BATCH_BYTES / Math.max(1, meanBytes) / Math.max(1, reply.length)
    batchCount = Math.max(MIN_COUNT, Math.min(MAX_COUNT, Math.round(share)))
  }

  const recover = async (error: unknown): Promise<void> => {
    const kind = redisAnswerOf(error)
    for (const source of sources.values()) source.suspect = true
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
        if (!pattern.matches(topic) || sources.has(topic) || halt.signal.aborted) continue
        const resume = options.cursors?.[topic]
        if (resume !== undefined && isCursor(resume)) addSource(topic, resume, null, true)
        else addSource(topic, '0-0', 0, false)
      }
    })
  } else await start(pattern.text)

  const reader = context.connect(`read-${pattern.text}`, () => {
    for (const source of sources.values()) source.suspect = true
  })
  const running = run()

  const stopOnce = async (deadlineMs: number): Promise<void> => {
    options.signal?.removeEventListener('abort', onAbort)
    unwatch()
    halt.abort(new Error('stopped'))
    if (deadlineMs > 0) await withDeadline(clock, lane.whenIdle(), deadlineMs)
    lane.close()
    await reader.stop()
    await running
    context.onStopped(subscription)
  }
  const onAbort = (): void => void subscription.stop(0)
  const subscription: Subscription = {
    topics: () => [...sources.keys()].sort(),
    cursors: () => {
      const cursors: Record<string, string> = {}
      for (const { place } of sources.values()) if (place.cursor !== null) cursors[place.topic] = place.cursor
      return cursors
    },
    stop: (deadlineMs = 5_000) => (stopping ??= stopOnce(deadlineMs)),
  }
  options.signal?.addEventListener('abort', onAbort, { once: true })
  if (options.signal?.aborted) onAbort()
  return subscription
}

/** Takes keys that are no streams out of a reader, so that one of them does not stop the others. */
export async function dropForeignTypes(
  connection: RedisConnection,
  sources: Map<string, unknown>,
  banned: Set<string>,
  onError: (error: AppError) => void,
): Promise<void> {
  for (const topic of sources.keys()) {
    const type = String(await connection.call(['TYPE', topic]).catch(() => 'stream'))
    if (type === 'stream' || type === 'none') continue
    sources.delete(topic)
    banned.add(topic)
    onError(new AppError('BUS_REFUSED', `the key ${topic} holds a ${type}, not a stream: it is not read`, { topic }))
  }
}
