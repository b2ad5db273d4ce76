/*
 * HistogramPanel: how the latencies of one stage are spread over the fixed buckets, with its percentiles and the objective.
 * In: the report, the chosen stage. Out: a chart that is loaded when it is needed, or a table; a bucket chooses its exemplars.
 * Invariant: n is always said; the axis is the same for every stage and window; the table says the same as the chart.
 * Source: docs/ux.md "pages: latency"; features C1, C2.
 */
'use client'
import { lazy, Suspense, useState } from 'react'
import type { LatencyReport, LatencyStageReport } from '../../lib/contracts/httpLatency.ts'
import { STAGE_WORDS, type LatencyStage } from '../../lib/contracts/latencyStages.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { bucketRows } from './histogramRows.ts'
import { WHOLE_SPAN, type ExemplarSpan } from './latencyChoice.ts'
import { latencyText, spanText } from './latencyWords.ts'

const LatencyHistogram = lazy(async () => ({ default: (await import('./LatencyHistogram.tsx')).LatencyHistogram }))

export const MARKS = ['p50', 'p95', 'p99', 'max'] as const
const MARK_MS = {
  p50: (stage: LatencyStageReport) => stage.p50_ms,
  p95: (stage: LatencyStageReport) => stage.p95_ms,
  p99: (stage: LatencyStageReport) => stage.p99_ms,
  max: (stage: LatencyStageReport) => stage.max_ms,
}

interface Props {
  readonly report: LatencyReport
  readonly stage: LatencyStage
  readonly span: ExemplarSpan
  readonly table: boolean
  readonly onSpan: (span: ExemplarSpan) => void
}

export function HistogramPanel({ report, stage, span, table, onSpan }: Props) {
  const [cumulative, setCumulative] = useState(false)
  const told = report.stages.find((one) => one.stage === stage)!
  const bounds = report.scheme.bounds_ms
  const choose = (bucket: number): void => onSpan({ ...WHOLE_SPAN, low: bucket, high: bucket })
  return (
    <Panel
      className="latency-chart"
      title={`${STAGE_WORDS[stage].label}: distribution`}
      hint={`n = ${formatCount(told.n)}`}
      state={told.n === 0 ? 'empty' : 'ready'}
      message={`Not measured: ${STAGE_WORDS[stage].absent}.`}
      actions={
        <fieldset className="segments" aria-label="Kind of histogram">
          {[false, true].map((value) => (
            <button
              key={String(value)}
              type="button"
              aria-pressed={cumulative === value}
              onClick={() => setCumulative(value)}
            >
              {value ? 'Cumulative' : 'Counts'}
            </button>
          ))}
        </fieldset>
      }
    >
      {told.n > 0 && (
        <>
          <dl className="latency-marks" aria-label="Percentiles">
            {MARKS.map((mark) => (
              <div key={mark} className={`mark-${mark}`}>
                <dt>{mark}</dt>
                <dd>{latencyText(MARK_MS[mark](told))}</dd>
              </div>
            ))}
            <div className="mark-target">
              <dt>objective</dt>
              <dd>{latencyText(report.objective.target_ms)}</dd>
            </div>
          </dl>
          {table ? (
            <BucketTable told={told} bounds={bounds} onBucket={choose} />
          ) : (
            <figure
              className="latency-plot"
              aria-label={`${STAGE_WORDS[stage].label}: ${formatCount(told.n)} messages, half within ${latencyText(told.p50_ms)}, 99 of 100 within ${latencyText(told.p99_ms)}, the slowest ${latencyText(told.max_ms)}`}
            >
              <Suspense fallback={<div className="latency-plot-wait" />}>
                <LatencyHistogram
                  told={told}
                  bounds={bounds}
                  targetMs={report.objective.target_ms}
                  cumulative={cumulative}
                  chosen={span.low === null || span.high === null ? null : [span.low, span.high]}
                  onBucket={choose}
                />
              </Suspense>
            </figure>
          )}
        </>
      )}
    </Panel>
  )
}

function BucketTable({
  told,
  bounds,
  onBucket,
}: {
  readonly told: LatencyStageReport
  readonly bounds: readonly number[]
  readonly onBucket: (bucket: number) => void
}) {
  return (
    <ScrollRegion label="Table of buckets" className="latency-scroll latency-scroll-chart">
      <table>
        <caption className="visually-hidden">Messages per bucket of latency, fastest first</caption>
        <thead>
          <tr>
            <th scope="col">Latency</th>
            <th scope="col" className="num">
              Messages
            </th>
            <th scope="col" className="num">
              Up to here
            </th>
          </tr>
        </thead>
        <tbody>
          {bucketRows(told).map(({ bucket, count, upTo }) => (
            <tr key={bucket}>
              <th scope="row">
                <button type="button" className="link" onClick={() => onBucket(bucket)}>
                  {spanText(bucket, bucket, bounds)}
                </button>
              </th>
              <td className="num">{formatCount(count)}</td>
              <td className="num">{formatPercent(upTo)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
