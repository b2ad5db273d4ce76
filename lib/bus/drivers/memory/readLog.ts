/*
 * readLog: the replay of a range of one in-process topic.
 * In: a log and a range. Out: entries and the next cursor, or the gap that trimming left.
 * Invariant: never starts later than asked without saying so.
 * Source: docs/bus.md "reading a range".
 */
import type { Delivery, ReadRange, ReadResult } from '../../messageBus.ts'
import { checkRange } from '../../rangeBounds.ts'
import { parseCursor, type TopicLog } from './topicLog.ts'

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
