/*
 * alertOrder: alerts as the rows of a list: order of each tab, groups with their members, and the order that holds still.
 * In: alerts and groups as the server gave them. Out: rows; while the list is held the same rows in the same places, and how many wait.
 * Invariant: a held row never changes its place or goes away; a critical alert is never folded; order is total, so equal input gives equal rows.
 * Source: docs/ux.md "pages: alerts", "principles" 5.
 */
import type { AlertGroup, AlertItem } from '../../lib/contracts/alerts.ts'
import { canAck } from './alertWords.ts'

export const ALERT_TABS = ['open', 'acked', 'shelved', 'silent', 'history'] as const
export type AlertTab = (typeof ALERT_TABS)[number]

export type ListRow =
  | { readonly kind: 'group'; readonly key: string; readonly group: AlertGroup }
  | { readonly kind: 'alert'; readonly key: string; readonly alert: AlertItem }
  /** Members of a group that are folded away, never critical ones. */
  | { readonly kind: 'more'; readonly key: string; readonly group: string; readonly count: number }

/** A group with more members than this shows its critical ones, the newest of the others, and a line that opens it. */
export const FOLD_ABOVE = 8
const SHOWN_FOLDED = 4

const RANK: Readonly<Record<AlertItem['severity'], number>> = { critical: 0, warning: 1, info: 2 }
const at = (iso: string | null): number => (iso === null ? Number.POSITIVE_INFINITY : Date.parse(iso))
const byId = (a: AlertItem, b: AlertItem): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

type Compare = (a: AlertItem, b: AlertItem) => number
const ORDERS: Readonly<Record<AlertTab, Compare>> = {
  // What burns and nobody has, then what burns, then what is over; worst first, newest first.
  open: (a, b) =>
    Number(a.state === 'unacked_cleared') - Number(b.state === 'unacked_cleared') ||
    RANK[a.severity] - RANK[b.severity] ||
    Number(canAck(b)) - Number(canAck(a)) ||
    at(b.raised_at) - at(a.raised_at),
  // By age: what was acknowledged longest ago and still goes on comes first.
  acked: (a, b) => at(a.acked_at) - at(b.acked_at),
  // By expiry: what comes back next comes first.
  shelved: (a, b) => at(a.shelved_until) - at(b.shelved_until),
  silent: (a, b) => RANK[a.severity] - RANK[b.severity] || at(a.last_at) - at(b.last_at),
  history: (a, b) => at(b.cleared_at ?? b.last_at) - at(a.cleared_at ?? a.last_at),
}

/** Sorts the alerts of a tab; the id decides between equals. */
export function orderAlerts(tab: AlertTab, alerts: readonly AlertItem[]): AlertItem[] {
  const order = ORDERS[tab]
  return alerts.toSorted((a, b) => order(a, b) || byId(a, b))
}

const worstFirst = (a: AlertGroup, b: AlertGroup): number =>
  Number(b.critical > 0) - Number(a.critical > 0) ||
  Number(b.unacked > 0) - Number(a.unacked > 0) ||
  at(b.newest_at) - at(a.newest_at) ||
  (a.key < b.key ? -1 : 1)

/** Lays out a tab. Only the open tab is grouped; `unfolded` are the keys of the groups that show everything. */
export function rowsOf(
  tab: AlertTab,
  alerts: readonly AlertItem[],
  groups: readonly AlertGroup[],
  unfolded: ReadonlySet<string>,
): readonly ListRow[] {
  const ordered = orderAlerts(tab, alerts)
  const row = (alert: AlertItem): ListRow => ({ kind: 'alert', key: `a ${alert.id}`, alert })
  if (tab !== 'open') return ordered.map(row)
  const members = new Map<string, AlertItem[]>()
  for (const alert of ordered) {
    const of = members.get(alert.group)
    if (of) of.push(alert)
    else members.set(alert.group, [alert])
  }
  const known = new Set(groups.map((group) => group.key))
  // A member whose group the answer does not name stands under one that is counted from what is here.
  const counted = [...members].filter(([key]) => !known.has(key)).map(([key, list]) => countGroup(key, list))
  return [...groups, ...counted].toSorted(worstFirst).flatMap((group) => {
    const list = members.get(group.key) ?? []
    if (list.length === 0) return []
    const head: ListRow = { kind: 'group', key: `g ${group.key}`, group }
    if (list.length <= FOLD_ABOVE || unfolded.has(group.key)) return [head, ...list.map(row)]
    const calm = list.filter((alert) => alert.severity !== 'critical')
    const folded = new Set(calm.slice(SHOWN_FOLDED).map((alert) => alert.id))
    return [
      head,
      ...list.filter((alert) => !folded.has(alert.id)).map(row),
      ...(folded.size === 0
        ? []
        : [{ kind: 'more' as const, key: `m ${group.key}`, group: group.key, count: folded.size }]),
    ]
  })
}

function countGroup(key: string, alerts: readonly AlertItem[]): AlertGroup {
  return {
    key,
    text: key,
    rule: alerts[0]?.rule ?? '',
    count: alerts.length,
    critical: alerts.filter((alert) => alert.severity === 'critical').length,
    unacked: alerts.filter(canAck).length,
    newest_at:
      alerts
        .map((alert) => alert.raised_at)
        .toSorted()
        .at(-1) ?? '',
    new_since_ack: 0,
  }
}

export interface HeldRows {
  readonly rows: readonly ListRow[]
  /** Alerts that are known and stand behind the pill. */
  readonly waiting: number
}

/**
 * Keeps the places of `held` and brings what stands there up to date; what belongs between them waits. A row whose alert left the tab stays, with
 * the newest that is known of it. Without `held` the fresh rows are the rows.
 */
export function holdRows(
  held: readonly ListRow[] | null,
  fresh: readonly ListRow[],
  newest: (id: string) => AlertItem | undefined,
): HeldRows {
  if (held === null) return { rows: fresh, waiting: 0 }
  const now = new Map(fresh.map((row) => [row.key, row]))
  const keys = new Set(held.map((row) => row.key))
  const rows = held.map((row): ListRow => {
    const current = now.get(row.key)
    if (current !== undefined) return current
    return row.kind === 'alert' ? { ...row, alert: newest(row.alert.id) ?? row.alert } : row
  })
  // What comes after everything that stands may be appended: nothing moves by that, and scrolling down goes on.
  const tail = fresh.findLastIndex((row) => keys.has(row.key)) + 1
  const waiting = fresh.slice(0, tail).filter((row) => row.kind === 'alert' && !keys.has(row.key)).length
  return { rows: [...rows, ...fresh.slice(tail)], waiting }
}
