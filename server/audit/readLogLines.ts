/*
 * readLogLines: the entries of a log as lines of an export, read without writing to it and without loading it whole.
 * In: an open reader, or an address of a database. Out: lines, in the order of the log.
 * Invariant: opened read-only; a page of entries at a time.
 * Source: docs/audit.md "export".
 */
import { toExportLine } from '../../lib/audit/exportLine.ts'
import { openLogReader, type LogReader } from './logReader.ts'

const PAGE = 1_000

/** Lines of entries `from` to before `to`. */
export async function* linesOf(reader: LogReader, to: number, page = PAGE, from = 0): AsyncGenerator<string> {
  for (let after = from - 1; after < to - 1;) {
    const rows = await reader.entries(after, Math.min(page, to - 1 - after))
    for (const row of rows) yield toExportLine(row.bytes, row.sig)
    if (rows.length === 0) return
    after = rows.at(-1)!.seq
  }
}

/** @throws when the database can not be opened or read */
export async function* readLogLines(url: string): AsyncGenerator<string> {
  const reader = await openLogReader(url)
  try {
    yield* linesOf(reader, Number.MAX_SAFE_INTEGER)
  } finally {
    await reader.close()
  }
}
