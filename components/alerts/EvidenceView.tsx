/*
 * EvidenceView: the window of values behind an alert: trigger, worst and live beside a small line with its threshold.
 * In: the evidence of one alert. Out: four values with units, an svg, the same numbers as a table.
 * Invariant: what was not measured is a gap in the line and "?" as a value; the words under the picture say how much was measured.
 * Source: docs/ux.md "pages: alerts", "accessibility".
 */
'use client'
import { useId } from 'react'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import { formatAge, formatCount, formatNumber, formatUtc } from '../../lib/live/formatValue.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { layoutEvidence } from './evidencePlot.ts'
import { valueText } from './alertWords.ts'

const SIZE = { width: 560, height: 120 } as const
/** Rows of the table under the picture; the newest. */
const TABLE_ROWS = 40

export function EvidenceView({ alert }: { readonly alert: AlertItem }) {
  const { evidence } = alert
  const hatch = useId()
  const raisedMs = Number.isFinite(Date.parse(alert.raised_at)) ? Date.parse(alert.raised_at) : null
  const plot = layoutEvidence(evidence, raisedMs, SIZE)
  const name = evidence.metric ?? 'the rule’s own reading'
  return (
    <section className="evidence" aria-label="Evidence">
      <dl className="evidence-values">
        <div>
          <dd>{valueText(evidence.trigger, evidence.unit)}</dd>
          <dt>when it was raised</dt>
        </div>
        <div>
          <dd>{valueText(evidence.worst, evidence.unit)}</dd>
          <dt>worst since</dt>
        </div>
        <div>
          <dd>{valueText(evidence.live, evidence.unit)}</dd>
          <dt>{alert.silent ? 'last known: it does not report' : alert.cleared_at === null ? 'now' : 'last'}</dt>
        </div>
        <div>
          <dd>{valueText(evidence.threshold, evidence.unit)}</dd>
          <dt>threshold</dt>
        </div>
      </dl>
      <h3>{name}</h3>
      {plot === null ? (
        <p className="t2">
          {evidence.window.t_ms.length === 0
            ? 'No window of values was kept: this rule judges an event, not a reading.'
            : 'Nothing was measured in the window of this alert.'}
        </p>
      ) : (
        <figure>
          <svg
            className="evidence-plot"
            viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${name} from ${formatUtc(plot.fromMs)} to ${formatUtc(plot.toMs)} UTC, between ${formatNumber(plot.min)} and ${formatNumber(plot.max)}`}
          >
            <defs>
              <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <line className="evidence-hatch" x1={0} x2={0} y1={0} y2={6} />
              </pattern>
            </defs>
            {plot.gaps.map((gap) => (
              <rect
                key={gap.from}
                fill={`url(#${hatch})`}
                x={gap.from}
                y={0}
                width={Math.max(2, gap.to - gap.from)}
                height={SIZE.height}
              />
            ))}
            {plot.thresholdY !== null && (
              <line className="evidence-threshold" x1={0} x2={SIZE.width} y1={plot.thresholdY} y2={plot.thresholdY} />
            )}
            {plot.triggerX !== null && (
              <line className="evidence-trigger" x1={plot.triggerX} x2={plot.triggerX} y1={0} y2={SIZE.height} />
            )}
            <path className="evidence-line" d={plot.line} />
            {plot.dots.map((dot) => (
              <circle key={dot.x} className="evidence-dot" cx={dot.x} cy={dot.y} r={2.5} />
            ))}
          </svg>
          <figcaption className="t3">
            {formatUtc(plot.fromMs)} to {formatUtc(plot.toMs)} UTC ({formatAge(plot.toMs - plot.fromMs)}),{' '}
            {formatCount(plot.measured)} of {formatCount(plot.of)} points measured; {formatNumber(plot.min)} to{' '}
            {formatNumber(plot.max)} {evidence.unit ?? ''}
            {evidence.threshold !== null && ', dashed: threshold'}
            {plot.triggerX !== null && ', upright: when it was raised'}
            {plot.gaps.length > 0 && ', hatched: not measured'}.
          </figcaption>
          <details>
            <summary>As a table</summary>
            <ScrollRegion label="Values of the window" className="evidence-table page-table">
              <table>
                <thead>
                  <tr>
                    <th scope="col">UTC</th>
                    <th scope="col" className="num">
                      Value
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {evidence.window.t_ms
                    .map((ms, index) => ({ ms, value: evidence.window.v[index] }))
                    .slice(-TABLE_ROWS)
                    .toReversed()
                    .map(({ ms, value }) => (
                      <tr key={ms}>
                        <td>{formatUtc(ms)}</td>
                        <td className="num">{valueText(value, evidence.unit)}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </ScrollRegion>
          </details>
        </figure>
      )}
    </section>
  )
}
