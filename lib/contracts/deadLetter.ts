/*
 * DeadLetter: the record of an entry no consumer could handle, as it stands on kasmina.dead and in operator tools.
 * In: zod. Out: the schema.
 * Invariant: the original topic, cursor, fields and bytes are enough to send the entry again.
 * Source: seed-design.md 3.3; docs/protocol.md "dead letters".
 */
import { z } from 'zod'
import { boundedRecord } from './envelope.ts'

export const DeadLetter = z.looseObject({
  topic: z.string().max(512),
  cursor: z.string().max(128),
  accepted_at_ms: z.number(),
  fields: boundedRecord(z.string().max(32), z.union([z.string().max(512), z.number()]), 16),
  /** Original payload in base64; null when it was too large to keep. */
  data: z.string().nullable(),
  data_bytes: z.int().min(0),
  group: z.string().max(128),
  code: z.string().max(64),
  reason: z.string().max(2_000),
  path: z.string().max(200).nullable(),
  delivery_count: z.int().min(1),
})
export type DeadLetter = z.infer<typeof DeadLetter>
