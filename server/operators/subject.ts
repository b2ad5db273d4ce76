/*
 * subject: who asks, as every room sees them: a person, a token, a demo operator, or nobody.
 * In: a role list or scopes. Out: Subject, its actor for the audit trail.
 * Invariant: a subject is what is true now; it is asked for again with each call and never kept by a room.
 * Source: docs/security.md "access"; docs/adr/0011-access.md.
 */
import { createHash } from 'node:crypto'
import { PERMISSIONS, type Permission, type Role } from '../../lib/contracts/permissions.ts'
import type { AuditActor } from '../audit/auditDraft.ts'

export interface Subject {
  /** Of a person, `token:<id>`, `demo-1`, or `anonymous`. */
  readonly id: string
  /** For people to read. */
  readonly name: string
  readonly method: 'demo' | 'password' | 'oidc' | 'token' | 'none'
  readonly roles: readonly Role[]
  readonly permissions: ReadonlySet<Permission>
  /** Names the session without opening it: two approvals must not come from one. */
  readonly sessionId: string | null
  /** Unix ms; null = does not end by itself. */
  readonly expiresMs: number | null
}

/** What a caller shows: the header lines of the request, and where it came from. */
export interface Credentials {
  readonly cookie: string | null
  readonly authorization: string | null
  /** Address of the peer, or of who a trusted proxy says it speaks for. */
  readonly address: string
  /** The peer is on this machine and speaks for itself. */
  readonly loopback: boolean
}

export const ANONYMOUS: Subject = Object.freeze({
  id: 'anonymous',
  name: 'not signed in',
  method: 'none' as const,
  roles: [],
  permissions: new Set<Permission>(['none']),
  sessionId: null,
  expiresMs: null,
})

/** Everything the roles carry together. */
export function permissionsOf(roles: readonly Role[]): Set<Permission> {
  return new Set<Permission>(['none', ...roles.flatMap((role) => [...PERMISSIONS[role]])])
}

/** What is kept of a secret to find it again: nobody gets the secret back out of it. */
export const fingerprint = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** How the audit trail names them; `addressHash` is salted by the caller. */
export function toActor(subject: Subject, addressHash: string | null = null): AuditActor {
  return {
    id: subject.id,
    roles: subject.method === 'token' ? [...subject.permissions].filter((name) => name !== 'none') : subject.roles,
    method: subject.method,
    sessionHash: subject.sessionId === null ? null : fingerprint(subject.sessionId).slice(0, 16),
    addressHash,
  }
}

/** Value of one cookie out of a Cookie line; null when it is not there. A name that comes twice is nobody's: null. */
export function readCookie(line: string | null, name: string): string | null {
  const values = (line ?? '').split(';').flatMap((part) => {
    const at = part.indexOf('=')
    return at > 0 && part.slice(0, at).trim() === name ? [part.slice(at + 1).trim()] : []
  })
  return values.length === 1 ? values[0]! : null
}
