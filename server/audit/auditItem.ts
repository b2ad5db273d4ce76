/*
 * auditItem: an entry as pages and exports show it, out of its bytes.
 * In: a row, names of people. Out: AuditItem; the cells of a table.
 * Invariant: what is shown is what the signed bytes say; bytes that can not be read are shown as such, never left out.
 * Source: docs/audit.md "entries".
 */
import type { AuditEntry } from '../../lib/audit/entry.ts'
import type { CSV_COLUMNS } from '../../lib/audit/csv.ts'
import type { AuditItem } from '../../lib/contracts/httpAudit.ts'
import type { AuditEntryRow } from '../stores/recordsSchema.ts'
import { levelOf, placeOf } from './auditIndex.ts'

type Row = Pick<
  AuditEntryRow,
  | 'seq'
  | 'at_ms'
  | 'actor_id'
  | 'action'
  | 'object_type'
  | 'object_id'
  | 'outcome'
  | 'command_id'
  | 'correlation_id'
  | 'bytes'
  | 'hash'
  | 'prev_hash'
>

/** Fields of bytes that nobody verified yet; null when they are no entry. */
export function readEntry(bytes: Uint8Array): Partial<AuditEntry> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Partial<AuditEntry>) : null
  } catch {
    return null
  }
}

const text = (value: unknown, or: string): string => (typeof value === 'string' ? value : or).slice(0, 512)
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value.slice(0, 512) : null)
const OUTCOMES: readonly string[] = ['intent', 'done', 'failed', 'denied', 'unknown']
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value.slice(0, 16) : [])
const LATEST_MS = 8_640_000_000_000_000
const moment = (value: unknown, or: number): string => {
  const ms = typeof value === 'number' && Math.abs(value) <= LATEST_MS ? value : or
  return new Date(Math.abs(ms) <= LATEST_MS ? ms : 0).toISOString()
}

/** Makes an item. Never throws: somebody may have changed the bytes. */
export function toItem(row: Row, names: ReadonlyMap<string, string>): AuditItem {
  const entry = readEntry(row.bytes)
  const actor = text(entry?.actor_id, row.actor_id)
  const outcome = text(entry?.outcome, row.outcome)
  const object = { type: text(entry?.object_type, row.object_type), id: text(entry?.object_id, row.object_id) }
  const place = placeOf({ params: entry?.params, object_type: object.type, object_id: object.id })
  return {
    seq: row.seq,
    at: moment(entry?.ts_wall, row.at_ms),
    actor,
    actor_name: names.get(actor) ?? null,
    roles: list(entry?.actor_role).map((role) => text(role, '?')),
    method: text(entry?.auth_method, 'none'),
    action: text(entry?.action, row.action),
    object,
    outcome: (OUTCOMES.includes(outcome) ? outcome : 'unknown') as AuditItem['outcome'],
    error_code: textOrNull(entry?.error_code),
    reason: entry === null ? 'the bytes of this entry can not be read' : (textOrNull(entry.reason_text) ?? null),
    ...place,
    level: levelOf({ precondition: entry?.precondition }),
    command_id: textOrNull(entry?.command_id),
    correlation_id: textOrNull(entry?.correlation_id),
    approvers: list(entry?.approvals).map((one) => text((one as { actor_id?: unknown } | null)?.actor_id, '?')),
    clock_back_ms: typeof entry?.clock_back_ms === 'number' ? entry.clock_back_ms : null,
    hash: /^[0-9a-f]{64}$/.test(row.hash) ? row.hash : '0'.repeat(64),
    prev_hash: /^[0-9a-f]{64}$/.test(row.prev_hash) ? row.prev_hash : '0'.repeat(64),
  }
}

/** The cells of a row of CSV, in the order of CSV_COLUMNS. */
export function toCells(item: AuditItem, params: unknown): readonly (string | number | null)[] {
  const cells: Readonly<Record<(typeof CSV_COLUMNS)[number], string | number | null>> = {
    seq: item.seq,
    at: item.at,
    actor: item.actor,
    action: item.action,
    object_type: item.object.type,
    object_id: item.object.id,
    outcome: item.outcome,
    error_code: item.error_code,
    layer: item.layer_id,
    seed: item.seed_id,
    level: item.level,
    reason: item.reason,
    command_id: item.command_id,
    correlation_id: item.correlation_id,
    approvers: item.approvers.join(' '),
    params: params === undefined ? null : JSON.stringify(params),
    hash: item.hash,
    prev_hash: item.prev_hash,
  }
  return Object.values(cells)
}
