/*
 * busFeed: what the gateway hears on the bus: answers, presence, transitions, and the health of what it just resumed. No telemetry.
 * In: deliveries. Out: the same as calls; how far acks were read.
 * Invariant: a bad entry is passed over (ingest counts it) and never ends the feed; an answer counts only on the stream of the layer it speaks
 * for, which is where a user of the bus can be kept to its own; an absent bus is tried again for ever, and nothing waits for it: the direct
 * lines work before it is there.
 * Source: docs/architecture.md "command flow".
 */
import { decodeEntry } from '../../lib/bus/codec.ts'
import type { Consumer, Delivery, MessageBus, Subscription } from '../../lib/bus/messageBus.ts'
import { FOREIGN_PREFIX, parseForeignTopic } from '../../lib/compat/v2/foreignTopic.ts'
import { readV2Entry } from '../../lib/compat/v2/readEntry.ts'
import type { Heartbeat, ServiceAnnouncement } from '../../lib/contracts/control.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { CommandOutcome, CommandResult } from '../../lib/contracts/outcomes.ts'
import { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { LayerHealthReport } from '../../lib/contracts/telemetry.ts'
import { topicName, TOPICS, topicPattern } from '../../lib/contracts/topics.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

export interface BusFeedHandlers {
  outcome(outcome: CommandOutcome): void
  /** The answer of a v2 layer. */
  result(result: CommandResult, layerId: string | null): void
  announcement(message: ServiceAnnouncement, heardWallMs: number): void
  heartbeat(message: Heartbeat, heardWallMs: number): void
  run(descriptor: RunDescriptor): void
  moved(layerId: string): void
  health(report: LayerHealthReport): void
  /** v2 layers by our id, with their own name. */
  foreign(layers: ReadonlyMap<string, string>): void
}

export interface BusFeed {
  start(): void
  stop(deadlineMs: number): Promise<void>
  ackCursors(): Readonly<Record<string, string>>
  /** Reads health reports only while somebody needs them. */
  watchHealth(wanted: boolean): void
}

export interface BusFeedOptions {
  readonly buses: readonly MessageBus[]
  readonly clock: Clock
  readonly ackCursors: Readonly<Record<string, string>>
  readonly handlers: BusFeedHandlers
  readonly onProblem: (text: string) => void
}

const RETRY_MS = 500
const FOREIGN_MS = 10_000
const MAX_STRAYS = 64
/** Group members learn of a restart within a minute; older presence is replayed from the announcements. */
const V2_ACKS = `${FOREIGN_PREFIX}control.ack.#`

/** Creates the feed; start connects and subscribes, and keeps trying. */
export function createBusFeed({ buses, clock, ackCursors, handlers, onProblem }: BusFeedOptions): BusFeed {
  const bus = buses[0]!
  const subscriptions: Subscription[] = []
  let acks: Subscription | null = null
  let healthSubscription: Promise<Subscription> | null = null
  let stopped = false
  let undo: () => void = () => undefined
  let undoForeign: () => void = () => undefined
  let told = false
  /** Streams on which answers for others came: each is told of once. */
  const strays = new Set<string>()

  const onMessage = (delivery: Delivery): void => {
    const decoded = decodeEntry(delivery)
    if (decoded.kind !== 'message') return
    const message: AnyMessage = decoded.message
    if (message.message_type === 'ServiceAnnouncement') handlers.announcement(message, delivery.acceptedAtMs)
    else if (message.message_type === 'Heartbeat') handlers.heartbeat(message, delivery.acceptedAtMs)
    else if (message.message_type === 'StateTransitionEvent') handlers.moved(message.layer_id)
    else if (message.message_type === 'LayerHealthReport') handlers.health(message)
  }
  const onAck = (delivery: Delivery): void => {
    const decoded = decodeEntry(delivery)
    if (decoded.kind !== 'message' || decoded.message.message_type !== 'CommandOutcome') return
    const { layer_id: layerId } = decoded.message
    if (typeof layerId === 'string' && delivery.topic === topicName('ackLayer', layerId))
      return handlers.outcome(decoded.message)
    if (strays.size >= MAX_STRAYS || strays.has(delivery.topic)) return
    strays.add(delivery.topic)
    onProblem(`an answer for another layer (${layerId ?? 'none'}) came on ${delivery.topic}: it was not believed`)
  }
  const onRun = (delivery: Delivery): void => {
    const decoded = decodeEntry(delivery)
    const parsed = RunDescriptor.safeParse(decoded.kind === 'message' ? decoded.message : null)
    if (parsed.success) handlers.run(parsed.data)
  }
  const onV2Ack = (delivery: Delivery): void => {
    const { items, topic } = readV2Entry(delivery)
    for (const item of items)
      if (item.kind === 'message' && item.message.message_type === 'CommandResult')
        handlers.result(item.message, topic.layer)
  }
  const passing =
    (consumer: (delivery: Delivery) => void): Consumer =>
    (delivery) => {
      try {
        consumer(delivery)
      } catch {
        // Ingest reads it too and counts what is wrong with it.
      }
    }

  const lookForForeign = (): void => {
    bus.topics().then(
      (topics) => {
        const layers = new Map<string, string>()
        for (const topic of topics) {
          if (!topic.startsWith(FOREIGN_PREFIX)) continue
          const { kind, layer, nativeLayer } = parseForeignTopic(topic)
          if ((kind === 'telemetry' || kind === 'presence') && layer !== null && nativeLayer !== null)
            layers.set(layer, nativeLayer)
        }
        handlers.foreign(layers)
      },
      () => undefined,
    )
  }

  const connect = async (): Promise<void> => {
    await Promise.all(buses.map((one) => one.start()))
    if (stopped) return
    const add = async (pattern: string, consumer: (delivery: Delivery) => void, from: string, cursors = {}) => {
      const subscription = await bus.subscribe(pattern, passing(consumer), { mode: 'broadcast', from, cursors })
      subscriptions.push(subscription)
      return subscription
    }
    acks = await add(topicPattern('ackLayer'), onAck, 'latest', ackCursors)
    await add(TOPICS.run.pattern, onRun, 'earliest')
    await add(TOPICS.service.pattern, onMessage, 'earliest')
    await add(topicPattern('eventLayer'), onMessage, 'latest')
    await add(V2_ACKS, onV2Ack, 'latest')
    lookForForeign()
    undoForeign = clock.every(FOREIGN_MS, lookForForeign)
  }

  const tryConnect = (): void => {
    connect().catch(async (error: unknown) => {
      await Promise.all(subscriptions.splice(0).map((subscription) => subscription.stop(0)))
      if (stopped) return
      if (!told) onProblem(`the bus can not be reached (${(error as Error).message}); the direct lines work without it`)
      told = true
      undo = clock.after(RETRY_MS, tryConnect)
    })
  }

  return {
    start: tryConnect,
    async stop(deadlineMs) {
      stopped = true
      undo()
      undoForeign()
      const health = await healthSubscription?.catch(() => null)
      const all = [...subscriptions.splice(0), ...(health ? [health] : [])]
      await Promise.all(all.map((subscription) => subscription.stop(deadlineMs)))
      await Promise.all(buses.map((one) => one.stop(deadlineMs)))
    },
    ackCursors: () => ({ ...ackCursors, ...acks?.cursors() }),
    watchHealth(wanted) {
      if (wanted === (healthSubscription !== null)) return
      if (wanted) {
        const pattern = topicPattern('telemetryHealth')
        healthSubscription = bus.subscribe(pattern, passing(onMessage), { mode: 'broadcast', from: 'latest' })
        healthSubscription.catch(() => (healthSubscription = null))
        return
      }
      const ending = healthSubscription
      healthSubscription = null
      void ending?.then(
        (subscription) => subscription.stop(0),
        () => undefined,
      )
    },
  }
}
