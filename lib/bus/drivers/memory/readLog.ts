/*
 * readLog: the replay of a range of one in-process topic.
 * In: a log and a range. Out: entries and the next cursor, or the gap that trimming left.
 * Invariant: never starts later than asked without saying so.
 * Source: docs/bus.md "reading a range".
 */
import { AppError } from '../../../contracts/appError.ts'
import type { Delivery, ReadRange, ReadResult } from '../../messageBus.ts'
import { parseCursor, type TopicLog } from './topicLog.ts'

const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 10_000

/** Refuses cursors and limits that can not be. @throws CONTRACT_INVALID */
export function checkRange(range: ReadRange): number {
  for (const path of ['after', 'until'] as const) {
    const cursor = range[path]
    if (cursor !== undefined && !parseCursor(cursor)) {
      throw new AppError('CONTRACT_INVALID', `range ${path}: expected a cursor`, { path })
    }
  }
  const limit = range.limit ?? DEFAULT_LIMIT
  if (!Number.isInteger(limit) || limit < 1) {
    throw new AppError('CONTRACT_INVALID', 'range limit: expected a whole number from 1', { path: 'limit' })
  }
  return Math.min(limit, MAX_LIMIT)
}

/** Reads at most `limit` retained entries. @throws CONTRACT_INVALID */
export function readLog(log: TopicLog | undefined, topic: string, range: ReadRange): ReadResult {
  const limit = checkRange(range)
  if (!log) return { kind: 'entries', entries: [], next: null }
  const after = range.after === undefined ? null : parseCursor(range.after)
  if (after && log.isGapAfter(after.ms, after.n)) {
    const firstAvailable = log.at(log.firstPosition, 1)?.cursor ?? log.lastCursor
    return { kind: 'gap', gap: { topic, after: range.after as string, firstAvailable, missing: null } }
  }
  const until = range.until === undefined ? null : parseCursor(range.until)
  const end = until ? log.positionAfter(until.ms, until.n) : log.endPosition
  const start = after ? log.positionAfter(after.ms, after.n) : log.firstPosition
  const entries: Delivery[] = []
  for (let position = start; position < end && entries.length < limit; position++) {
    const delivery = log.at(position, 1)
    if (delivery) entries.push(delivery)
  }
  const more = start + entries.length < end
  return { kind: 'entries', entries, next: more ? (entries.at(-1)?.cursor ?? null) : null }
}
