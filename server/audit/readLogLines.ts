/*
 * readLogLines: the entries of a log as lines of an export, read without writing to it and without loading it whole.
 * In: an address of a database. Out: lines, in the order of the log.
 * Invariant: opened read-only; a page of entries at a time.
 * Source: docs/audit.md "export".
 */
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { toExportLine } from '../../lib/audit/exportLine.ts'
import { sqliteFile } from '../stores/recordsDatabase.ts'

const PAGE = 1_000
interface Row {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly sig: Uint8Array
}

async function* pagesOf(ask: (after: number) => Promise<Row[]> | Row[]): AsyncGenerator<string> {
  let after = -1
  for (;;) {
    const rows = await ask(after)
    for (const row of rows) yield toExportLine(row.bytes, row.sig)
    if (rows.length < PAGE) return
    after = Number(rows.at(-1)!.seq)
  }
}

/** @throws when the database can not be opened or read */
export async function* readLogLines(url: string): AsyncGenerator<string> {
  const file = sqliteFile(url, '.')
  if (file !== null) {
    const database = new DatabaseSync(file, { readOnly: true })
    try {
      const page = database.prepare('select seq, bytes, sig from audit_entries where seq > ? order by seq limit ?')
      yield* pagesOf((after) => page.all(after, PAGE) as unknown as Row[])
    } finally {
      database.close()
    }
    return
  }
  const client = new Client({ connectionString: url, application_name: 'morphoscope audit' })
  await client.connect()
  try {
    await client.query('set default_transaction_read_only = on')
    yield* pagesOf(async (after) => {
      const text = 'select seq, bytes, sig from audit_entries where seq > $1 order by seq limit $2'
      return (await client.query<Row>(text, [after, PAGE])).rows
    })
  } finally {
    await client.end()
  }
}
