/*
 * AlertListView: the list of alerts: groups, rows, what is folded; only what is in sight exists in the page.
 * In: rows as they are held, the current one. Out: a list with one Tab stop; the end of it asks for more.
 * Invariant: the focused row stays in the page however far is scrolled; nothing moves while somebody points at it or stands in it.
 * Source: docs/ux.md "pages: alerts", "accessibility".
 */
'use client'
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, type ReactNode } from 'react'
import type { AlertGroup } from '../../lib/contracts/alerts.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Icon } from '../ui/Icon.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import type { ListRow } from './alertOrder.ts'
import { groupWords } from './alertWords.ts'

const ROW_PX = { alert: 53, group: 41, more: 37 } as const
const OVERSCAN = 8
/** Asked for before the reader reaches the end, rows. */
const AHEAD = 20

interface Props {
  readonly rows: readonly ListRow[]
  /** Key of the row that j and k move from. */
  readonly current: string | null
  /** Raised by one when the current row is to take the focus. */
  readonly focusCount: number
  readonly mayAct: boolean
  /** Groups that are being acknowledged. */
  readonly busyGroups: ReadonlySet<string>
  readonly hasMore: boolean
  readonly onEnd: () => void
  readonly onCurrent: (key: string) => void
  readonly onAckGroup: (key: string) => void
  readonly onUnfold: (key: string) => void
  readonly onHold: () => void
  readonly onRelease: () => void
  readonly onReleaseSoon: () => void
  readonly renderAlert: (row: Extract<ListRow, { kind: 'alert' }>, isCurrent: boolean) => ReactNode
}

export function AlertListView(props: Props) {
  const { rows, current, onEnd, hasMore } = props
  const region = useRef<HTMLElement>(null)
  const at = rows.findIndex((row) => row.key === current)
  // It says itself when to draw again; what it answers is used here only and never memoized.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => region.current,
    estimateSize: (index) => ROW_PX[rows[index]?.kind ?? 'alert'],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: OVERSCAN,
    rangeExtractor: (range) => {
      const inSight = defaultRangeExtractor(range)
      return at < 0 || inSight.includes(at) ? inSight : [...inSight, at].toSorted((a, b) => a - b)
    },
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (hasMore && rows.length > 0 && last >= rows.length - AHEAD) onEnd()
  }, [hasMore, last, rows.length, onEnd])

  const { focusCount } = props
  const focused = useRef(focusCount)
  useEffect(() => {
    if (focused.current === focusCount || current === null) return
    focused.current = focusCount
    virtual.scrollToIndex(at)
    const element = region.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(current)}"] .alert-main`)
    element?.focus({ preventScroll: true })
  })

  return (
    <ScrollRegion
      ref={region}
      label="Alerts. j and k move, a acknowledges, s shelves, e escalates, o opens."
      className="alert-list"
      onPointerEnter={props.onHold}
      onPointerLeave={(event) => (event.pointerType === 'touch' ? props.onReleaseSoon() : props.onRelease())}
      onFocus={(event) => {
        props.onHold()
        const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-row]') : null
        const key = row?.dataset['row']
        if (key !== undefined && key.startsWith('a ')) props.onCurrent(key)
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) props.onRelease()
      }}
    >
      <ul className="alert-rows" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index]
          if (row === undefined) return null
          return (
            <li
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              data-row={row.key}
              aria-setsize={hasMore ? -1 : rows.length}
              aria-posinset={item.index + 1}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {row.kind === 'group' && <GroupLine {...props} row={row} />}
              {row.kind === 'more' && (
                <button type="button" className="link alert-more" onClick={() => props.onUnfold(row.group)}>
                  {formatCount(row.count)} more of this group, none of them critical: show all
                </button>
              )}
              {row.kind === 'alert' && props.renderAlert(row, row.key === current)}
            </li>
          )
        })}
      </ul>
    </ScrollRegion>
  )
}

/** What is seen on the button begins its name. */
const ackGroupWords = ({ unacked, critical }: AlertGroup): string =>
  `Ack ${formatCount(unacked)}${critical > 0 ? ` (${formatCount(critical)} critical)` : ''}`

function GroupLine({
  row,
  mayAct,
  busyGroups,
  onAckGroup,
}: Pick<Props, 'mayAct' | 'busyGroups' | 'onAckGroup'> & { readonly row: Extract<ListRow, { kind: 'group' }> }) {
  const { group } = row
  return (
    <div className="alert-group">
      <h3>{group.text}</h3>
      <span className="t3">{groupWords(group)}</span>
      {group.new_since_ack > 0 && (
        <span className="alert-new">
          <Icon name="bolt" size={12} /> +{formatCount(group.new_since_ack)} new
        </span>
      )}
      <span className="grow" />
      {mayAct && group.unacked > 1 && (
        <button
          type="button"
          className="alert-ack-group"
          disabled={busyGroups.has(group.key)}
          aria-label={`${ackGroupWords(group)} in "${group.text}"`}
          onClick={() => onAckGroup(group.key)}
        >
          {ackGroupWords(group)}
        </button>
      )}
    </div>
  )
}
