/*
 * sharedGroup: the place of one role in one topic: what is new, what is being worked on, what waits for its next try.
 * In: members asking for work and settling it. Out: one entry at a time to exactly one member.
 * Invariant: an accepted entry is either ahead of the group's place or pending, until it is settled, dead-lettered or trimmed.
 * Source: docs/bus.md "shared groups"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { Delivery } from '../../messageBus.ts'
import type { TopicLog } from './topicLog.ts'

interface Pending {
  readonly delivery: Delivery
  readonly position: number
  deliveries: number
  /** Who works on it; null while it waits for a retry. */
  member: object | null
  notBeforeMs: number
}

export interface SharedGroup {
  /** Takes the next entry for a member: a due retry first, else a new one; null when there is none now. */
  take(member: object, nowMs: number): Delivery | null
  /** Milliseconds until the next retry is due; null when none waits. */
  nextDueMs(nowMs: number): number | null
  settle(cursor: string): void
  /** Puts a failed entry back for a later try. */
  retry(cursor: string, notBeforeMs: number): void
  /** Gives everything a member still holds to the others. */
  releaseAll(member: object): void
  state(): {
    readonly cursor: string
    readonly entries: number
    readonly unsettled: number
    readonly oldestMs: number | null
  }
  /** Entries trimmed before the group reached them, since the last call; null when none. */
  takeGap(): { readonly missing: number; readonly after: string; readonly firstAvailable: string } | null
}

/** Creates a group that starts at a position of the log. */
export function createSharedGroup(log: TopicLog, startPosition: number): SharedGroup {
  let position = startPosition
  let lastTaken = '0-0'
  const pending = new Map<string, Pending>()
  /** Entries without a member, kept apart so that a long list of work in progress costs nothing per take. */
  const waiting = new Set<Pending>()

  const takeRetry = (member: object, nowMs: number): Delivery | null => {
    for (const entry of waiting) {
      if (entry.notBeforeMs > nowMs) continue
      waiting.delete(entry)
      entry.member = member
      entry.deliveries += 1
      return { ...entry.delivery, deliveryCount: entry.deliveries }
    }
    return null
  }

  const free = (entry: Pending, notBeforeMs: number): void => {
    entry.member = null
    entry.notBeforeMs = notBeforeMs
    waiting.add(entry)
  }

  return {
    take(member, nowMs) {
      const again = takeRetry(member, nowMs)
      if (again) return again
      const delivery = log.at(position, 1)
      if (!delivery) return null
      pending.set(delivery.cursor, { delivery, position, deliveries: 1, member, notBeforeMs: 0 })
      position += 1
      lastTaken = delivery.cursor
      return delivery
    },
    nextDueMs(nowMs) {
      let due: number | null = null
      for (const entry of waiting) {
        const inMs = Math.max(0, entry.notBeforeMs - nowMs)
        if (due === null || inMs < due) due = inMs
      }
      return due
    },
    settle(cursor) {
      const entry = pending.get(cursor)
      if (!entry) return
      waiting.delete(entry)
      pending.delete(cursor)
    },
    retry(cursor, notBeforeMs) {
      const entry = pending.get(cursor)
      if (entry) free(entry, notBeforeMs)
    },
    releaseAll(member) {
      for (const entry of pending.values()) if (entry.member === member) free(entry, 0)
    },
    state() {
      // Pending keeps the order of the first take, so its first is the oldest.
      const oldest = pending.values().next().value
      return {
        cursor: lastTaken,
        entries: Math.max(0, log.endPosition - position),
        unsettled: pending.size,
        oldestMs: oldest === undefined ? null : oldest.delivery.acceptedAtMs,
      }
    },
    takeGap() {
      const missing = log.firstPosition - position
      if (missing <= 0) return null
      position = log.firstPosition
      const firstAvailable = log.at(position, 1)?.cursor ?? log.lastCursor
      return { missing, after: lastTaken, firstAvailable }
    },
  }
}
