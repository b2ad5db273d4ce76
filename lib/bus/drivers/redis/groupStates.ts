/*
 * groupStates: the consumer groups of a stream as Redis tells them, whoever their members are.
 * In: XINFO GROUPS and XPENDING, which carry no payload. Out: place, what waits, what is unsettled since when.
 * Invariant: what the server can not count is null; a stream that is not there has no groups.
 * Source: docs/bus.md "how far behind".
 */
import type { GroupState } from '../../messageBus.ts'
import type { Caller, RedisReply } from './redisConnection.ts'
import { redisAnswerOf } from './redisErrors.ts'
import { idMs } from './streamEntry.ts'

/** Reads the flat [name, value, ...] list of one group. */
function fieldsOf(row: RedisReply): Map<string, RedisReply> {
  const fields = new Map<string, RedisReply>()
  if (Array.isArray(row))
    for (let i = 0; i + 1 < row.length; i += 2) fields.set(String(row[i]), row[i + 1] as RedisReply)
  return fields
}

/** Reads the groups of a topic, sorted by name. @throws what the connection throws */
export async function readGroupStates(connection: Caller, topic: string): Promise<readonly GroupState[]> {
  let rows: RedisReply
  try {
    rows = await connection.call(['XINFO', 'GROUPS', topic])
  } catch (error) {
    if (redisAnswerOf(error) === 'no-key') return []
    throw error
  }
  const states = (Array.isArray(rows) ? rows : []).map(async (row): Promise<GroupState> => {
    const fields = fieldsOf(row)
    const group = String(fields.get('name'))
    const place = String(fields.get('last-delivered-id') ?? '0-0')
    const unsettled = Number(fields.get('pending') ?? 0)
    // Absent before 7.0, null where the server lost count (XDEL, a group made at an arbitrary id).
    const lag = fields.get('lag')
    return {
      group,
      members: Number(fields.get('consumers') ?? 0),
      cursor: place === '0-0' ? null : place,
      entries: typeof lag === 'number' ? lag : null,
      unsettled,
      oldestMs: unsettled === 0 ? null : await readOldestMs(connection, topic, group),
    }
  })
  return (await Promise.all(states)).toSorted((a, b) => (a.group < b.group ? -1 : 1))
}

/** Time of the oldest pending entry; null when it was settled meanwhile. */
async function readOldestMs(connection: Caller, topic: string, group: string): Promise<number | null> {
  const summary = await connection.call(['XPENDING', topic, group])
  const smallest = Array.isArray(summary) ? summary[1] : null
  return smallest == null ? null : idMs(String(smallest))
}
