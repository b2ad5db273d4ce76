/*
 * sqliteDialect: the query builder over node:sqlite, whose connection lives in a thread of its own.
 * In: a path. Out: a dialect of Kysely.
 * Invariant: one connection: who holds it (a transaction) has it alone, the others wait in the order they came; a thread that
 * dies fails what was asked and everything after, it is never taken for an empty answer.
 * Source: docs/adr/0009-records-database.md.
 */
import { Worker } from 'node:worker_threads'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import { RecordsError } from './recordsError.ts'
import type { FromSqlite, SqlValue, ToSqlite } from './sqliteProtocol.ts'

interface Waiting {
  readonly resolve: (answer: QueryResult<unknown>) => void
  readonly reject: (error: Error) => void
}

type Question = { readonly sql: string; readonly values: readonly SqlValue[] } | { readonly close: true }

/** Opens the thread; it fails its first question when the file can not be opened. */
function openThread(file: string, readOnly: boolean) {
  const worker = new Worker(new URL('./sqliteThread.ts', import.meta.url), { workerData: { file, readOnly } })
  const waiting = new Map<number, Waiting>()
  let next = 0
  let dead: Error | null = null
  const end = (cause: string): void => {
    dead ??= new RecordsError('unavailable', `the database thread ended: ${cause}`)
    for (const { reject } of waiting.values()) reject(dead)
    waiting.clear()
  }
  worker.on('message', (message: FromSqlite) => {
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (waiting.size === 0) worker.unref()
    if ('error' in message) return asked?.reject(toRecordsError(message.error))
    const rows = [...message.rows]
    asked?.resolve(message.changes === null ? { rows } : { rows, numAffectedRows: BigInt(message.changes) })
  })
  worker.on('error', (error) => end(error.message))
  worker.on('exit', (code) => end(`exit ${code}`))
  return {
    ask: (question: Question) =>
      new Promise<QueryResult<unknown>>((resolve, reject) => {
        if (dead !== null) return reject(dead)
        const id = next++
        waiting.set(id, { resolve, reject })
        // Only a question that waits keeps the process alive.
        worker.ref()
        worker.postMessage({ id, ...question } satisfies ToSqlite)
      }),
  }
}

const CONSTRAINT = 19
const UNIQUE = new Set([1555, 2067])

function toRecordsError({ text, number }: { readonly text: string; readonly number: number | null }): RecordsError {
  if (number !== null && UNIQUE.has(number)) return new RecordsError('unique', text)
  if (number !== null && (number & 0xff) === CONSTRAINT) return new RecordsError('constraint', text)
  // 8 read-only, 10 I/O, 11 corrupt, 13 full, 14 can not open, 26 not a database, 5 busy
  const storage = number !== null && [5, 8, 10, 11, 13, 14, 26].includes(number & 0xff)
  return new RecordsError(storage ? 'unavailable' : 'statement', text)
}

class SqliteDriver implements Driver {
  readonly #file: string
  readonly #readOnly: boolean
  #thread: ReturnType<typeof openThread> | null = null
  #busy: Promise<void> = Promise.resolve()
  #release: () => void = () => undefined

  constructor(file: string, readOnly: boolean) {
    this.#file = file
    this.#readOnly = readOnly
  }

  async init(): Promise<void> {
    this.#thread = openThread(this.#file, this.#readOnly)
    await this.#thread.ask({ sql: 'select 1', values: [] })
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#busy
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#busy = promise
    await before
    this.#release = resolve
    const thread = this.#thread!
    return {
      executeQuery: async <R>({ sql, parameters }: CompiledQuery) =>
        (await thread.ask({ sql, values: parameters as readonly SqlValue[] })) as QueryResult<R>,
      streamQuery: () => {
        throw new RecordsError('statement', 'rows are read in pages here, not streamed')
      },
    }
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    // The lock of a writer is taken at once: a transaction that only later wants to write could not always get it.
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }
  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }
  releaseConnection(): Promise<void> {
    this.#release()
    return Promise.resolve()
  }
  async destroy(): Promise<void> {
    await this.#thread?.ask({ close: true })
  }
}

/** All steps of a migration are one transaction, which takes the writer's lock: two that start at once take turns. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** Creates the dialect; the file is opened with the first statement. */
export function createSqliteDialect(file: string, readOnly = false): Dialect {
  return {
    createDriver: () => new SqliteDriver(file, readOnly),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new TransactionalAdapter(),
    createIntrospector: (db) => new SqliteIntrospector(db),
  }
}
