/*
 * Layer table: the seeds of a layer as rows, in the same order as the grid; only the rows in sight exist and are asked for.
 * In: a stretch of rows with its place. Out: a table with one Tab stop; each row leads to its seed, and can be pinned.
 * Invariant: rows do not change places while somebody points at or stands in them; a row that is not there yet keeps its place.
 * Source: docs/ux.md "pages: layer", "accessibility"; features A6, A9, A17, A18.
 */
'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import type { SortKey } from '../../lib/contracts/layerSorts.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import type { HoldHandlers } from '../ui/useHoldStill.ts'
import { LayerTableRow, rowAt } from './LayerTableRow.tsx'

const ROW_PX = 27
/** Rows beyond the edge, so that a key or a fast wheel never meets an empty place. */
const OVERSCAN = 12
const PAGE = 10

interface Props {
  readonly data: LayerRows
  readonly metric: MetricColumn
  readonly selected: number | null
  readonly hrefOf: (seedId: number) => string
  readonly onSort: (sort: SortKey, down: boolean) => void
  readonly onSelect: (seedId: number) => void
  readonly onOpen: (seedId: number) => void
  readonly onPin: (seedId: number) => void
  /** First row in sight, among those that match. */
  readonly onSight: (first: number) => void
  /** One for grid and table: they stand in one order. */
  readonly still: HoldHandlers
}

export function LayerTable(props: Props) {
  const { data, metric, selected, onSight } = props
  // Of the rows as they are, also while those of another order are on their way, or failed.
  const { sort: shownBy, down } = data.order
  const region = useRef<HTMLElement>(null)
  const [at, setAt] = useState(0)
  const count = data.pinned + data.matching
  // It says itself when to draw again; what it answers is used here only and never memoized.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => region.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  })
  const items = virtual.getVirtualItems()
  const above = items[0]?.start ?? 0
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  const first = Math.max(0, (items[0]?.index ?? 0) - data.pinned)
  useEffect(() => onSight(first), [first, onSight])
  const place = Math.min(at, Math.max(0, count - 1))
  const isDelta = data.base !== null

  const header = (key: SortKey, label: string, numeric: boolean) => (
    <th
      scope="col"
      {...(numeric ? { className: 'num' } : {})}
      aria-sort={shownBy === key ? (down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="link"
        onClick={() => props.onSort(key, shownBy === key ? !down : key !== 'seed')}
      >
        {label}
        {shownBy === key ? (down ? ' ↓' : ' ↑') : ''}
      </button>
    </th>
  )
  const move = (to: number): void => {
    const next = Math.min(count - 1, Math.max(0, to))
    setAt(next)
    virtual.scrollToIndex(next)
    const row = rowAt(data, next)
    if (row !== null) props.onSelect(row.seedId)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || count === 0) return
    // A sort button of the head keeps its own keys.
    if (event.target instanceof Element && event.target.closest('thead') !== null) return
    const row = rowAt(data, place)
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: place + 1,
      j: place + 1,
      ArrowUp: place - 1,
      k: place - 1,
      PageDown: place + PAGE,
      PageUp: place - PAGE,
      Home: 0,
      End: count - 1,
    }
    const to = steps[event.key]
    if (to !== undefined) move(to)
    else if (event.key === 'Enter' && row !== null) props.onOpen(row.seedId)
    else if (event.key === 'p' && row !== null) props.onPin(row.seedId)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const current = rowAt(data, place)
  return (
    <ScrollRegion
      ref={region}
      label={`Seeds of ${data.layer_id}. j and k move, Enter opens a seed, p pins it.`}
      className="page-table layer-table"
      {...props.still}
      onKeyDown={onKeyDown}
    >
      <table aria-rowcount={count + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {header('seed', 'Seed', false)}
            {header('state', 'State', false)}
            {header('value', metric.label, true)}
            {isDelta && header('delta', 'Change', true)}
            {header('z', 'Beside its siblings', true)}
            {header('ticks', 'Ticks in state', true)}
            <th scope="col" className="num">
              Generation
            </th>
            <th scope="col" className="num">
              Age
            </th>
            <th scope="col">
              <span className="visually-hidden">Pin</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <Spacer height={above} />
          {items.map(({ index }) => (
            <LayerTableRow
              key={index}
              data={data}
              metric={metric}
              index={index}
              isCurrent={index === place}
              isSelected={rowAt(data, index)?.seedId === selected}
              hrefOf={props.hrefOf}
              onPin={props.onPin}
            />
          ))}
          <Spacer height={below} />
        </tbody>
      </table>
      <div className="visually-hidden" aria-live="polite">
        {current !== null && current.seedId === selected ? `Seed ${current.seedId}, ${current.state}` : ''}
      </div>
    </ScrollRegion>
  )
}

/** Stands for the rows out of sight. */
function Spacer({ height }: { readonly height: number }) {
  return height > 0 ? <tr aria-hidden="true" className="page-spacer" style={{ height }} /> : null
}
