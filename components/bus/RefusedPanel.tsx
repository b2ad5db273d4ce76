/*
 * RefusedPanel: what was not understood, by reason, and the newest refusals with the path that failed.
 * In: a bus answer. Out: a table of reasons with what to do, a table of samples.
 * Invariant: a refusal names its entry, so that it can be found on its stream.
 * Source: docs/bus.md; docs/protocol.md "HTTP".
 */
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { refusalWords } from './refusalWords.ts'

export function RefusedPanel({ report }: { readonly report: BusReport }) {
  const { total, by_reason } = report.refused
  // Nothing was counted before the reader told its first figures.
  if (report.foreign === null)
    return <Panel title="Refused" state="empty" message="Unknown: the reader of the bus has not told yet." />
  if (total === 0)
    return <Panel title="Refused" state="empty" message="Nothing was refused: every entry read was understood." />
  const reasons = Object.entries(by_reason).toSorted(([, a], [, b]) => b - a)
  return (
    <Panel title="Refused" hint={`${formatCount(total)} entries, counted and never shown as data`}>
      <ScrollRegion label="Refused entries" className="bus-scroll">
        <table>
          <caption>By reason</caption>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col" className="num">
                Entries
              </th>
              <th scope="col">What it means</th>
            </tr>
          </thead>
          <tbody>
            {reasons.map(([reason, count]) => (
              <tr key={reason}>
                <th scope="row" className="mono">
                  {reason}
                </th>
                <td className="num">{formatCount(count)}</td>
                <td>{refusalWords(reason)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <table>
          <caption>Newest, at most 50</caption>
          <thead>
            <tr>
              <th scope="col">UTC</th>
              <th scope="col">Topic and entry</th>
              <th scope="col">Failing path</th>
              <th scope="col">What was wrong</th>
            </tr>
          </thead>
          <tbody>
            {report.recent_refusals.map((refusal) => (
              <tr key={`${refusal.topic} ${refusal.cursor} ${refusal.code} ${refusal.path} ${refusal.at_ms}`}>
                <td>
                  <time dateTime={new Date(refusal.at_ms).toISOString()}>{formatUtc(refusal.at_ms)}</time>
                </td>
                <th scope="row" className="mono">
                  {refusal.topic} <span className="t3">{refusal.cursor}</span>
                </th>
                <td className="mono">{refusal.path ?? <span className="t3">whole entry</span>}</td>
                <td>{refusal.text}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </Panel>
  )
}
