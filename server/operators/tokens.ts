/*
 * tokens: service tokens for programs: 256 random bits, what they may, until when.
 * In: who makes one, its permissions, its life; what its maker holds at the moment. Out: the token, once; the subject it is.
 * Invariant: only a hash is kept; a token can never make tokens or people, and never carries more than whoever made it holds, then and
 * now; a revoked or expired one is nobody, and so is one whose maker holds nothing of it any more.
 * Source: docs/security.md "tokens".
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '../../lib/contracts/appError.ts'
import type { NewToken, TokenItem } from '../../lib/contracts/httpAccess.ts'
import { grantable, Permission, type Role } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { ServiceTokenRow } from '../stores/recordsSchema.ts'
import type { IdentitySource } from './access.ts'
import { fingerprint, permissionsOf as heldBy, type Subject } from './subject.ts'

export interface Tokens {
  readonly source: IdentitySource
  list(): Promise<TokenItem[]>
  /** @throws GUARD_FORBIDDEN when its maker does not hold what it would carry */
  make(
    wanted: NewToken,
    maker: Pick<Subject, 'id' | 'name' | 'permissions'>,
  ): Promise<{ readonly token: string; readonly item: TokenItem }>
  /** @throws STATE_NOT_FOUND */
  revoke(id: string): Promise<TokenItem>
  /** What the token of this id carries now; nothing when it is over, revoked, or its maker may not. */
  carriedBy(id: string): Promise<readonly Permission[]>
}

const FORM = /^Bearer (mst_[A-Za-z0-9_-]{43})$/
const DAY_MS = 86_400_000

const iso = (ms: number): string => new Date(ms).toISOString()
const permissionsOf = (row: ServiceTokenRow): Permission[] =>
  row.permissions.split(',').filter((name): name is Permission => Permission.safeParse(name).success)

const toItem = (row: ServiceTokenRow, effective: readonly Permission[]): TokenItem => ({
  id: row.id,
  name: row.name,
  permissions: permissionsOf(row) as TokenItem['permissions'],
  effective: effective as TokenItem['permissions'],
  created_by: row.created_by,
  created_at: iso(row.created_ms),
  expires_at: iso(row.expires_ms),
  revoked_at: row.revoked_ms === null ? null : iso(row.revoked_ms),
})

/** Roles of whoever has this id now; none when there is nobody, or nobody who may sign in. */
export type RolesOf = (id: string) => Promise<readonly Role[]>

/** Opens the tokens of this installation. */
export function createTokens({ db }: Records, clock: Clock, rolesOf: RolesOf): Tokens {
  const effectiveOf = async (row: ServiceTokenRow): Promise<Permission[]> => {
    if (row.maker_id === null) return []
    const held = grantable(heldBy(await rolesOf(row.maker_id)))
    return permissionsOf(row).filter((permission) => held.has(permission))
  }
  const carried = async (row: ServiceTokenRow | undefined): Promise<Permission[]> =>
    row === undefined || row.revoked_ms !== null || row.expires_ms <= clock.wallMs() ? [] : effectiveOf(row)
  const resolve = async (hash: string): Promise<Subject | null> => {
    const row = await db.selectFrom('service_tokens').selectAll().where('hash', '=', hash).executeTakeFirst()
    const effective = await carried(row)
    if (row === undefined || effective.length === 0) return null
    return {
      id: `token:${row.id}`,
      name: row.name,
      method: 'token',
      roles: [],
      permissions: new Set<Permission>(['none', ...effective]),
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
    carriedBy: async (id) =>
      carried(await db.selectFrom('service_tokens').selectAll().where('id', '=', id).executeTakeFirst()),
    async list() {
      const rows = await db
        .selectFrom('service_tokens')
        .selectAll()
        .orderBy('created_ms', 'desc')
        .limit(1_000)
        .execute()
      return Promise.all(rows.map(async (row) => toItem(row, await effectiveOf(row))))
    },
    async make({ name, permissions, days }, maker) {
      const held = grantable(maker.permissions)
      const beyond = permissions.filter((permission) => !held.has(permission))
      if (beyond.length > 0)
        throw new AppError(
          'GUARD_FORBIDDEN',
          `a token carries no more than whoever makes it: you do not hold ${beyond.join(', ')}; you may give ${[...held].join(', ')}`,
          { path: 'permissions' },
        )
      const token = `mst_${randomBytes(32).toString('base64url')}`
      const nowMs = Math.round(clock.wallMs())
      const row: ServiceTokenRow = {
        id: randomUUID(),
        name,
        hash: fingerprint(token),
        permissions: [...new Set(permissions)].join(','),
        created_by: maker.name,
        maker_id: maker.id,
        created_ms: nowMs,
        expires_ms: nowMs + days * DAY_MS,
        revoked_ms: null,
      }
      await db.insertInto('service_tokens').values(row).execute()
      return { token, item: toItem(row, permissionsOf(row)) }
    },
    async revoke(id) {
      const row = await db
        .updateTable('service_tokens')
        .set((of) => ({ revoked_ms: of.fn.coalesce('revoked_ms', of.val(Math.round(clock.wallMs()))) }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      if (row === undefined) throw new AppError('STATE_NOT_FOUND', 'there is no token of this id', { path: 'token' })
      return toItem(row, [])
    },
  }
}
