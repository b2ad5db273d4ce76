/*
 * GapsPanel: when nothing was seen of the shown run, and why.
 * In: the gaps this page knows. Out: a table, newest first.
 * Invariant: a loss that was not counted is unknown, never zero.
 * Source: docs/ux.md "honest gaps".
 */
'use client'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useTickKey } from '../live/useLiveTopic.ts'
import { gapCause } from '../shell/coverage.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { countOrUnknown } from './streamRows.ts'

export function GapsPanel() {
  const { session } = useLive()
  const read = () => session.store.gaps()
  useTickKey(() => {
    const gaps = read()
    return `${session.store.run()?.descriptor.run_id ?? ''} ${gaps.length} ${gaps.at(-1)?.to_ms ?? ''}`
  })
  const run = session.store.run()
  if (!run) return <Panel title="Gaps" state="empty" message="No run is shown, so no gap of one is known." />
  const gaps = read().toSorted((a, b) => b.from_ms - a.from_ms)
  if (gaps.length === 0)
    return <Panel title="Gaps" state="empty" message={`None is known of ${run.descriptor.run_id}.`} />
  return (
    <Panel title="Gaps" hint={`${formatCount(gaps.length)} of ${run.descriptor.run_id}`}>
      <ScrollRegion label="Table of gaps" className="bus-scroll">
        <table>
          <caption className="visually-hidden">Gaps of the shown run, newest first</caption>
          <thead>
            <tr>
              <th scope="col">From, UTC</th>
              <th scope="col" className="num">
                Length
              </th>
              <th scope="col">Cause</th>
              <th scope="col" className="num">
                Reports lost
              </th>
            </tr>
          </thead>
          <tbody>
            {gaps.map((gap) => (
              <tr key={`${gap.from_ms} ${gap.to_ms} ${gap.cause}`}>
                <th scope="row">{formatUtc(gap.from_ms)}</th>
                <td className="num">{formatAge(gap.to_ms - gap.from_ms)}</td>
                <td>{gapCause({ cause: gap.cause, lost: null })}</td>
                <td className={gap.lost === null ? 'num t3' : 'num'}>{countOrUnknown(gap.lost)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  )
}
