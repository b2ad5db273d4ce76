/*
 * auditIndex: what an entry is found by, derived from its bytes, and the catching up of entries that are not indexed yet.
 * In: entries. Out: rows of audit_index.
 * Invariant: rows are added in the order of the log without holes; a row says only what its entry says; it is never evidence.
 * Source: docs/audit.md "index".
 */
import type { Transaction } from 'kysely'
import { decodeEntry, type AuditEntry } from '../../lib/audit/entry.ts'
import type { Records } from '../stores/recordsDatabase.ts'
import type { AuditIndexRow, RecordsSchema } from '../stores/recordsSchema.ts'

/** Longer texts are found by their beginning only. */
const TEXT_LENGTH = 600
const VALUE_LENGTH = 160
const MAX_DEPTH = 4
/** Entries of one turn of catching up: their bytes are read and parsed, some 3 ms. */
export const CATCH_UP_ROWS = 200
/** One statement: 15 columns, and Postgres takes 65,535 values. */
const INSERT_ROWS = 500

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)
const textOrNull = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const countOrNull = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 0x7fffffff ? value : null

/** Every text in plain data, in its order. */
function* textsOf(value: unknown, depth = 0): Generator<string> {
  if (typeof value === 'string') yield value.slice(0, VALUE_LENGTH)
  else if (depth < MAX_DEPTH && typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) yield* textsOf(inner, depth + 1)
}

/** What layer and seed an entry is about, when it is about one. */
export function placeOf({
  params,
  object_type: type,
  object_id: id,
}: Pick<AuditEntry, 'params' | 'object_type' | 'object_id'>) {
  const given = isPlain(params) ? params : {}
  const scope = given['scope'] ?? given['layers']
  const only = Array.isArray(scope) && scope.length === 1 ? textOrNull(scope[0]) : null
  const named = /^([\w:-]{1,128})\/(\d{1,8})$/.exec(id)
  const layer =
    textOrNull(given['layer_id']) ?? only ?? (type === 'layer' ? id : type === 'seed' && named ? named[1]! : null)
  const seed = countOrNull(given['seed_id']) ?? (type === 'seed' && named ? Number(named[2]) : null)
  return { layer_id: layer, seed_id: layer === null ? null : seed }
}

/** Guard level of the command an entry is about. */
export function levelOf({ precondition }: Pick<AuditEntry, 'precondition'>): number | null {
  return isPlain(precondition) ? countOrNull(precondition['level']) : null
}

/** The row of one entry; `orderMs` of the entry before it. */
export function toIndexRow(entry: AuditEntry, orderMs: number): AuditIndexRow {
  const words = [
    entry.reason_text ?? '',
    entry.actor_id,
    entry.action,
    entry.object_type,
    entry.object_id,
    entry.error_code ?? '',
    entry.command_id ?? '',
    ...textsOf(entry.params),
  ]
  return {
    seq: entry.seq,
    at_ms: entry.ts_wall,
    order_ms: Math.max(orderMs, entry.ts_wall),
    actor_id: entry.actor_id,
    action: entry.action,
    object_type: entry.object_type,
    object_id: entry.object_id,
    outcome: entry.outcome,
    command_id: entry.command_id,
    correlation_id: entry.correlation_id,
    ...placeOf(entry),
    level: levelOf(entry),
    error_code: entry.error_code,
    // A line each: words that were asked for together are found in one value, never across two. A zero byte is no text for Postgres.
    text: words.join('\n').toLowerCase().replaceAll('\u0000', ' ').slice(0, TEXT_LENGTH),
  }
}

export interface IndexTail {
  /** How many entries are indexed. */
  readonly size: number
  readonly orderMs: number
}

/** Reads how far the index is. */
export async function readIndexTail({ db }: Pick<Records, 'db'>): Promise<IndexTail> {
  const last = await db
    .selectFrom('audit_index')
    .select(['seq', 'order_ms'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return last === undefined ? { size: 0, orderMs: 0 } : { size: last.seq + 1, orderMs: last.order_ms }
}

/** Adds rows inside a transaction. */
export async function addIndexRows(inside: Transaction<RecordsSchema>, rows: readonly AuditIndexRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += INSERT_ROWS)
    await inside
      .insertInto('audit_index')
      .values(rows.slice(from, from + INSERT_ROWS))
      .execute()
}

/** Indexes the entries that follow, one turn; what it reached. Entries that can not be read are passed over: a verifier names them. */
export async function catchUp({ db }: Pick<Records, 'db'>, tail: IndexTail): Promise<IndexTail> {
  const rows = await db
    .selectFrom('audit_entries')
    .select(['seq', 'bytes'])
    .where('seq', '>=', tail.size)
    .orderBy('seq')
    .limit(CATCH_UP_ROWS)
    .execute()
  let { size, orderMs } = tail
  const added: AuditIndexRow[] = []
  for (const { seq, bytes } of rows) {
    size = seq + 1
    const entry = decodeEntry(bytes)
    if (entry === null) continue
    const row = { ...toIndexRow(entry, orderMs), seq }
    orderMs = row.order_ms
    added.push(row)
  }
  if (added.length > 0) await db.transaction().execute((inside) => addIndexRows(inside, added))
  return { size, orderMs }
}
