/*
 * alarmThread: which causal thread an alarm belongs to.
 * In: an alarm. Out: the correlation id of its acts, its evidence, and the commands that are opened from it.
 * Invariant: an alarm that was told with a thread stays in it; any other begins one with each occurrence.
 * Source: docs/protocol.md "threads"; docs/alerts.md.
 */
import type { Alarm } from './alarmTypes.ts'

/** Names the thread. */
export function alarmThread({ correlationId, id, raisedMs }: Pick<Alarm, 'correlationId' | 'id' | 'raisedMs'>): string {
  return correlationId ?? `alert:${id}:${Math.round(raisedMs).toString(36)}`
}
