/*
 * auditExport: what is handed out of the log: all of it, or what matches, as lines that are sealed and can be verified elsewhere.
 * In: a format, terms. Out: lines, made as fast as somebody takes them.
 * Invariant: no more than a page is in memory; the loop is free between pages; the end says how many lines left, also when the reader
 * went away before it.
 * Source: docs/audit.md "export".
 */
import { BUNDLE_KIND, createSealer, toBundleLine, type BundleHead } from '../../lib/audit/bundle.ts'
import { CSV_COLUMNS, CSV_SEAL, csvLine } from '../../lib/audit/csv.ts'
import type { AuditTerm } from '../../lib/contracts/auditQuery.ts'
import type { AuditExportQuery } from '../../lib/contracts/httpAudit.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import { readEntry, toCells, toItem } from './auditItem.ts'
import type { AuditLog } from './auditLog.ts'
import type { AuditSearch } from './auditSearch.ts'
import type { AuditThread } from './auditThread.ts'
import type { CheckpointNote } from './auditWatch.ts'
import type { PeopleNames } from './peopleNames.ts'

export interface AuditFile {
  readonly contentType: string
  readonly fileName: string
  readonly lines: AsyncIterable<string>
}

export interface ExportsOptions {
  readonly clock: Clock
  readonly audit: AuditLog
  readonly reader: Pick<Records, 'db'>
  readonly thread: AuditThread
  readonly search: AuditSearch
  readonly names: PeopleNames
}

/** Entries of one step: their proofs are some milliseconds of work in another thread, their lines one here. */
const PAGE = 200
/** Lines of the whole log that come as one piece: 50 KB of text. */
const LOG_PAGE = 250

type Told = (lines: number, whole: boolean) => void

/** Creates the exports. */
export function createExports({ clock, audit, reader, thread, search, names }: ExportsOptions) {
  const { db } = reader

  /** Pages of entries that match, newest first, of the log as it was when it began. */
  async function* matching(terms: readonly AuditTerm[], size: number) {
    for (let before = size; ;) {
      const { seqs, lookedTo, ended } = await search.find(terms, { after: -1, before }, PAGE)
      if (seqs.length > 0) {
        const rows = await db
          .selectFrom('audit_entries')
          .selectAll()
          .where('seq', 'in', [...seqs])
          .execute()
        yield rows.toSorted((a, b) => b.seq - a.seq)
      }
      if (ended) return
      before = lookedTo
    }
  }

  async function* log(size: number): AsyncGenerator<string> {
    for (let from = 0; from < size; from += LOG_PAGE) {
      const lines = await thread.lines(from, Math.min(size, from + LOG_PAGE))
      if (lines.length === 0) return
      yield `${lines.join('\n')}\n`
    }
  }

  async function* bundle(query: string, terms: readonly AuditTerm[], size: number): AsyncGenerator<string> {
    const seal = createSealer((digest) => audit.signExport(digest))
    // The first entry of the log is proved under the newest checkpoint: that one all proofs of this bundle use.
    const [newest] = await thread.prove([0], null)
    const under: CheckpointNote | null = newest == null ? null : { size: newest.size, note: newest.note }
    const head: BundleHead = {
      bundle: BUNDLE_KIND,
      log_id: audit.logId,
      query,
      made_at: new Date(clock.wallMs()).toISOString(),
      checkpoint: under?.note ?? null,
    }
    yield seal.line(JSON.stringify(head))
    for await (const rows of matching(terms, size)) {
      const proofs =
        under === null
          ? []
          : await thread.prove(
              rows.map(({ seq }) => seq),
              under,
            )
      yield rows
        .map(({ bytes, sig }, at) => {
          const hashes = proofs[at]?.hashes.map((hash) => Buffer.from(hash, 'hex')) ?? null
          return seal.line(toBundleLine(bytes, sig, hashes))
        })
        .join('')
    }
    yield seal.end()
  }

  async function* csv(terms: readonly AuditTerm[], size: number): AsyncGenerator<string> {
    const seal = createSealer((digest) => audit.signExport(digest))
    yield seal.line(csvLine([...CSV_COLUMNS]))
    for await (const rows of matching(terms, size)) {
      const known = await names.of(rows.map((row) => row.actor_id))
      yield rows.map((row) => seal.line(csvLine(toCells(toItem(row, known), readEntry(row.bytes)?.params)))).join('')
    }
    yield seal.end(CSV_SEAL)
  }

  /** Tells how it ended, whichever way. */
  async function* told(pieces: AsyncIterable<string>, tell: Told): AsyncGenerator<string> {
    let lines = 0
    let whole = false
    try {
      for await (const piece of pieces) {
        yield piece
        lines += piece.split('\n').length - 1
      }
      whole = true
    } finally {
      tell(lines, whole)
    }
  }

  return {
    open({ format, query }: AuditExportQuery, terms: readonly AuditTerm[], tell: Told): AuditFile {
      const { size } = audit.checkpoint()
      const name = `morphoscope-audit-${new Date(clock.wallMs()).toISOString().replace(/[:.]/g, '-')}`
      const asJson = 'application/jsonl; charset=utf-8'
      switch (format) {
        case 'log':
          return { contentType: asJson, fileName: `${name}.log.jsonl`, lines: told(log(size), tell) }
        case 'bundle':
          return {
            contentType: asJson,
            fileName: `${name}.bundle.jsonl`,
            lines: told(bundle(query, terms, size), tell),
          }
        case 'csv':
          return {
            contentType: 'text/csv; charset=utf-8',
            fileName: `${name}.csv`,
            lines: told(csv(terms, size), tell),
          }
      }
    },
  }
}
