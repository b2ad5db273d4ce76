/*
 * messageWriter: gives a JSON message its envelope and turns it into bytes.
 * In: type and body. Out: a message with id, time, source and version; UTF-8 bytes.
 * Invariant: what is not finite leaves as null (JSON has no NaN); an undefined field leaves no key.
 * Source: seed-design.md 2.1; docs/protocol.md "base message".
 */
import { MESSAGE_VERSION, type MessageName } from '../contracts/envelope.ts'
import type { Clock } from '../primitives/clock.ts'

export interface MessageHead {
  readonly message_id: string
  readonly timestamp: number
  readonly source: string
  readonly version: string
  readonly message_type: string
  readonly correlation_id?: string | null
}

export interface MessageWriter {
  /** Puts the envelope around a body; `message_id` is new unless the body brings one. */
  compose<Body extends object>(type: MessageName, body: Body): MessageHead & Body
}

/** Creates the writer of one source. `newId` makes UUIDs; the default is the platform's. */
export function createMessageWriter(
  source: string,
  clock: Clock,
  newId: () => string = () => globalThis.crypto.randomUUID(),
): MessageWriter {
  return {
    compose: (type, body) => ({
      message_id: newId(),
      timestamp: clock.wallMs() / 1_000,
      source,
      version: MESSAGE_VERSION,
      message_type: type,
      ...body,
    }),
  }
}

const encoder = new TextEncoder()

/** Encodes a message as JSON; NaN and infinities become null. */
export function encodeJson(message: object): Uint8Array {
  return encoder.encode(JSON.stringify(message))
}
