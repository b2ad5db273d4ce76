/*
 * deadLetter: the entry that tells what happened to an entry nobody could handle.
 * In: the delivery and the last failure. Out: a BusMessage for kasmina.dead, and its reader's shape.
 * Invariant: the original bytes and fields are kept whole when they fit, and are said to be cut when they do not.
 * Source: seed-design.md 3.3, docs/protocol.md "dead letters".
 */
import { isAppError } from '../contracts/appError.ts'
import type { BusMessage, Delivery } from './messageBus.ts'

export const DEAD_TOPIC = 'kasmina.dead'
export const DEAD_TYPE = 'DeadLetter'
/** Base64 grows a payload by a third; this keeps the letter under the entry bound of 1 MB. */
const MAX_KEPT_BYTES = 700_000
/** As lib/contracts/deadLetter.ts bounds it. */
const MAX_PATH_CHARS = 200
const MAX_REASON_CHARS = 1_000

/** Body of a dead letter, JSON in `data`. */
export interface DeadLetter {
  readonly topic: string
  readonly cursor: string
  readonly accepted_at_ms: number
  readonly fields: Readonly<Record<string, string | number>>
  /** Original payload in base64; null when it was too large to keep. */
  readonly data: string | null
  readonly data_bytes: number
  readonly group: string
  readonly code: string
  readonly reason: string
  /** Failing field when the failure names one. */
  readonly path: string | null
  readonly delivery_count: number
}

/** Builds the dead letter of a delivery; never throws. */
export function toDeadLetter(delivery: Delivery, group: string, failure: unknown): BusMessage {
  const path = isAppError(failure) ? failure.context['path'] : undefined
  const fields: Record<string, string | number> = { type: delivery.type }
  for (const name of ['enc', 'src', 'epoch', 'seq', 'trace', 'sig', 'key'] as const) {
    const value = delivery[name]
    if (value !== undefined) fields[name] = value
  }
  const letter: DeadLetter = {
    topic: delivery.topic,
    cursor: delivery.cursor,
    accepted_at_ms: delivery.acceptedAtMs,
    fields,
    data: delivery.data.byteLength > MAX_KEPT_BYTES ? null : Buffer.from(delivery.data).toString('base64'),
    data_bytes: delivery.data.byteLength,
    group,
    code: isAppError(failure) ? failure.code : 'BUS_CONSUMER',
    reason: reasonOf(failure).slice(0, MAX_REASON_CHARS),
    path: typeof path === 'string' ? path.slice(0, MAX_PATH_CHARS) : null,
    delivery_count: delivery.deliveryCount,
  }
  return {
    type: DEAD_TYPE,
    enc: 'json',
    data: new TextEncoder().encode(JSON.stringify(letter)),
    ...(delivery.trace === undefined ? {} : { trace: delivery.trace }),
  }
}

/** Text of any throwable; never throws. */
export function reasonOf(failure: unknown): string {
  try {
    return failure instanceof Error ? failure.message : String(failure)
  } catch {
    return 'a failure that has no text'
  }
}
