/*
 * sqliteThread: the one thread that has the database file open: a write that waits for the disk stops nobody else.
 * In: statements with values. Out: rows or the number of rows changed, or the error.
 * Invariant: what was answered is on the disk (WAL, synchronous=FULL); one connection, so statements run in the order asked.
 * Source: docs/adr/0009-records-database.md.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromSqlite, SqlQuestion, ToSqlite } from './sqliteProtocol.ts'

const KEPT_STATEMENTS = 200
/** Another process may hold the file for a moment, as a backup does. */
const BUSY_MS = 2_000

/** For one that only reads: pages of the file that it may keep, in KiB. */
const READ_CACHE_KIB = 65_536

const { file, readOnly } = workerData as { readonly file: string; readonly readOnly: boolean }
const port = parentPort!
const database = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true, readOnly })
const pragmas = readOnly
  ? ['query_only = ON', `cache_size = -${READ_CACHE_KIB}`, 'trusted_schema = OFF']
  : ['journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 1000', 'trusted_schema = OFF']
for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`)

const statements = new Map<string, StatementSync>()
/** Statements are compiled once; the least recently used one makes room. */
function prepare(sql: string): StatementSync {
  const known = statements.get(sql)
  if (known !== undefined) statements.delete(sql)
  else if (statements.size >= KEPT_STATEMENTS) statements.delete(statements.keys().next().value!)
  const statement = known ?? database.prepare(sql)
  statements.set(sql, statement)
  return statement
}

function answer({ id, sql, values }: SqlQuestion): FromSqlite {
  try {
    const statement = prepare(sql)
    if (statement.columns().length > 0)
      return { id, rows: statement.all(...values).map((row) => ({ ...row })), changes: null }
    return { id, rows: [], changes: Number(statement.run(...values).changes) }
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number }
    return { id, error: { text: message, number: errcode ?? null } }
  }
}

port.on('message', (message: ToSqlite) => {
  if (!('close' in message)) return port.postMessage(answer(message))
  database.close()
  port.postMessage({ id: message.id, rows: [], changes: null } satisfies FromSqlite)
  port.close()
})
