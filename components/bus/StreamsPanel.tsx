/*
 * StreamsPanel: every stream that was read, with how much, how fast, how old and how far behind.
 * In: a bus answer. Out: a table that can be searched, sorted by topic.
 * Invariant: what is not known is said as unknown; what the answer leaves out is said too.
 * Source: docs/bus.md; docs/protocol.md "HTTP".
 */
'use client'
import { useState } from 'react'
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { ageOrUnknown, countOrUnknown, rateText, streamRows } from './streamRows.ts'

/** The reader counts this many topics apart; later ones are read and not listed. */
const COUNTED_STREAMS = 512

export function StreamsPanel({ report }: { readonly report: BusReport }) {
  const [search, setSearch] = useState('')
  const rows = streamRows(report.streams, search)
  const total = report.streams.length
  const full = total >= COUNTED_STREAMS ? `; at most ${COUNTED_STREAMS} are listed` : ''
  const said =
    search.trim() === '' ? `${formatCount(total)} read` : `${formatCount(rows.length)} of ${formatCount(total)}`
  return (
    <Panel
      className="bus-wide bus-streams"
      title="Streams"
      hint={
        <output>
          {said}
          {full}
        </output>
      }
      {...(total === 0 ? { state: 'empty' as const, message: 'No stream has been read yet.' } : {})}
      actions={
        total === 0 ? undefined : (
          <input
            type="search"
            className="bus-search"
            aria-label="Search topics"
            placeholder="Search topics"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        )
      }
    >
      {total > 0 && rows.length === 0 && <p className="panel-note t2">No topic holds these words.</p>}
      {rows.length > 0 && (
        <ScrollRegion label="Table of streams" className="bus-scroll bus-scroll-streams">
          <table>
            <caption className="visually-hidden">Streams by topic, since the server started</caption>
            <thead>
              <tr>
                <th scope="col">Topic</th>
                <th scope="col" className="num">
                  Entries
                </th>
                <th scope="col" className="num">
                  Entries/s
                </th>
                <th scope="col" className="num">
                  Newest
                </th>
                <th scope="col" className="num">
                  Behind, entries
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.topic}>
                  <th scope="row" className="mono">
                    {row.topic}
                  </th>
                  <td className="num">{formatCount(row.entries)}</td>
                  <td className="num">{rateText(row.entries_per_s)}</td>
                  <td className="num">{ageOrUnknown(row.age_ms)}</td>
                  <td className={row.lag === null ? 'num t3' : 'num'}>{countOrUnknown(row.lag)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  )
}
