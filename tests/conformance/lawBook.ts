/*
 * lawBook: what every law of the bus is written with.
 * In: nothing. Out: the driver under test as a law sees it, entries, their text, the code of a refusal.
 * Invariant: a law knows no driver: what one can not do is skipped with a reason by the suite.
 * Source: docs/bus.md "laws".
 */
import type { BusMessage, Delivery, MessageBus } from '../../lib/bus/messageBus.ts'
import { isAppError } from '../../lib/contracts/appError.ts'
import type { ErrorCode } from '../../lib/contracts/errorCatalog.ts'

export interface LawBook {
  readonly name: string
  /** A started bus of the driver's world; it is stopped when the law ends. */
  readonly bus: () => Promise<MessageBus>
  /** Those that were started and not stopped yet. */
  readonly buses: MessageBus[]
  /** Declares one law; `topic` is its own. */
  readonly law: (title: string, body: (topic: string) => Promise<void>) => void
}

export const entry = (text: string, more: Partial<BusMessage> = {}): BusMessage => ({
  type: 'Note',
  data: new TextEncoder().encode(text),
  ...more,
})
export const textOf = (delivery: Delivery): string => new TextDecoder().decode(delivery.data)

export async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'resolved'> {
  try {
    await work
    return 'resolved'
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
}
