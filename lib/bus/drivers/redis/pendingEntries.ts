/*
 * pendingEntries: what one member of a group owes: acknowledgements, retries, dead letters, and proof that it is alive.
 * In: entries taken from the group, their outcome. Out: XACK, XCLAIM, XADD to kasmina.dead; entries to try again.
 * Invariant: an entry leaves the group's pending list only after its consumer settled it or its dead letter was accepted.
 * Source: docs/bus.md "shared groups"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { AppError } from '../../../contracts/appError.ts'
import { toDeadLetter } from '../../deadLetter.ts'
import type { Delivery } from '../../messageBus.ts'
import { retryDelayMs } from '../../subscriptionRules.ts'
import type { RedisReply } from './redisConnection.ts'
import type { ReaderContext } from './readerContext.ts'
import { toDelivery } from './streamEntry.ts'

/** `burying`: the dead letter is on its way; `dead`: it was refused and must be tried again. */
type Phase = 'held' | 'retry' | 'ack' | 'burying' | 'dead'

interface Owed {
  readonly delivery: Delivery
  phase: Phase
  failure: AppError | null
}

export interface PendingEntries {
  /** Takes note of an entry; false when it is already in hand and must not be delivered again. */
  take(delivery: Delivery): boolean
  settle(delivery: Delivery): void
  fail(delivery: Delivery, error: AppError): void
  /** Takes an entry out of the group without ever handing it over. */
  discard(topic: string, id: string): void
  /** Tells how often an entry was delivered, from the group's own list. */
  deliveriesOf(topic: string, id: string): Promise<number>
  /** Proves we live, takes over what silent members hold, and repeats what failed. One call at a time. */
  tick(topics: readonly string[], mayTake: number): Promise<void>
  /** Gives back what is unsettled so that others get it at once. */
  release(topics: readonly string[]): Promise<void>
  close(): void
}

export interface PendingOptions {
  readonly group: string
  readonly member: string
  /** Hands an entry over again, or for the first time after it was taken from a silent member. */
  readonly again: (delivery: Delivery) => void
  readonly onTrimmed: (topic: string, ids: readonly string[]) => void
}

/** One pass over another member's entries; bounded so that a list of millions costs a tick nothing. */
const CLAIM_COUNT = 32
const OWN_LIMIT = 1_000

/** Creates the books of one member. */
export function createPendingEntries(context: ReaderContext, options: PendingOptions): PendingEntries {
  const { admin, clock, claimIdleMs } = context
  const { group, member } = options
  const owed = new Map<string, Owed>()
  const timers = new Set<() => void>()
  const claimCursors = new Map<string, string>()
  let acks = new Map<string, string[]>()
  let ackScheduled = false
  let closed = false
  let lastProofMs = clock.monotonicMs()
  let lastClaimMs = Number.NEGATIVE_INFINITY
  const keyOf = (topic: string, id: string): string => `${topic}|${id}`

  const acknowledge = (topic: string, id: string): void => {
    const ids = acks.get(topic)
    if (ids) ids.push(id)
    else acks.set(topic, [id])
    if (ackScheduled) return
    ackScheduled = true
    queueMicrotask(() => void flushAcks())
  }

  const flushAcks = async (): Promise<void> => {
    ackScheduled = false
    const batch = acks
    acks = new Map()
    await Promise.all(
      [...batch].map(async ([topic, ids]) => {
        try {
          await admin.call(['XACK', topic, group, ...ids])
          for (const id of ids) owed.delete(keyOf(topic, id))
        } catch {
          // Not acknowledged: the entry stays in the books as `ack`, and the next tick sends it again.
        }
      }),
    )
  }

  const bury = async (entry: Owed): Promise<void> => {
    const { delivery } = entry
    entry.phase = 'burying'
    try {
      await context.publishDead(toDeadLetter(delivery, group, entry.failure))
      context.counters.deadLettered += 1
      entry.phase = 'ack'
      acknowledge(delivery.topic, delivery.cursor)
    } catch {
      // Not buried: the next tick tries again; until then the group keeps the entry.
      entry.phase = 'dead'
    }
  }

  /** Asks the group who holds an entry now. */
  const holderOf = async (topic: string, id: string): Promise<{ member: string; deliveries: number } | null> => {
    const reply = await admin.call(['XPENDING', topic, group, id, id, 1])
    const row = Array.isArray(reply) ? reply[0] : null
    return Array.isArray(row) ? { member: String(row[1]), deliveries: Number(row[3]) } : null
  }

  const retry = async (entry: Owed): Promise<void> => {
    const { topic, cursor } = entry.delivery
    try {
      const holder = await holderOf(topic, cursor)
      if (closed) return
      if (holder?.member !== member) {
        owed.delete(keyOf(topic, cursor))
        return
      }
      const reply = await admin.call(['XCLAIM', topic, group, member, 0, cursor])
      if (closed) return
      const row = Array.isArray(reply) ? reply[0] : null
      if (!Array.isArray(row)) {
        discard(topic, cursor)
        options.onTrimmed(topic, [cursor])
        return
      }
      owed.delete(keyOf(topic, cursor))
      options.again(toDelivery(topic, row[0] as Buffer, row[1] as Buffer[], holder.deliveries + 1))
    } catch {
      later(entry)
    }
  }

  const later = (entry: Owed): void => {
    if (closed) return
    entry.phase = 'retry'
    const undo = clock.after(retryDelayMs(entry.delivery.deliveryCount), () => {
      timers.delete(undo)
      void retry(entry)
    })
    timers.add(undo)
  }

  const discard = (topic: string, id: string): void => {
    owed.delete(keyOf(topic, id))
    acknowledge(topic, id)
  }

  /** Resets the idle time of what we hold, but only of what is still ours: a member that was away may have lost it. */
  const proveAlive = async (): Promise<void> => {
    lastProofMs = clock.monotonicMs()
    const held = new Map<string, Set<string>>()
    for (const { delivery, phase } of owed.values()) {
      if (phase === 'ack') continue
      const ids = held.get(delivery.topic) ?? new Set()
      held.set(delivery.topic, ids.add(delivery.cursor))
    }
    for (const [topic, ids] of held) {
      const mine = (await ownIds(topic)).filter((id) => ids.has(id))
      if (mine.length > 0) await admin.call(['XCLAIM', topic, group, member, 0, ...mine, 'JUSTID'])
    }
  }

  const ownIds = async (topic: string): Promise<string[]> => {
    const reply = await admin.call(['XPENDING', topic, group, '-', '+', OWN_LIMIT, member])
    return Array.isArray(reply) ? reply.map((row) => String((row as RedisReply[])[0])) : []
  }

  const claim = async (topic: string): Promise<void> => {
    const from = claimCursors.get(topic) ?? '0-0'
    const reply = await admin.call(['XAUTOCLAIM', topic, group, member, claimIdleMs, from, 'COUNT', CLAIM_COUNT])
    if (!Array.isArray(reply)) return
    claimCursors.set(topic, String(reply[0]))
    const gone = Array.isArray(reply[2]) ? reply[2].map(String) : []
    if (gone.length > 0) options.onTrimmed(topic, gone)
    for (const row of Array.isArray(reply[1]) ? reply[1] : []) {
      if (!Array.isArray(row) || !Array.isArray(row[1])) continue
      const id = String(row[0])
      if (closed || owed.has(keyOf(topic, id))) continue
      const deliveries = (await holderOf(topic, id))?.deliveries ?? 1
      options.again(toDelivery(topic, row[0] as Buffer, row[1] as Buffer[], deliveries))
    }
  }

  return {
    take(delivery) {
      const key = keyOf(delivery.topic, delivery.cursor)
      if (owed.has(key)) return false
      owed.set(key, { delivery, phase: 'held', failure: null })
      return true
    },
    settle(delivery) {
      const entry = owed.get(keyOf(delivery.topic, delivery.cursor))
      if (entry) entry.phase = 'ack'
      acknowledge(delivery.topic, delivery.cursor)
    },
    fail(delivery, error) {
      const entry = owed.get(keyOf(delivery.topic, delivery.cursor))
      if (!entry) return
      entry.failure = error
      if (delivery.deliveryCount >= context.maxDeliveries) void bury(entry)
      else later(entry)
    },
    discard,
    async deliveriesOf(topic, id) {
      return (await holderOf(topic, id))?.deliveries ?? 1
    },
    async tick(topics, mayTake) {
      const nowMs = clock.monotonicMs()
      if (nowMs - lastProofMs >= claimIdleMs / 3) await proveAlive()
      for (const entry of owed.values()) {
        if (entry.phase === 'ack') acknowledge(entry.delivery.topic, entry.delivery.cursor)
        else if (entry.phase === 'dead') await bury(entry)
      }
      if (mayTake <= 0 || nowMs - lastClaimMs < claimIdleMs / 2) return
      lastClaimMs = nowMs
      for (const topic of topics) if (!closed) await claim(topic)
    },
    async release(topics) {
      await flushAcks()
      for (const topic of topics) {
        const ids = await ownIds(topic)
        // Idle time set to the limit: the next claim of any other member takes them without waiting.
        if (ids.length > 0) await admin.call(['XCLAIM', topic, group, member, 0, ...ids, 'IDLE', claimIdleMs, 'JUSTID'])
        else await admin.call(['XGROUP', 'DELCONSUMER', topic, group, member])
      }
    },
    close() {
      closed = true
      for (const undo of timers) undo()
      timers.clear()
    },
  }
}
