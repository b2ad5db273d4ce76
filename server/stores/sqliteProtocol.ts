/*
 * sqliteProtocol: what the database thread is asked and what it answers.
 * In: nothing. Out: the two message unions.
 * Invariant: each question is answered once, in the order asked; an error crosses as text and number, never as an instance.
 * Source: docs/adr/0009-records-database.md.
 */
export type SqlValue = null | number | bigint | string | Uint8Array

export interface SqlQuestion {
  readonly id: number
  readonly sql: string
  readonly values: readonly SqlValue[]
}

export type ToSqlite = SqlQuestion | { readonly id: number; readonly close: true }

export type FromSqlite =
  | { readonly id: number; readonly rows: readonly Record<string, unknown>[]; readonly changes: number | null }
  /** `number`: the extended result code of SQLite; null when the failure was not its own. */
  | { readonly id: number; readonly error: { readonly text: string; readonly number: number | null } }
