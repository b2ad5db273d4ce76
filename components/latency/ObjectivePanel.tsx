/*
 * ObjectivePanel: the promise of the design document, and how much of its error budget is used.
 * In: the objective of the report. Out: a verdict in words, the budget as a bar, the burn over three windows.
 * Invariant: without messages there is no verdict; the budget is never shown as kept when it was not measured.
 * Source: docs/ux.md "pages: latency"; features C5.
 */
'use client'
import type { LatencyReport } from '../../lib/contracts/httpLatency.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { boundText, burnText, NOT_MEASURED } from './latencyWords.ts'

export function ObjectivePanel({ report }: { readonly report: LatencyReport }) {
  const { target_ms, share, n, late, budget_left: left, burn } = report.objective
  const isKept = left !== null && left >= 0
  const used = left === null ? 0 : Math.min(1, Math.max(0, 1 - left))
  return (
    <Panel
      className="latency-objective"
      title="Objective"
      hint={`p99 below ${boundText(target_ms)}, published to merged`}
    >
      <div className="latency-verdict">
        {left === null ? (
          <p>
            <Icon name="info" /> <b>{NOT_MEASURED}</b>
            <span className="t2"> no message was merged in this window.</span>
          </p>
        ) : (
          <p className={isKept ? '' : 'tone-warn'}>
            <Icon name={isKept ? 'live' : 'warning'} /> <b>{isKept ? 'kept' : 'missed'}</b>
            <span className="t2">
              {' '}
              {formatCount(late)} of {formatCount(n)} messages took {boundText(target_ms)} or longer;{' '}
              {formatPercent(1 - share)} may.
            </span>
          </p>
        )}
        <div className="latency-budget" aria-hidden="true">
          <span className={isKept ? '' : 'is-over'} style={{ inlineSize: `${used * 100}%` }} />
        </div>
        <p className="t2">
          {left === null
            ? 'Error budget: unknown.'
            : left >= 0
              ? `Error budget left over this window: ${formatPercent(left)}.`
              : `${burnText(1 - left)} the error budget of this window was used.`}
        </p>
      </div>
      <table className="latency-burn">
        <caption className="visually-hidden">Burn of the error budget; 1 × uses it up exactly</caption>
        <thead>
          <tr>
            <th scope="col">Last</th>
            <th scope="col" className="num">
              n
            </th>
            <th scope="col" className="num">
              Late
            </th>
            <th scope="col" className="num">
              Burn
            </th>
          </tr>
        </thead>
        <tbody>
          {burn.map((window) => (
            <tr key={window.seconds}>
              <th scope="row">{window.seconds / 60} min</th>
              <td className="num">{formatCount(window.n)}</td>
              <td className="num">{window.n === 0 ? '–' : formatCount(window.late)}</td>
              <td className={(window.rate ?? 0) > 1 ? 'num tone-warn' : 'num'}>{burnText(window.rate)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}
