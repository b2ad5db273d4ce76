/*
 * lagWatch: how far reading is behind on each stream, and the groups that work on streams.
 * In: the bus and the subscriptions. Out: the last readings; null where the bus did not tell, or told too long ago.
 * Invariant: one round at a time, of bounded size; a failed question leaves null, never an old figure and never a zero.
 * Source: docs/bus.md; lib/bus/messageBus.ts.
 */
import type { MessageBus, Subscription } from '../../lib/bus/messageBus.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { GroupReading } from './ingestMessages.ts'

export interface LagWatch {
  /** Asks all once; does nothing while a round is under way. Never rejects. */
  ask(): Promise<void>
  lagOf(topic: string): number | null
  groups(): readonly GroupReading[]
}

export interface LagWatchOptions {
  readonly bus: Pick<MessageBus, 'health' | 'topics' | 'groups'>
  readonly subscriptions: readonly Pick<Subscription, 'lag'>[]
  readonly clock: Clock
}

/** Groups are asked topic by topic: this many in a round, the others in the next. */
const TOPICS_PER_ROUND = 32
const MAX_GROUPS = 512
/** A reading that could not be renewed for so long says nothing any more. */
const OLD_MS = 10_000

/** Creates the watch; asks nothing by itself. */
export function createLagWatch({ bus, subscriptions, clock }: LagWatchOptions): LagWatch {
  let asking = false
  let askedMs = Number.NEGATIVE_INFINITY
  let lags = new Map<string, number>()
  let next = 0
  const byTopic = new Map<string, readonly GroupReading[]>()

  const askLag = async (): Promise<void> => {
    const found = new Map<string, number>()
    const answers = await Promise.allSettled(subscriptions.map((subscription) => subscription.lag()))
    for (const answer of answers)
      if (answer.status === 'fulfilled')
        for (const { topic, entries } of answer.value)
          if (entries !== null) found.set(topic, Math.max(entries, found.get(topic) ?? 0))
    lags = found
  }

  const askGroups = async (): Promise<void> => {
    const topics = await bus.topics()
    for (const topic of byTopic.keys()) if (!topics.includes(topic)) byTopic.delete(topic)
    const from = next < topics.length ? next : 0
    next = from + TOPICS_PER_ROUND
    for (const topic of topics.slice(from, next)) {
      const groups = await bus.groups(topic)
      if (groups.length === 0) byTopic.delete(topic)
      else
        byTopic.set(
          topic,
          groups.map(({ group, entries, unsettled }) => ({ topic, group, pending: unsettled, lag: entries })),
        )
    }
  }

  const forgetFigures = (): void => {
    for (const [topic, groups] of byTopic)
      byTopic.set(
        topic,
        groups.map((group) => ({ ...group, pending: null, lag: null })),
      )
  }

  return {
    async ask() {
      if (asking) return
      asking = true
      try {
        if (bus.health().state !== 'up') {
          lags = new Map()
          forgetFigures()
          return
        }
        await askLag()
        await askGroups().catch(forgetFigures)
        askedMs = clock.monotonicMs()
      } finally {
        asking = false
      }
    },
    lagOf: (topic) => (clock.monotonicMs() - askedMs > OLD_MS ? null : (lags.get(topic) ?? null)),
    groups() {
      const old = clock.monotonicMs() - askedMs > OLD_MS
      const all = [...byTopic.values()].flat().slice(0, MAX_GROUPS)
      return old ? all.map((group) => ({ ...group, pending: null, lag: null })) : all
    },
  }
}
