/*
 * streamState: what a stream says about itself, and what follows for a reader that stands at a cursor.
 * In: XINFO STREAM. Out: length, first and last id, entries ever added; the verdict on trimmed or recreated streams.
 * Invariant: a count is given only when the arithmetic is exact; unknown is null, never a guess.
 * Source: docs/bus.md "gaps".
 */
import type { Caller, RedisReply } from './redisConnection.ts'
import { redisAnswerOf } from './redisErrors.ts'
import { compareIds } from './streamEntry.ts'

export interface StreamState {
  readonly exists: boolean
  readonly length: number
  readonly lastId: string
  readonly firstId: string | null
  /** Entries ever added; null on servers older than 7.0. */
  readonly added: number | null
}

const ABSENT: StreamState = Object.freeze({ exists: false, length: 0, lastId: '0-0', firstId: null, added: 0 })

/** Asks for the state of a stream; null when this user may not ask. @throws connection errors as BUS_UNAVAILABLE */
export async function readStreamState(connection: Caller, topic: string): Promise<StreamState | null> {
  let reply: RedisReply
  try {
    reply = await connection.call(['XINFO', 'STREAM', topic])
  } catch (error) {
    const kind = redisAnswerOf(error)
    if (kind === 'no-key') return ABSENT
    if (kind === 'refused') return null
    throw error
  }
  const state = { exists: true, length: 0, lastId: '0-0', firstId: null as string | null, added: null as number | null }
  if (!Array.isArray(reply)) return null
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const value = reply[i + 1]
    switch (String(reply[i])) {
      case 'length':
        state.length = Number(value)
        break
      case 'last-generated-id':
        state.lastId = String(value)
        break
      case 'entries-added':
        state.added = Number(value)
        break
      case 'first-entry':
        state.firstId = Array.isArray(value) ? String(value[0]) : null
        break
      default:
        break
    }
  }
  return state
}

/** Id of the newest entry, also for users that may not use XINFO. */
export async function readLastId(connection: Caller, topic: string): Promise<string> {
  const state = await readStreamState(connection, topic)
  if (state) return state.lastId
  const reply = await connection.call(['XREVRANGE', topic, '+', '-', 'COUNT', '1'])
  const newest = Array.isArray(reply) ? reply[0] : null
  return Array.isArray(newest) ? String(newest[0]) : '0-0'
}

export type ReaderVerdict =
  | { readonly kind: 'ok'; readonly readCount: number | null }
  /** Entries between the cursor and the first available one were trimmed. */
  | { readonly kind: 'trimmed'; readonly missing: number | null; readonly readCount: number | null }
  /** Another stream lives under this name now (FLUSHALL, DEL, lost data): start where the cursor says. */
  | { readonly kind: 'recreated'; readonly cursor: string; readonly readCount: number | null }

/**
 * Judges a reader. `readCount` is how many entries were ever added up to its cursor, null when unknown.
 * After trimming, `added - length` is the number of entries in front of the first available one.
 */
export function judgeReader(state: StreamState, cursor: string, readCount: number | null): ReaderVerdict {
  const { added, length, firstId } = state
  if (cursor !== '0-0' && compareIds(state.lastId, cursor) < 0) {
    return { kind: 'recreated', cursor: state.exists ? state.lastId : '0-0', readCount: added }
  }
  if (added === null) return { kind: 'ok', readCount }
  const gone = added - length
  if (readCount !== null && added < readCount) return { kind: 'recreated', cursor, readCount: null }
  const behind = firstId === null ? compareIds(state.lastId, cursor) > 0 : compareIds(firstId, cursor) > 0
  if (!behind) return { kind: 'ok', readCount }
  if (readCount === null) {
    return gone > 0 ? { kind: 'trimmed', missing: null, readCount: gone } : { kind: 'ok', readCount: 0 }
  }
  if (gone < readCount) return { kind: 'recreated', cursor, readCount: gone }
  if (gone === readCount) return { kind: 'ok', readCount }
  return { kind: 'trimmed', missing: gone - readCount, readCount: gone }
}
