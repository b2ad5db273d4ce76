/*
 * KeptRuns: every run the record holds, also those that ended or came in a bundle, each a way into its last moment.
 * In: the coverage of the record. Out: a table with links.
 * Invariant: a run from a bundle is labelled as imported; one of which nothing is kept has no link.
 * Source: docs/ux.md "pages: timeline"; docs/history.md "bundles".
 */
'use client'
import Link from 'next/link'
import type { ReplayCoverage } from '../../lib/contracts/httpReplay.ts'
import { atText } from '../../lib/live/conductor.ts'
import { formatAge, formatUtc } from '../../lib/live/formatValue.ts'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'

const MOST_ROWS = 60

export function KeptRuns({ coverage }: { readonly coverage: ReplayCoverage }) {
  const state = usePageState()
  const runs = coverage.runs.toSorted((a, b) => (b.to ?? 0) - (a.to ?? 0))
  const shown = runs.slice(0, MOST_ROWS)
  return (
    <ScrollRegion className="latency-scroll timeline-scroll" label="Runs that are kept, as a table">
      <table>
        <caption className="visually-hidden">Runs that are kept, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Title</th>
            <th scope="col">Last report, UTC</th>
            <th scope="col" className="num">
              Kept
            </th>
            <th scope="col" className="num">
              MB
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ run_id: runId, title, origin, kept, from, to, bytes }) => (
            <tr key={runId} className={runId === coverage.run_id ? 'is-chosen' : ''}>
              <th scope="row" className="mono">
                {to === null ? (
                  runId
                ) : (
                  <Link
                    href={hrefOf('/timeline', {
                      ...state,
                      runId,
                      selection: null,
                      at: atText(Math.floor(to)),
                      speed: null,
                    })}
                    prefetch={false}
                    title="Show its last moment"
                  >
                    {runId}
                  </Link>
                )}
              </th>
              <td>
                {title}
                {kept === 'imported' ? ' (imported)' : ''}
                {origin === 'load-generator' ? ' (GENERATED LOAD)' : ''}
              </td>
              <td>{to === null ? 'nothing' : `${new Date(to).toISOString().slice(0, 10)} ${formatUtc(to)}`}</td>
              <td className="num">{from === null || to === null ? '–' : formatAge(to - from)}</td>
              <td className="num">{(bytes / 1_000_000).toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < runs.length && (
        <p className="t3">
          The newest {shown.length} of {runs.length} runs.
        </p>
      )}
    </ScrollRegion>
  )
}
