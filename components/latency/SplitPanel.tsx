/*
 * SplitPanel: where the time of a message goes, by layer or by topic, stage beside stage.
 * In: the split of the report. Out: stacked bars of means that are loaded when needed, and their table.
 * Invariant: stages that were not measured are named as such; more layers than fit are said; the table has them all.
 * Source: docs/ux.md "pages: latency"; features C4.
 */
'use client'
import { lazy, Suspense, useState } from 'react'
import type { LatencyReport } from '../../lib/contracts/httpLatency.ts'
import { STAGE_WORDS, WAY_STAGES } from '../../lib/contracts/latencyStages.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { latencyText } from './latencyWords.ts'
import { splitBars, type SplitBar } from './splitRows.ts'

const SplitChart = lazy(async () => ({ default: (await import('./SplitChart.tsx')).SplitChart }))
const DRAWN = 8

interface Props {
  readonly report: LatencyReport
  readonly table: boolean
  readonly onLayer: (layer: string) => void
}

export function SplitPanel({ report, table, onLayer }: Props) {
  const [by, setBy] = useState<'layers' | 'topics'>('layers')
  const bars = splitBars(report[by])
  const drawn = bars.slice(0, DRAWN)
  const absent = WAY_STAGES.filter((stage) => bars.every((bar) => bar.means[stage] === null))
  return (
    <Panel
      className="latency-chart"
      title="Where the time goes"
      hint={
        bars.length === 0
          ? ''
          : `mean per message, stages in their order${!table && bars.length > drawn.length ? `; the slowest ${drawn.length} of ${formatCount(bars.length)}` : ''}`
      }
      state={bars.length === 0 ? 'empty' : 'ready'}
      message="No message was measured in this window."
      actions={
        <fieldset className="segments" aria-label="Split by">
          {(['layers', 'topics'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={by === one} onClick={() => setBy(one)}>
              {one === 'layers' ? 'By layer' : 'By topic'}
            </button>
          ))}
        </fieldset>
      }
    >
      {bars.length > 0 && (
        <>
          {table ? (
            <SplitTable bars={bars} onLayer={onLayer} />
          ) : (
            <figure
              className="latency-split"
              aria-label={`Mean time per stage of ${drawn.length} ${by}; the slowest is ${drawn[0]!.label} with ${latencyText(drawn[0]!.sumMs)}`}
            >
              <ul className="latency-key" aria-hidden="true">
                {WAY_STAGES.map((stage) => (
                  <li key={stage}>
                    <span style={{ background: `var(--stage-${stage})` }} />
                    {STAGE_WORDS[stage].label}
                  </li>
                ))}
              </ul>
              <Suspense fallback={<div className="latency-plot-wait" />}>
                <SplitChart bars={drawn} />
              </Suspense>
            </figure>
          )}
          {absent.length > 0 && (
            <p className="panel-note t3">
              Not measured here:{' '}
              {absent
                .map((stage) => `${STAGE_WORDS[stage].label.toLowerCase()} (${STAGE_WORDS[stage].absent})`)
                .join('; ')}
              .
            </p>
          )}
        </>
      )}
    </Panel>
  )
}

function SplitTable({
  bars,
  onLayer,
}: {
  readonly bars: readonly SplitBar[]
  readonly onLayer: (layer: string) => void
}) {
  return (
    <ScrollRegion label="Table of the split" className="latency-scroll latency-scroll-chart">
      <table>
        <caption className="visually-hidden">Mean time per stage, slowest first</caption>
        <thead>
          <tr>
            <th scope="col">Of</th>
            <th scope="col" className="num">
              n
            </th>
            {WAY_STAGES.map((stage) => (
              <th key={stage} scope="col" className="num">
                {STAGE_WORDS[stage].label}
              </th>
            ))}
            <th scope="col" className="num">
              Sum
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map(({ key, label, layerId, means, n, sumMs }) => (
            <tr key={key}>
              <th scope="row">
                {layerId === null ? (
                  label
                ) : (
                  <button type="button" className="link" onClick={() => onLayer(layerId)}>
                    {label}
                  </button>
                )}
              </th>
              <td className="num">{formatCount(n)}</td>
              {WAY_STAGES.map((stage) => (
                <td key={stage} className={means[stage] === null ? 'num t3' : 'num'}>
                  {means[stage] === null ? '–' : latencyText(means[stage])}
                </td>
              ))}
              <td className="num">{latencyText(sumMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
