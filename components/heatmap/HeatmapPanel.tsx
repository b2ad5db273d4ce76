/*
 * Heatmap panel: title, metric switch, state mode, table twin, legend around the canvas; worst-20 list on a phone.
 * In: page state, the shown run. Out: the panel.
 * Invariant: aggregation is said in words whenever it happens.
 * Source: docs/ux.md 'pages: live'; features A2, A4.
 */
'use client'
import { useCallback, useEffect, useState } from 'react'
import { formatCount } from '../../lib/live/formatValue.ts'
import { totalSeeds } from '../../lib/live/liveStore.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { DeltaPicker } from '../delta/DeltaPicker.tsx'
import { useBaseline } from '../delta/useBaseline.ts'
import { HeatmapCanvas } from './HeatmapCanvas.tsx'
import type { HeatmapLayout } from './heatmapLayout.ts'
import { HeatmapLegend } from './HeatmapLegend.tsx'
import { HeatmapTable } from './HeatmapTable.tsx'
import { colourable, quickMetrics } from './metricChoice.ts'
import { sparklineWindowMs, windowText } from './sparklineWindow.ts'

const PHONE = '(max-width: 720px)'
const WORST_ON_PHONE = 20

export function HeatmapPanel() {
  const { session, page } = useLive()
  const { mode, table } = usePageState()
  useLiveTopic(['view', 'runs'])
  const [layout, setLayout] = useState<Pick<HeatmapLayout, 'kind' | 'binSize'> | null>(null)
  const [phone, setPhone] = useState(false)
  useEffect(() => {
    const media = matchMedia(PHONE)
    const read = () => setPhone(media.matches)
    read()
    media.addEventListener('change', read)
    return () => media.removeEventListener('change', read)
  }, [])
  const onLayout = useCallback(
    (next: HeatmapLayout) => setLayout((old) => (old?.kind === next.kind && old.binSize === next.binSize ? old : next)),
    [],
  )
  const readWindow = useCallback(() => {
    const nowMs = session.store.pause?.atMs ?? session.client.serverNowMs()
    const oldest = session.store.mirrors().map((_, index) => session.store.series(index)?.oldestMs ?? nowMs)
    return windowText(sparklineWindowMs(Math.min(nowMs, ...oldest), nowMs))
  }, [session])
  const baseline = useBaseline()
  const run = session.store.run()
  const metric = session.store.view?.metric
  if (!run || !metric) return null
  const columns = run.descriptor.seed_columns
  const quick = quickMetrics(columns)
  const others = colourable(columns).filter((column) => !quick.includes(column))
  const choose = (name: string): void => page.set({ metric: name, mode: 'value' })
  const lines = layout?.kind === 'cells' && !table
  const binned = (layout?.binSize ?? 1) > 1

  return (
    <section className="panel panel-heat" aria-labelledby="heat-title">
      <div className="panel-head">
        <h2 id="heat-title">Seeds</h2>
        <span className="sub">
          {mode === 'state' && lines
            ? ''
            : `${formatCount(totalSeeds(run))} in ${formatCount(run.descriptor.layers.length)} ${run.descriptor.layers.length === 1 ? 'layer' : 'layers'}`}
          {lines && (
            <span className="wide">
              {mode === 'state' ? `Line: ${metric.label.toLowerCase()}, last ` : '. Line: last '}
              <Ticking read={readWindow} />.
            </span>
          )}
        </span>
        <span className="grow" />
        <fieldset className="segments" aria-label="What the fill shows">
          {quick.map((column) => (
            <button
              key={column.name}
              type="button"
              aria-pressed={mode === 'value' && column.name === metric.name}
              title={column.help}
              onClick={() => choose(column.name)}
            >
              {column.label}
            </button>
          ))}
          <button type="button" aria-pressed={mode === 'state'} onClick={() => page.set({ mode: 'state' })}>
            State
          </button>
        </fieldset>
        {others.length > 0 && (
          <select
            className="more-metrics"
            aria-label="More metrics"
            value={mode === 'value' && others.includes(metric) ? metric.name : ''}
            onChange={(event) => event.target.value !== '' && choose(event.target.value)}
          >
            <option value="">More…</option>
            {others.map((column) => (
              <option key={column.name} value={column.name}>
                {column.label}
              </option>
            ))}
          </select>
        )}
        <DeltaPicker />
        <button type="button" className="quiet" aria-pressed={table} onClick={() => page.set({ table: !table })}>
          Table
        </button>
      </div>
      {table ? (
        <HeatmapTable base={baseline.base} />
      ) : phone ? (
        <>
          <div className="minimap">
            <HeatmapCanvas large={false} onLayout={onLayout} base={baseline.base} />
          </div>
          <h3 className="worst-title">
            Worst {Math.min(WORST_ON_PHONE, totalSeeds(run))} by{' '}
            {mode === 'state' ? 'state' : metric.label.toLowerCase()}
          </h3>
          <HeatmapTable limit={WORST_ON_PHONE} base={baseline.base} />
        </>
      ) : (
        <HeatmapCanvas large onLayout={onLayout} base={baseline.base} />
      )}
      <HeatmapLegend
        metric={metric}
        mode={mode}
        binSize={binned && !table ? (layout?.binSize ?? 1) : 1}
        delta={baseline.isOn ? baseline.words : null}
      />
    </section>
  )
}
