/*
 * Sort header: a column of a table that can be sorted by it.
 * In: the column's name, what the table is sorted by. Out: a header cell with a button and its direction.
 * Invariant: the direction is in aria-sort and in the text, never in colour.
 * Source: docs/ux.md "accessibility".
 */
'use client'
import { useState, type ReactNode } from 'react'

export interface Sort<K extends string> {
  readonly key: K
  readonly down: boolean
}

/** Keeps what a table is sorted by; asking for the same column again turns it round. */
export function useSort<K extends string>(first: K, down = true): readonly [Sort<K>, (key: K) => void] {
  const [sort, setSort] = useState<Sort<K>>({ key: first, down })
  return [sort, (key) => setSort((before) => ({ key, down: before.key === key ? !before.down : true }))]
}

export function SortHeader<K extends string>({
  name,
  sort,
  onSort,
  numeric = true,
  children,
}: {
  readonly name: K
  readonly sort: Sort<K>
  readonly onSort: (key: K) => void
  readonly numeric?: boolean
  readonly children: ReactNode
}) {
  const isOn = sort.key === name
  return (
    <th
      scope="col"
      {...(numeric ? { className: 'num' } : {})}
      aria-sort={isOn ? (sort.down ? 'descending' : 'ascending') : 'none'}
    >
      <button type="button" className="link" onClick={() => onSort(name)}>
        {children}
        {isOn ? (sort.down ? ' ↓' : ' ↑') : ''}
      </button>
    </th>
  )
}
