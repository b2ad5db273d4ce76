/*
 * logReader: a log read straight from its database, a page at a time, for those who verify or export it.
 * In: an address of a database. Out: entries, notes and hashes, in the order of the log.
 * Invariant: opened read-only, on a connection of its own; nothing is kept but one page.
 * Source: docs/audit.md "export".
 */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Client } from 'pg'
import { sqliteFile } from '../stores/recordsDatabase.ts'

export interface LogRow {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly sig: Uint8Array
}

export interface LogReader {
  /** At most `limit` entries after this one. */
  entries(after: number, limit: number): Promise<readonly LogRow[]>
  /** Signed notes about more than `size` entries, the smallest first. */
  notes(size: number, limit: number): Promise<readonly { readonly size: number; readonly note: string }[]>
  /** Hashes of entries `from` to before `to`, as the index beside them has them. */
  hashes(from: number, to: number): Promise<readonly Uint8Array[]>
  close(): Promise<void>
}

type Ask = (text: string, values: readonly number[]) => Promise<readonly Readonly<Record<string, unknown>>[]>

/** `?` stands for a value on both dialects. */
const QUESTIONS = {
  entries: 'select seq, bytes, sig from audit_entries where seq > ? order by seq limit ?',
  notes: 'select size, note from audit_checkpoints where size > ? order by size limit ?',
  hashes: 'select hash from audit_entries where seq >= ? and seq < ? order by seq',
} as const

function readerOf(ask: Ask, close: () => Promise<void>): LogReader {
  return {
    async entries(after, limit) {
      const rows = await ask(QUESTIONS.entries, [after, limit])
      return rows.map(({ seq, bytes, sig }) => ({
        seq: Number(seq),
        bytes: bytes as Uint8Array,
        sig: sig as Uint8Array,
      }))
    },
    async notes(size, limit) {
      const rows = await ask(QUESTIONS.notes, [size, limit])
      return rows.map((row) => ({ size: Number(row['size']), note: String(row['note']) }))
    },
    async hashes(from, to) {
      const rows = await ask(QUESTIONS.hashes, [from, to])
      return rows.map(({ hash }) => Buffer.from(String(hash), 'hex'))
    },
    close,
  }
}

/** @throws when the database can not be opened */
export async function openLogReader(url: string, root = '.'): Promise<LogReader> {
  const file = sqliteFile(url, root)
  if (file !== null) {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
    const prepared = new Map(Object.values(QUESTIONS).map((text) => [text as string, database.prepare(text)]))
    return readerOf(
      (text, values) => Promise.resolve(prepared.get(text)!.all(...(values as SQLInputValue[]))),
      () => Promise.resolve(database.close()),
    )
  }
  const client = new Client({ connectionString: url, application_name: 'morphoscope audit' })
  await client.connect()
  await client.query('set default_transaction_read_only = on')
  return readerOf(
    async (text, values) => {
      let at = 0
      const { rows } = await client.query<Record<string, unknown>>(
        text.replace(/\?/g, () => `$${++at}`),
        [...values],
      )
      return rows
    },
    () => client.end(),
  )
}
