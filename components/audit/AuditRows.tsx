/*
 * AuditRows: the entries as rows; only those in sight exist. Grouped by thread, or one by one.
 * In: rows, the chosen entry. Out: a table with one Tab stop; a row is opened, a cell's value is asked for, a thread is walked.
 * Invariant: keys move, never a new entry; what is refused is red and has its own shape; a row that is read says its whole sentence.
 * Source: docs/ux.md "pages: audit", "accessibility".
 */
'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useState, type KeyboardEvent, type RefObject } from 'react'
import type { AuditItem } from '../../lib/contracts/httpAudit.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import {
  AUDIT_COLUMNS,
  OUTCOME_LOOK,
  rowTime,
  sentenceOf,
  termOf,
  whatOf,
  whoOf,
  type AuditColumn,
} from './auditWords.ts'
import { groupRows, type AuditRow } from './groupRows.ts'

const ROW_PX = 32
const OVERSCAN = 12
const PAGE = 10
/** The next page is asked for this many rows before the end is in sight. */
const AHEAD = 30

interface Props {
  readonly items: readonly AuditItem[]
  readonly flat: boolean
  readonly chosen: number | null
  readonly more: boolean
  readonly region: RefObject<HTMLElement | null>
  readonly onOpen: (seq: number) => void
  readonly onFilter: (term: string) => void
  readonly onCopy: (seq: number) => void
  readonly onSearch: () => void
  readonly onEnd: () => void
}

const HEADS: Readonly<Record<AuditColumn, string>> = {
  at: 'UTC',
  actor: 'Who',
  action: 'Act',
  object: 'On what',
  outcome: 'Outcome',
}

export function AuditRows(props: Props) {
  const { items, flat, chosen, more, region, onEnd } = props
  const rows = useMemo(() => groupRows(items, flat), [items, flat])
  const [place, setPlace] = useState<{ readonly key: string | null; readonly column: number }>({ key: null, column: 2 })
  // It says itself when to draw again; what it answers is used here only and never memoized.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => region.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    getItemKey: (index) => rows[index]?.key ?? index,
  })
  const inSight = virtual.getVirtualItems()
  const above = inSight[0]?.start ?? 0
  const below = virtual.getTotalSize() - (inSight.at(-1)?.end ?? 0)
  const last = inSight.at(-1)?.index ?? 0
  useEffect(() => {
    if (more && rows.length > 0 && last >= rows.length - AHEAD) onEnd()
  }, [more, rows.length, last, onEnd])

  /** Where the keys are: an entry, also when others came above it. */
  const at = Math.max(
    0,
    rows.findIndex((row) => row.key === place.key),
  )
  const entryAt = (index: number): AuditItem | null => {
    const row = rows[index]
    return row?.kind === 'entry' ? row.item : null
  }
  const current = entryAt(at) ?? entryAt(rows.findIndex((row) => row.kind === 'entry'))
  const goTo = (index: number): void => {
    const row = rows[index]
    if (row === undefined) return
    setPlace(({ column }) => ({ key: row.key, column }))
    virtual.scrollToIndex(index)
  }
  /** The entry nearest to there, in the direction of the move. */
  const move = (to: number): void => {
    const down = to >= at
    let index = Math.min(rows.length - 1, Math.max(0, to))
    while (rows[index] !== undefined && rows[index]!.kind !== 'entry') index += down ? 1 : -1
    if (rows[index] === undefined) index = rows.findIndex((row) => row.kind === 'entry')
    goTo(index)
  }
  const inThread = (step: 1 | -1): void => {
    const id = current?.correlation_id
    if (id == null) return
    for (let index = at + step; rows[index] !== undefined; index += step)
      if (entryAt(index)?.correlation_id === id) {
        goTo(index)
        props.onOpen(entryAt(index)!.seq)
        return
      }
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || rows.length === 0) return
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      j: at + 1,
      ArrowUp: at - 1,
      k: at - 1,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
      Home: 0,
      End: rows.length - 1,
    }
    const to = steps[event.key]
    const sideways = { ArrowLeft: -1, h: -1, ArrowRight: 1, l: 1 }[event.key]
    if (to !== undefined) move(to)
    else if (sideways !== undefined)
      setPlace(({ key, column }) => ({
        key,
        column: Math.min(AUDIT_COLUMNS.length - 1, Math.max(0, column + sideways)),
      }))
    else if (event.key === '/') props.onSearch()
    else if (current === null) return
    else if (event.key === 'Enter') props.onOpen(current.seq)
    else if (event.key === '.') props.onFilter(termOf(current, AUDIT_COLUMNS[place.column]!))
    else if (event.key === 'y') props.onCopy(current.seq)
    else if (event.key === '[') inThread(1)
    else if (event.key === ']') inThread(-1)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <ScrollRegion
      ref={region}
      label="Entries, newest first. j and k move, Enter opens one, full stop asks for the value of the cell, brackets walk a thread."
      className="page-table audit-rows"
      onKeyDown={onKeyDown}
    >
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className="num">
              #
            </th>
            {AUDIT_COLUMNS.map((column) => (
              <th key={column} scope="col" className={`audit-${column}`}>
                {HEADS[column]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Spacer height={above} />
          {inSight.map(({ index }) => (
            <Row
              key={rows[index]!.key}
              row={rows[index]!}
              index={index}
              isCurrent={index === at}
              column={AUDIT_COLUMNS[place.column]!}
              chosen={chosen}
              onOpen={(seq) => {
                setPlace(({ column }) => ({ key: `e${seq}`, column }))
                props.onOpen(seq)
              }}
              onFilter={props.onFilter}
            />
          ))}
          <Spacer height={below} />
        </tbody>
      </table>
      <div className="visually-hidden" aria-live="polite">
        {current !== null && place.key !== null ? `Entry ${current.seq}: ${sentenceOf(current)}` : ''}
      </div>
    </ScrollRegion>
  )
}

interface RowProps {
  readonly row: AuditRow
  readonly index: number
  readonly isCurrent: boolean
  readonly column: AuditColumn
  readonly chosen: number | null
  readonly onOpen: (seq: number) => void
  readonly onFilter: (term: string) => void
}

function Row({ row, index, isCurrent, column, chosen, onOpen, onFilter }: RowProps) {
  if (row.kind === 'day')
    return (
      <tr className="audit-day" aria-rowindex={index + 2}>
        <th scope="rowgroup" colSpan={6}>
          {row.day}
        </th>
      </tr>
    )
  if (row.kind === 'thread')
    return (
      <tr className="audit-thread" aria-rowindex={index + 2}>
        <th scope="rowgroup" colSpan={6}>
          Thread{' '}
          <button
            type="button"
            className="link mono"
            tabIndex={-1}
            title="Only this thread"
            onClick={() => onFilter(`correlation:${row.id}`)}
          >
            {row.id.slice(0, 8)}
          </button>{' '}
          <span className="t2">{row.entries} entries</span>
        </th>
      </tr>
    )
  const { item, nested } = row
  const { mark, tone } = OUTCOME_LOOK[item.outcome]
  const denied = item.outcome === 'denied'
  const cells: Readonly<Record<AuditColumn, React.ReactNode>> = {
    at: (
      <time dateTime={item.at} title={`${item.at} · here ${new Date(item.at).toLocaleString()}`}>
        {rowTime(item.at)}
      </time>
    ),
    actor: whoOf(item),
    action: item.action,
    object: whatOf(item),
    outcome: (
      <>
        <span aria-hidden="true">{mark}</span> {item.outcome}
        {item.error_code === null ? '' : ` ${item.error_code}`}
      </>
    ),
  }
  return (
    <tr
      aria-rowindex={index + 2}
      aria-current={item.seq === chosen ? 'true' : undefined}
      className={[
        isCurrent ? 'is-current' : '',
        item.seq === chosen ? 'is-selected' : '',
        denied ? 'is-denied' : '',
        nested ? 'is-nested' : '',
      ].join(' ')}
    >
      <td className="num">
        <button type="button" className="link num" tabIndex={-1} onClick={() => onOpen(item.seq)}>
          <span className="visually-hidden">Open entry </span>
          {item.seq}
        </button>
      </td>
      {AUDIT_COLUMNS.map((name) => (
        <td
          key={name}
          className={[
            `audit-${name}`,
            name === 'outcome' ? tone : '',
            isCurrent && name === column ? 'is-cell' : '',
          ].join(' ')}
          // Keys do the same on the row: Enter opens it.
          onClick={() => onOpen(item.seq)}
        >
          {cells[name]}
        </td>
      ))}
    </tr>
  )
}

/** Stands for the rows out of sight. */
function Spacer({ height }: { readonly height: number }) {
  return height > 0 ? <tr aria-hidden="true" className="page-spacer" style={{ height }} /> : null
}
