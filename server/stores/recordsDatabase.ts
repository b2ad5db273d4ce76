/*
 * recordsDatabase: the one database of what must be kept: people, tokens, commands, the audit trail.
 * In: an address, `sqlite:path` or `postgres://...`. Out: the query builder over it, brought up to date, and its end.
 * Invariant: a write that was answered is on the disk; both dialects give the same types: numbers, text, bytes, null.
 * Source: docs/adr/0009-records-database.md.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Pool, types, type PoolConfig } from 'pg'
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import { migrate } from './migration.ts'
import type { Dialect } from './migrationStep.ts'
import { makePrivate } from './privateFile.ts'
import type { RecordsSchema } from './recordsSchema.ts'
import { createSqliteDialect } from './sqliteDialect.ts'

export interface Records {
  readonly db: Kysely<RecordsSchema>
  readonly dialect: Dialect
  /** Never throws for a second call. */
  close(): Promise<void>
}

const SQLITE: Dialect = Object.freeze({ name: 'sqlite', binary: 'blob' })
const POSTGRES: Dialect = Object.freeze({ name: 'postgres', binary: 'bytea' })
const POOL = { max: 8, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000, application_name: 'morphoscope' }

/** Of one that only reads: few connections, and no question that takes a server away from those who write. */
const READ_POOL = { max: 2, statement_timeout: 10_000, options: '-c default_transaction_read_only=on' }

const INT8 = types.builtins.INT8
const NUMERIC = types.builtins.NUMERIC

/** Postgres gives wide integers as text; ours are times and counts, all below 2^53, and a sum must stay a number. */
function toNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) && !text.includes('.')) throw new Error(`${text} does not fit into a number`)
  return value
}

const readType = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 || oid === NUMERIC ? toNumber : (types.getTypeParser as (...of: unknown[]) => unknown)(oid, format)

function openPostgres(url: string, onLost: (text: string) => void, more: PoolConfig = {}): PostgresDialect {
  const pool = new Pool({ ...POOL, ...more, connectionString: url, types: { getTypeParser: readType as never } })
  // A connection that dies while nobody uses it must not end the process.
  pool.on('error', (error) => onLost(error.message))
  return new PostgresDialect({ pool })
}

/** Where a file of SQLite lies; null for another kind of address. */
export function sqliteFile(url: string, root: string): string | null {
  return url.startsWith('sqlite:') ? path.resolve(root, url.slice('sqlite:'.length)) : null
}

export interface OpenRecordsOptions {
  /** Relative paths are under it. */
  readonly root?: string
  readonly onLost?: (text: string) => void
}

/** Opens and migrates. @throws STATE_STORAGE when it can not be opened or brought up to date */
export async function openRecords(url: string, { root = '.', onLost }: OpenRecordsOptions = {}): Promise<Records> {
  const file = sqliteFile(url, root)
  const dialect = file === null ? POSTGRES : SQLITE
  try {
    if (file !== null) {
      mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
      makePrivate(file)
    }
    const db = new Kysely<RecordsSchema>({
      dialect: file === null ? openPostgres(url, onLost ?? (() => undefined)) : createSqliteDialect(file),
    })
    let closed: Promise<void> | null = null
    const close = () => (closed ??= db.destroy())
    try {
      await sql`select 1`.execute(db)
      await migrate(db, dialect)
    } catch (error) {
      await close().catch(() => undefined)
      throw error
    }
    return { db, dialect, close }
  } catch (error) {
    if (isAppError(error, 'STATE_STORAGE')) throw error
    const where = file ?? 'the Postgres of DATABASE_URL'
    const text = `${where} can not be opened: ${(error as Error).message}`
    throw new AppError('STATE_STORAGE', text, { path: 'DATABASE_URL' }, error)
  }
}

/**
 * Opens what was migrated already, to read alone: on a connection of its own, so that a long question never holds up a write.
 * @throws STATE_STORAGE at the first question when it can not be opened
 */
export function openRecordsReader(url: string, { root = '.', onLost }: OpenRecordsOptions = {}): Records {
  const file = sqliteFile(url, root)
  const db = new Kysely<RecordsSchema>({
    dialect:
      file === null ? openPostgres(url, onLost ?? (() => undefined), READ_POOL) : createSqliteDialect(file, true),
  })
  let closed: Promise<void> | null = null
  return { db, dialect: file === null ? POSTGRES : SQLITE, close: () => (closed ??= db.destroy()) }
}
