/*
 * entryMarks: which bus entry a table's values came from, as three numbers in its meta.
 * In: deliveries. Out: entry id and topic number in shared memory; every topic's number is told once, before it is used.
 * Invariant: no text crosses per entry; a topic beyond the bound has no number, and its values then have no known entry.
 * Source: docs/protocol.md "provenance"; docs/ux.md "pages: seed".
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import type { IngestMessage } from './ingestMessages.ts'

const MAX_TOPICS = 8_192

export interface EntryMarks {
  readonly mark: (meta: Float64Array, delivery: Pick<Delivery, 'topic' | 'cursor'>) => void
}

/** Creates the marks of one bus. */
export function createEntryMarks(post: (message: IngestMessage) => void): EntryMarks {
  const numbers = new Map<string, number>()
  const numberOf = (topic: string): number => {
    const known = numbers.get(topic)
    if (known !== undefined) return known
    if (numbers.size >= MAX_TOPICS) return Number.NaN
    const index = numbers.size
    numbers.set(topic, index)
    post({ kind: 'topic', index, topic })
    return index
  }
  return {
    mark(meta, { topic, cursor }) {
      const dash = cursor.indexOf('-')
      meta[TABLE_META.entryMs] = dash < 0 ? Number.NaN : Number(cursor.slice(0, dash))
      meta[TABLE_META.entrySeq] = Number(cursor.slice(dash + 1))
      meta[TABLE_META.entryTopic] = numberOf(topic)
    },
  }
}
