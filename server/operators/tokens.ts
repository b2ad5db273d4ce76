/*
 * tokens: service tokens for programs: 256 random bits, what they may, until when.
 * In: who makes one, its permissions, its life. Out: the token, once; the subject it is.
 * Invariant: only a hash is kept; a token can never make tokens or people; a revoked or expired one is nobody.
 * Source: docs/security.md "tokens".
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import type { NewToken, TokenItem } from '../../lib/contracts/httpAccess.ts'
import { Permission } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { ServiceTokenRow } from '../stores/recordsSchema.ts'
import type { IdentitySource } from './access.ts'
import { fingerprint, type Subject } from './subject.ts'

export interface Tokens {
  readonly source: IdentitySource
  list(): Promise<TokenItem[]>
  make(wanted: NewToken, createdBy: string): Promise<{ readonly token: string; readonly item: TokenItem }>
  /** @throws STATE_NOT_FOUND */
  revoke(id: string): Promise<TokenItem>
}

const FORM = /^Bearer (mst_[A-Za-z0-9_-]{43})$/
const DAY_MS = 86_400_000

const iso = (ms: number): string => new Date(ms).toISOString()
const permissionsOf = (row: ServiceTokenRow): Permission[] =>
  row.permissions.split(',').filter((name): name is Permission => Permission.safeParse(name).success)

const toItem = (row: ServiceTokenRow): TokenItem => ({
  id: row.id,
  name: row.name,
  permissions: permissionsOf(row) as TokenItem['permissions'],
  created_by: row.created_by,
  created_at: iso(row.created_ms),
  expires_at: iso(row.expires_ms),
  revoked_at: row.revoked_ms === null ? null : iso(row.revoked_ms),
})

/** Opens the tokens of this installation. */
export function createTokens({ db }: Records, clock: Clock): Tokens {
  const resolve = async (hash: string): Promise<Subject | null> => {
    const row = await db.selectFrom('service_tokens').selectAll().where('hash', '=', hash).executeTakeFirst()
    if (row === undefined || row.revoked_ms !== null || row.expires_ms <= clock.wallMs()) return null
    return {
      id: `token:${row.id}`,
      name: row.name,
      method: 'token',
      roles: [],
      permissions: new Set<Permission>(['none', ...permissionsOf(row)]),
      sessionId: `token:${row.id}`,
      expiresMs: row.expires_ms,
    }
  }
  return {
    source: {
      claim({ authorization }) {
        const token = FORM.exec(authorization ?? '')?.[1]
        if (token === undefined) return null
        const hash = fingerprint(token)
        return { key: `token:${hash}`, resolve: () => resolve(hash) }
      },
    },
    async list() {
      const rows = await db
        .selectFrom('service_tokens')
        .selectAll()
        .orderBy('created_ms', 'desc')
        .limit(1_000)
        .execute()
      return rows.map(toItem)
    },
    async make({ name, permissions, days }, createdBy) {
      const token = `mst_${randomBytes(32).toString('base64url')}`
      const nowMs = Math.round(clock.wallMs())
      const row: ServiceTokenRow = {
        id: randomUUID(),
        name,
        hash: fingerprint(token),
        permissions: [...new Set(permissions)].join(','),
        created_by: createdBy,
        created_ms: nowMs,
        expires_ms: nowMs + days * DAY_MS,
        revoked_ms: null,
      }
      await db.insertInto('service_tokens').values(row).execute()
      return { token, item: toItem(row) }
    },
    async revoke(id) {
      const row = await db
        .updateTable('service_tokens')
        .set((of) => ({ revoked_ms: of.fn.coalesce('revoked_ms', of.val(Math.round(clock.wallMs()))) }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      if (row === undefined) throw new AppError('STATE_NOT_FOUND', 'there is no token of this id', { path: 'token' })
      return toItem(row)
    },
  }
}
