/*
 * readerContext: what a reader of either mode gets from the bus.
 * In: the bus's parts. Out: one record, so that readers are functions of it.
 * Invariant: readers own their blocking connection and nothing else.
 * Source: docs/bus.md "connections".
 */
import type { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import type { BusMessage, Consumer, SubscribeOptions, Subscription } from '../../messageBus.ts'
import type { TopicPattern } from '../../topicPattern.ts'
import type { RedisConnection } from './redisConnection.ts'
import type { RedisTarget } from './redisTarget.ts'
import type { StreamLink } from './streamLink.ts'
import type { TopicRegistry } from './topicRegistry.ts'

export interface BusCounters {
  delivered: number
  redelivered: number
  deadLettered: number
}

export interface ReaderContext {
  readonly clock: Clock
  readonly random: () => number
  readonly name: string
  readonly target: RedisTarget
  readonly admin: RedisConnection
  readonly registry: TopicRegistry
  readonly counters: BusCounters
  readonly maxDeliveries: number
  readonly maxEntryBytes: number
  /** How long an entry may lie with a silent member before another takes it. */
  readonly claimIdleMs: number
  /** Opens the blocking connection of one member of a group. */
  connect(role: string, onChange: () => void): RedisConnection
  /** Opens the blocking connection of one broadcast reader. */
  connectLink(role: string, onChange: () => void): RedisConnection<StreamLink>
  /** Publishes a dead letter; rejects when Redis did not take it. */
  publishDead(letter: BusMessage): Promise<void>
  onStopped(subscription: Subscription): void
  noteRefusal(error: AppError): void
}

export interface ReaderRequest {
  readonly pattern: TopicPattern
  readonly consumer: Consumer
  readonly options: SubscribeOptions
}
