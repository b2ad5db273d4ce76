/*
 * groupRows: entries as the rows of the list: days between them, entries of one thread under the newest of it.
 * In: entries, newest first. Out: rows, newest first.
 * Invariant: every entry is one row, once; a thread stands where its newest entry stands; the order inside it is that of the log.
 * Source: docs/ux.md "pages: audit".
 */
import type { AuditItem } from '../../lib/contracts/httpAudit.ts'
import { rowDay } from './auditWords.ts'

export type AuditRow =
  | { readonly kind: 'day'; readonly key: string; readonly day: string }
  | { readonly kind: 'thread'; readonly key: string; readonly id: string; readonly entries: number }
  | { readonly kind: 'entry'; readonly key: string; readonly item: AuditItem; readonly nested: boolean }

const entryRow = (item: AuditItem, nested: boolean): AuditRow => ({ kind: 'entry', key: `e${item.seq}`, item, nested })

/** Builds the rows. */
export function groupRows(items: readonly AuditItem[], flat: boolean): AuditRow[] {
  const threads = new Map<string, AuditItem[]>()
  if (!flat)
    for (const item of items) {
      if (item.correlation_id === null) continue
      const known = threads.get(item.correlation_id)
      if (known === undefined) threads.set(item.correlation_id, [item])
      else known.push(item)
    }
  const rows: AuditRow[] = []
  const placed = new Set<string>()
  let day = ''
  for (const item of items) {
    const id = item.correlation_id
    if (!flat && id !== null && placed.has(id)) continue
    if (rowDay(item.at) !== day) {
      day = rowDay(item.at)
      rows.push({ kind: 'day', key: `d${day} ${item.seq}`, day })
    }
    const thread = flat || id === null ? undefined : threads.get(id)
    if (thread === undefined || thread.length === 1) {
      rows.push(entryRow(item, false))
      continue
    }
    placed.add(id!)
    rows.push({ kind: 'thread', key: `t${id} ${item.seq}`, id: id!, entries: thread.length })
    for (const inner of thread) rows.push(entryRow(inner, true))
  }
  return rows
}
