/*
 * Metric chart: one metric of one seed over time, small, in step with its neighbours.
 * In: its series, limits, gaps, marks, the window. Out: a canvas; the reading under the crosshair as text; a chosen window.
 * Invariant: raw values are always drawn, smoothed ones only over their ghost; "n of m points" is always said; the plot is loaded
 * with this page only.
 * Source: features A8, A12, A13; docs/ux.md "pages: seed"; docs/adr/0004-columns-on-the-hot-path.md.
 */
'use client'
import { useEffect, useMemo, useRef, useState } from 'react'
import type uPlot from 'uplot'
import type { MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { SeedSeries } from '../../lib/contracts/httpSeed.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatMetric, formatUtc, unitText } from '../../lib/live/formatValue.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { drawOver, drawUnder, type ChartScene } from './chartHooks.ts'
import { loadPlot } from './loadPlot.ts'
import { smooth } from './smoothing.ts'

export const CHART_HEIGHT = 96
const SYNC_KEY = 'seed-metrics'

export interface MetricChartProps {
  readonly column: MetricColumn
  readonly series: SeedSeries['series'][number]
  readonly limit: MetricLimit | null
  readonly gaps: SeedSeries['gaps']
  readonly marks: SeedSeries['marks']
  readonly fromMs: number
  readonly toMs: number
  /** 0 = raw only. */
  readonly smoothMs: number
  readonly onWindow: (fromMs: number, toMs: number) => void
  /** The moment under the crosshair; null when there is none. */
  readonly onMoment: (atMs: number | null) => void
}

/** The range of the values with air around them; of values that all agree a band around them. */
function rangeOf(column: MetricColumn, low: number, high: number): [number, number] {
  const least = (column.max - column.min) * (column.scale === 'log' ? 0 : 0.02)
  const span = Math.max(high - low, least, Math.abs(high) * 1e-3, 1e-9)
  return [low - span * 0.12, high + span * 0.18]
}

function optionsOf(
  Plot: typeof uPlot,
  { column, smoothMs }: Pick<MetricChartProps, 'column' | 'smoothMs'>,
  width: number,
  latest: { readonly current: MetricChartProps },
  scene: () => ChartScene,
  onRead: (text: string) => void,
): uPlot.Options {
  const { theme } = scene()
  const font = `11px ${theme.font}`
  const axis = { stroke: theme.text3, font, ticks: { show: false }, border: { show: false } }
  const isLog = column.scale === 'log'
  const readIndex = (plot: uPlot): string => {
    const index = plot.cursor.idx
    const value = index === null || index === undefined ? null : (plot.data[1]?.[index] ?? null)
    const at = index === null || index === undefined ? null : plot.data[0][index]
    return value === null || at === null || at === undefined
      ? ''
      : `${formatMetric(value, column)} ${unitText(column)} at ${formatUtc(at)}`
  }
  return {
    width,
    height: CHART_HEIGHT,
    ms: 1,
    tzDate: (atMs) => Plot.tzDate(new Date(atMs), 'Etc/UTC'),
    legend: { show: false },
    cursor: {
      y: false,
      sync: { key: SYNC_KEY, setSeries: false },
      drag: { x: true, y: false, setScale: false },
      points: { size: 6, fill: theme.text1, stroke: theme.panel },
    },
    scales: {
      x: { time: true, range: () => [latest.current.fromMs, latest.current.toMs] },
      y: {
        ...(isLog ? { distr: 3 as const } : {}),
        range: (_plot, low, high) => {
          if (low === null || high === null) return [column.min, column.max]
          if (!isLog) return rangeOf(column, low, high)
          return [Math.max(1e-12, low / 1.6), Math.max(1e-11, high * 1.8)]
        },
      },
    },
    axes: [
      {
        ...axis,
        size: 20,
        gap: 2,
        space: 64,
        grid: { stroke: theme.line, width: 1 },
        values: (_plot, splits) => splits.map((split) => formatUtc(split).slice(0, 5)),
      },
      {
        ...axis,
        size: 44,
        gap: 3,
        space: 26,
        grid: { stroke: theme.line, width: 1 },
        values: (_plot, splits) => splits.map((split) => (split === null ? '' : formatMetric(split, column))),
      },
    ],
    series: [
      {},
      {
        stroke: theme.text1,
        width: 1.2,
        alpha: smoothMs > 0 ? 0.32 : 1,
        points: { show: false },
        spanGaps: false,
      },
      ...(smoothMs > 0 ? [{ stroke: theme.info, width: 2, points: { show: false }, spanGaps: false }] : []),
    ],
    hooks: {
      drawClear: [(plot) => drawUnder(plot, scene())],
      draw: [(plot) => drawOver(plot, scene())],
      setCursor: [
        (plot) => {
          onRead(readIndex(plot))
          // Charts in step with this one have no event of their own.
          if (plot.cursor.event == null) return
          const { left = -1 } = plot.cursor
          latest.current.onMoment(left < 0 ? null : plot.posToVal(left, 'x'))
        },
      ],
      setSelect: [
        (plot) => {
          const { left, width: wide } = plot.select
          if (wide < 8) return
          latest.current.onWindow(plot.posToVal(left, 'x'), plot.posToVal(left + wide, 'x'))
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
}

/** What a log scale can not show is not drawn; it is counted. */
function toDrawn({ column, series, smoothMs }: MetricChartProps): {
  readonly data: uPlot.AlignedData
  readonly hidden: number
} {
  const isLog = column.scale === 'log'
  let hidden = 0
  const values = series.values.map((value) => {
    if (value === null || !isLog || value > 0) return value
    hidden++
    return null
  })
  const data = smoothMs > 0 ? [series.at_ms, values, smooth(series.at_ms, values, smoothMs)] : [series.at_ms, values]
  return { data: data as uPlot.AlignedData, hidden }
}

export function MetricChart(props: MetricChartProps) {
  const { column, series, smoothMs, limit, gaps, marks, fromMs, toMs } = props
  const box = useRef<HTMLDivElement>(null)
  const reading = useRef<HTMLSpanElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  const [themeVersion, setThemeVersion] = useState(0)
  const { data, hidden } = useMemo(
    () => toDrawn({ column, series, smoothMs } as MetricChartProps),
    [column, series, smoothMs],
  )
  const drawn = useRef(data)

  useEffect(() => {
    latest.current = props
    drawn.current = data
  })
  useEffect(() => onThemeChange(() => setThemeVersion((version) => version + 1)), [])

  useEffect(() => {
    const parent = box.current
    if (parent === null) return undefined
    const theme = readCanvasTheme(document.documentElement)
    const scene = (): ChartScene => ({
      theme,
      limit: latest.current.limit,
      gaps: latest.current.gaps,
      marks: latest.current.marks,
    })
    const onRead = (text: string): void => {
      if (reading.current) reading.current.textContent = text
    }
    let undo: (() => void) | null = null
    let gone = false
    const make = (Plot: typeof uPlot): void => {
      if (gone) return
      const made = new Plot(
        optionsOf(Plot, { column, smoothMs }, Math.max(80, parent.clientWidth), latest, scene, onRead),
        drawn.current,
        parent,
      )
      plot.current = made
      const observer = new ResizeObserver(() => {
        const width = Math.max(80, parent.clientWidth)
        if (Math.abs(width - made.width) >= 1) made.setSize({ width, height: CHART_HEIGHT })
      })
      observer.observe(parent)
      undo = () => {
        observer.disconnect()
        made.destroy()
      }
    }
    loadPlot().then(make, () => onRead('The chart could not be loaded; the table of the layer has the values.'))
    return () => {
      gone = true
      undo?.()
      plot.current = null
    }
  }, [column, smoothMs, themeVersion])

  useEffect(() => {
    plot.current?.setData(data)
  }, [data, limit, gaps, marks, fromMs, toMs])

  return (
    <>
      <div className="chart-plot" ref={box} aria-hidden="true" />
      <p className="chart-foot t3">
        <span ref={reading} className="chart-reading" />
        <span className="grow" />
        {smoothMs > 0 && <span className="chip">smoothed {smoothMs / 1_000} s, raw behind</span>}
        {hidden > 0 && <span>{hidden} at or below 0 not on a log scale</span>}
        <span>
          {series.shown.toLocaleString('en')} of {series.of.toLocaleString('en')} points
        </span>
      </p>
    </>
  )
}
