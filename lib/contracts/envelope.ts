/*
 * The base of every JSON message on the bus.
 * In: zod. Out: BaseMessage, its version rule, and the constant of our own version.
 * Invariant: unknown fields are kept (additive change is a minor version); unknown types are counted and stored raw, never dropped.
 * Source: seed-design.md 2.1; wire.md 3.
 */
import { z } from 'zod'
import { UnixSeconds, WireId } from './ids.ts'

/** Names the version this product writes. "1.0" is the design document's and stays readable. */
export const MESSAGE_VERSION = '2.0'

export const BaseMessage = z.looseObject({
  message_id: z.uuid(),
  timestamp: UnixSeconds,
  source: z.string().min(1).max(256),
  version: z.string().regex(/^\d{1,3}\.\d{1,3}$/),
  message_type: WireId,
  correlation_id: z.string().min(1).max(128).nullish(),
  metadata: z.record(z.string().max(128), z.unknown()).default({}),
})
export type BaseMessage = z.infer<typeof BaseMessage>
