/*
 * Bus panel: state and address, what was refused and why, what was lost, every stream with rate and age.
 * In: GET /api/bus, asked every two seconds while open. Out: the popover under the bus chip.
 * Invariant: figures carry the time of their answer; without an answer the last ones stay, marked as old; unknown is "?".
 * Source: docs/bus.md; features G.
 */
'use client'
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import { refusalWords } from './refusalWords.ts'

const ASK_EVERY_MS = 2_000
const ASK_TIMEOUT_MS = 5_000
const SHOWN_STREAMS = 40
const SHOWN_REFUSALS = 12

async function askBus({ signal }: { readonly signal: AbortSignal }): Promise<BusReport> {
  const answer = await fetch('/api/bus', {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
    headers: { accept: 'application/json' },
    cache: 'no-store',
  })
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
  return (await answer.json()) as BusReport
}

/** Shows the panel with a query client of its own: nothing is asked while it is closed. */
export function BusPanel() {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { retry: false, networkMode: 'always' } } }),
  )
  return (
    <QueryClientProvider client={client}>
      <BusAnswer />
    </QueryClientProvider>
  )
}

function BusAnswer() {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ['bus'],
    queryFn: askBus,
    refetchInterval: ASK_EVERY_MS,
  })
  const readAge = useCallback(() => `${formatAge(systemClock.wallMs() - dataUpdatedAt)} ago`, [dataUpdatedAt])
  return (
    // A scrolling region has to take the focus.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="popover bus-panel" aria-label="Bus" tabIndex={0}>
      {!data && !error && <p className="t2">Asking the server…</p>}
      {error && (
        <p className="old-words">
          The server did not answer: {error.message}.{' '}
          {data ? 'The figures below are those of its last answer.' : 'Nothing is known of the bus. Asking again.'}
        </p>
      )}
      {data && (
        <>
          <h2>
            {data.driver} is {data.state}
            <span className="t3">
              {' '}
              asked <Ticking read={readAge} />
            </span>
          </h2>
          <Facts report={data} />
          <Refusals report={data} />
          <Streams report={data} />
        </>
      )}
    </section>
  )
}

function Facts({ report }: { readonly report: BusReport }) {
  const facts = [
    ['Address', report.address],
    ['Since', `${formatUtc(Date.parse(report.since))} UTC${report.cause === null ? '' : `, ${report.cause}`}`],
    ['Reconnected', `${formatCount(report.reconnects)} times`],
    ['Lost', `${formatCount(report.lost)} reports`],
    ['Arrived twice', `${formatCount(report.duplicates)}, shown once`],
    ['Dead letters', formatCount(report.dead_letters)],
    ['Waiting to be sent', formatCount(report.pending_publishes)],
  ] as const
  const unknown = Object.entries(report.unknown_types)
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {unknown.length > 0 && (
        <div>
          <dt>Unknown types</dt>
          <dd>{unknown.map(([type, count]) => `${type} (${formatCount(count)})`).join(', ')}, kept unread</dd>
        </div>
      )}
    </dl>
  )
}

function Refusals({ report }: { readonly report: BusReport }) {
  const reasons = Object.entries(report.refused.by_reason).toSorted(([, a], [, b]) => b - a)
  if (report.refused.total === 0) return <p className="t2">Nothing was refused: every entry read was understood.</p>
  return (
    <div>
      <h3>
        {formatCount(report.refused.total)} entries refused <span className="t3">counted, never shown as data</span>
      </h3>
      <ul className="reasons">
        {reasons.map(([reason, count]) => (
          <li key={reason}>
            <b>{formatCount(count)}</b> {refusalWords(reason)} <span className="mono t3">{reason}</span>
          </li>
        ))}
      </ul>
      <h3>Newest</h3>
      <ol className="refusals">
        {report.recent_refusals.slice(0, SHOWN_REFUSALS).map((refusal) => (
          <li key={`${refusal.topic} ${refusal.cursor} ${refusal.code}`}>
            <time className="t3" dateTime={new Date(refusal.at_ms).toISOString()}>
              {formatUtc(refusal.at_ms)}
            </time>
            <span>
              <b className="mono">{refusal.topic}</b> {refusal.text}
              {refusal.path === null ? null : (
                <>
                  {' '}
                  at <b className="mono">{refusal.path}</b>
                </>
              )}{' '}
              <span className="t3 mono">entry {refusal.cursor}</span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}

function Streams({ report }: { readonly report: BusReport }) {
  const streams = report.streams.slice(0, SHOWN_STREAMS)
  return (
    <div>
      <h3>
        Streams <span className="t3">{formatCount(report.streams.length)}</span>
      </h3>
      {streams.length === 0 ? (
        <p className="t2">None has been seen yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Topic</th>
              <th scope="col" className="num">
                per s
              </th>
              <th scope="col" className="num">
                Newest
              </th>
              <th scope="col" className="num">
                Read
              </th>
            </tr>
          </thead>
          <tbody>
            {streams.map((stream) => (
              <tr key={stream.topic}>
                <th scope="row" className="mono">
                  {stream.topic}
                </th>
                <td className="num">{stream.entries_per_s.toFixed(1)}</td>
                <td className="num">{stream.age_ms === null ? '?' : formatAge(stream.age_ms)}</td>
                <td className="num">{formatCount(stream.entries)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {streams.length < report.streams.length && (
        <p className="t3">
          The first {SHOWN_STREAMS} of {formatCount(report.streams.length)}.
        </p>
      )}
    </div>
  )
}
