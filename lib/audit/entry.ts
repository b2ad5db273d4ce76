/*
 * entry: one act as the audit trail keeps it: its fields, and the exact bytes that are hashed and signed.
 * In: fields. Out: canonical bytes and back.
 * Invariant: the bytes are the entry; what is read out of them is believed only after they were verified. Names and addresses of
 * people are not in it: an actor is an id, an address and a session are salted hashes.
 * Source: docs/audit.md "entries".
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PERMISSION_NAMES, ROLES } from '../contracts/permissions.ts'
import { canonicalJson } from './canonicalJson.ts'

export const AUDIT_OUTCOMES = ['intent', 'done', 'failed', 'denied', 'unknown'] as const
export const SIGN_IN_METHODS = ['demo', 'password', 'oidc', 'token', 'system', 'none'] as const

const Hex = z.string().regex(/^[0-9a-f]{64}$/)
const Id = z.string().max(256)
const Count = z.int().min(0)
const Millis = z.number().finite()

export const AuditApproval = z.object({ actor_id: Id, at_ms: Millis, signature: z.string().max(256).nullable() })

export const AuditEntry = z.strictObject({
  v: z.literal(1),
  log_id: Id,
  seq: Count,
  prev_hash: Hex,
  writer_id: Id,
  /** Grows with each start of a writer. */
  writer_epoch: Count,
  /** Contiguous inside one epoch of a writer. */
  writer_seq: Count,
  ts_wall: Millis,
  ts_mono: Millis,
  /** How far the wall clock was behind the entry before; absent when it was not. */
  clock_back_ms: Millis.optional(),
  redis_time: Millis.nullable(),
  actor_id: Id,
  actor_role: z.array(z.enum([...ROLES, ...PERMISSION_NAMES, 'system'])).max(16),
  auth_method: z.enum(SIGN_IN_METHODS),
  session_hash: Id.nullable(),
  src_ip_hash: Id.nullable(),
  action: z.string().max(64),
  object_type: z.string().max(64),
  object_id: Id,
  params_hash: Hex.nullable(),
  /** Absent when larger than 4 KB: then only its hash is kept. */
  params: z.unknown().optional(),
  reason_text: z.string().max(2_000).nullable(),
  command_id: Id.nullable(),
  idempotency_key: Id.nullable(),
  approvals: z.array(AuditApproval).max(16),
  precondition: z.unknown(),
  outcome: z.enum(AUDIT_OUTCOMES),
  error_code: z.string().max(64).nullable(),
  result_hash: Hex.nullable(),
  correlation_id: Id.nullable(),
  policy_version: z.string().max(64),
  software_version: z.string().max(64),
  key_id: z.string().max(64),
})
export type AuditEntry = z.infer<typeof AuditEntry>

export const GENESIS_HASH = '0'.repeat(64)

/** Writes the bytes that are hashed and signed. */
export function encodeEntry(entry: AuditEntry): Buffer {
  return Buffer.from(canonicalJson(entry), 'utf8')
}

/** Hashes any plain value, canonically: hex. */
export function hashValue(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** Reads bytes that were verified; null when they are no entry in its canonical form. */
export function decodeEntry(bytes: Uint8Array): AuditEntry | null {
  try {
    const text = Buffer.from(bytes).toString('utf8')
    const parsed = AuditEntry.safeParse(JSON.parse(text))
    // A second way to write the same entry would be a second hash for it.
    return parsed.success && canonicalJson(JSON.parse(text)) === text ? parsed.data : null
  } catch {
    return null
  }
}
