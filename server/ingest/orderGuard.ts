/*
 * orderGuard: whether an event came in its order: per source and topic by number, per source and layer by time where there are no numbers.
 * In: deliveries of events and outcomes. Out: a verdict for each; one incident per stretch of numbers that are missing.
 * Invariant: a second delivery of the same entry is dropped and counted; what is late is marked and kept where it came; a missing
 * number is counted once and taken back when it comes after all.
 * Source: docs/protocol.md "threads"; docs/bus.md "sequence".
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import type { AnyMessage } from '../../lib/contracts/messageTypes.ts'
import type { RecordDraft } from './ingestMessages.ts'

export type OrderVerdict = 'in-order' | 'late' | 'duplicate'

export interface OrderGuard {
  check(message: AnyMessage, delivery: Delivery, atMs: number): OrderVerdict
  counters(): { readonly late: number; readonly lost: number; readonly duplicates: number }
}

const MAX_SOURCES = 4_096

/** Creates a guard that has heard nothing. */
export function createOrderGuard(onRecord: (record: RecordDraft) => void): OrderGuard {
  const numbers = createSequenceGuard({ maxSources: MAX_SOURCES })
  /** Newest time a source stamped, by source and layer. */
  const newest = new Map<string, number>()
  let late = 0

  const tellGap = (delivery: Delivery, missing: number, atMs: number): void =>
    onRecord({
      kind: 'incident',
      at_ms: atMs,
      run_id: null,
      code: 'EVENTS_MISSING',
      severity: 'warning',
      text: `${missing} ${missing === 1 ? 'event' : 'events'} of ${delivery.src ?? 'a source'} on ${delivery.topic} did not come: the numbers jump. What comes late is marked.`,
      lost: missing,
      from_ms: null,
      to_ms: null,
    })

  const byTime = (message: AnyMessage): OrderVerdict => {
    const layer = (message as { readonly layer_id?: unknown }).layer_id
    const key = `${message.source} ${typeof layer === 'string' ? layer : ''}`
    const before = newest.get(key)
    if (before !== undefined && message.timestamp < before) return 'late'
    newest.delete(key)
    newest.set(key, message.timestamp)
    if (newest.size > MAX_SOURCES) newest.delete(newest.keys().next().value ?? '')
    return 'in-order'
  }

  const judge = (message: AnyMessage, delivery: Delivery, atMs: number): OrderVerdict => {
    const { src, epoch, seq, topic } = delivery
    if (src === undefined || epoch === undefined || seq === undefined) return byTime(message)
    const verdict = numbers.check(`${src} ${topic}`, epoch, seq)
    switch (verdict.kind) {
      case 'duplicate':
        return 'duplicate'
      case 'late':
      case 'old-epoch':
        return 'late'
      case 'gap':
        tellGap(delivery, verdict.missing, atMs)
        return 'in-order'
      case 'in-order':
      case 'new-epoch':
        return 'in-order'
    }
  }

  return {
    check(message, delivery, atMs) {
      const verdict = judge(message, delivery, atMs)
      if (verdict === 'late') late++
      return verdict
    },
    counters: () => ({ late, lost: numbers.counters().lost, duplicates: numbers.counters().duplicates }),
  }
}
