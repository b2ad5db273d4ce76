/*
 * readRange: the replay of a range of one stream.
 * In: a topic and a range. Out: entries and the next cursor, or the gap that trimming left.
 * Invariant: never starts later than asked without saying so.
 * Source: docs/bus.md "reading a range".
 */
import type { Delivery, ReadRange, ReadResult } from '../../messageBus.ts'
import { checkRange } from '../../rangeBounds.ts'
import type { RedisConnection } from './redisConnection.ts'
import { toRedisError } from './redisErrors.ts'
import type { RedisTarget } from './redisTarget.ts'
import { compareIds, toDelivery } from './streamEntry.ts'
import { readStreamState } from './streamState.ts'

/** Reads at most `limit` retained entries. @throws CONTRACT_INVALID, BUS_UNAVAILABLE, BUS_REFUSED */
export async function readRange(
  admin: RedisConnection,
  target: RedisTarget,
  topic: string,
  range: ReadRange,
): Promise<ReadResult> {
  const limit = checkRange(range)
  const { after, until } = range
  try {
    if (after !== undefined) {
      const state = await readStreamState(admin, topic)
      const gone = state?.added == null ? 0 : state.added - state.length
      const firstId = state?.firstId ?? null
      // Trimmed entries leave no ids behind: a cursor in front of the first entry of a trimmed stream may have lost some.
      if (gone > 0 && firstId !== null && compareIds(firstId, after) > 0) {
        return { kind: 'gap', gap: { topic, after, firstAvailable: firstId, missing: after === '0-0' ? gone : null } }
      }
    }
    const start = after === undefined ? '-' : `(${after}`
    const reply = await admin.call(['XRANGE', topic, start, until ?? '+', 'COUNT', limit + 1])
    const rows = Array.isArray(reply) ? reply : []
    const entries: Delivery[] = rows.slice(0, limit).map((row) => {
      const [id, fields] = row as [Buffer, Buffer[]]
      return toDelivery(topic, id, fields, 1)
    })
    return { kind: 'entries', entries, next: rows.length > limit ? (entries.at(-1)?.cursor ?? null) : null }
  } catch (error) {
    throw toRedisError(error, target)
  }
}
