/*
 * auditDraft: what a room says of an act, before the trail numbers, chains and signs it.
 * In: an actor, an action, an object, an outcome. Out: the fields of an entry.
 * Invariant: nothing here can make an entry fail: texts are cut to their bound, large parameters are kept as their hash.
 * Source: docs/audit.md "entries".
 */
import type { Permission, Role } from '../../lib/contracts/permissions.ts'
import { hashValue, type AUDIT_OUTCOMES, type AuditEntry, type SIGN_IN_METHODS } from '../../lib/audit/entry.ts'

export interface AuditActor {
  /** Id of a person or token, `anonymous`, or `system`. */
  readonly id: string
  readonly roles: readonly (Role | Permission | 'system')[]
  readonly method: (typeof SIGN_IN_METHODS)[number]
  readonly sessionHash?: string | null
  readonly addressHash?: string | null
}

export const SYSTEM_ACTOR: AuditActor = Object.freeze({
  id: 'system',
  roles: ['system' as const],
  method: 'system' as const,
})

export interface AuditDraft {
  readonly actor: AuditActor
  /** `command.intent`, `command.outcome`, `session.sign-in`, ...: room and act. */
  readonly action: string
  readonly object: { readonly type: string; readonly id: string }
  readonly outcome: (typeof AUDIT_OUTCOMES)[number]
  readonly params?: unknown
  readonly reason?: string | null
  readonly commandId?: string | null
  readonly idempotencyKey?: string | null
  readonly approvals?: readonly {
    readonly actor_id: string
    readonly at_ms: number
    readonly signature: string | null
  }[]
  readonly precondition?: unknown
  readonly errorCode?: string | null
  readonly result?: unknown
  readonly correlationId?: string | null
  /** The bus server's time, where it is known. */
  readonly busMs?: number | null
}

const INLINE_BYTES = 4_096

/** Plain JSON data of anything, without what JSON can not say. */
const toPlain = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value) ?? 'null') as unknown)
const cut = (text: string, length: number): string => text.slice(0, length)
const cutOrNull = (text: string | null | undefined, length: number): string | null =>
  text === null || text === undefined ? null : cut(text, length)

/** The part of an entry that the draft decides. */
export function draftFields(draft: AuditDraft) {
  const { actor, object } = draft
  const params = toPlain(draft.params)
  const inline = params !== undefined && Buffer.byteLength(JSON.stringify(params)) <= INLINE_BYTES
  const result = toPlain(draft.result)
  return {
    redis_time: draft.busMs ?? null,
    actor_id: cut(actor.id, 256),
    actor_role: [...actor.roles],
    auth_method: actor.method,
    session_hash: cutOrNull(actor.sessionHash, 256),
    src_ip_hash: cutOrNull(actor.addressHash, 256),
    action: cut(draft.action, 64),
    object_type: cut(object.type, 64),
    object_id: cut(object.id, 256),
    params_hash: params === undefined ? null : hashValue(params),
    ...(inline ? { params } : {}),
    reason_text: cutOrNull(draft.reason, 2_000),
    command_id: cutOrNull(draft.commandId, 256),
    idempotency_key: cutOrNull(draft.idempotencyKey, 256),
    approvals: (draft.approvals ?? []).slice(0, 16).map((approval) => ({ ...approval })),
    precondition: toPlain(draft.precondition) ?? null,
    outcome: draft.outcome,
    error_code: cutOrNull(draft.errorCode, 64),
    result_hash: result === undefined ? null : hashValue(result),
    correlation_id: cutOrNull(draft.correlationId, 256),
  } satisfies Partial<AuditEntry>
}
