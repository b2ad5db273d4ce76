/*
 * HeatPanel: the latencies of one stage over time, on a canvas; a cell chooses the messages behind it.
 * In: the slices of the report. Out: a picture with the p99 line, a reading under the pointer, or a table of slices.
 * Invariant: drawn when an answer, the size or the theme changed; the table reaches what a pointer reaches.
 * Source: docs/ux.md "pages: latency", "accessibility"; features C2.
 */
'use client'
import { useEffect, useRef, useState, type MouseEvent, type PointerEvent } from 'react'
import type { LatencyReport } from '../../lib/contracts/httpLatency.ts'
import { STAGE_WORDS } from '../../lib/contracts/latencyStages.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { drawLatencyHeat, heatCellAt, rowCounts, type HeatCell, type HeatFrame } from './drawLatencyHeat.ts'
import { WHOLE_SPAN, type ExemplarSpan } from './latencyChoice.ts'
import { BUCKETS_PER_ROW, latencyText, spanText, timeText } from './latencyWords.ts'

const HEIGHT = 300

interface Props {
  readonly report: LatencyReport
  readonly span: ExemplarSpan
  readonly table: boolean
  readonly onSpan: (span: ExemplarSpan) => void
}

export function HeatPanel({ report, span, table, onSpan }: Props) {
  const [reading, setReading] = useState('')
  const { slices, stage } = report
  const n = slices.reduce((sum, slice) => sum + slice.n, 0)
  return (
    <Panel
      className="latency-chart"
      title={`${STAGE_WORDS[stage].label}: over time`}
      hint={reading === '' ? `slices of ${report.slice_ms / 1_000} s, n = ${formatCount(n)}; the line is p99` : reading}
      state={slices.length === 0 ? 'empty' : 'ready'}
      message={`The first slice ends ${report.slice_ms / 1_000} s after the start.`}
    >
      {slices.length > 0 &&
        (table ? (
          <SliceTable report={report} onSpan={onSpan} />
        ) : (
          <Picture report={report} span={span} onSpan={onSpan} onReading={setReading} />
        ))}
    </Panel>
  )
}

function Picture({
  report,
  span,
  onSpan,
  onReading,
}: Omit<Props, 'table'> & { readonly onReading: (text: string) => void }) {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [width, setWidth] = useState(0)
  const [theme, setTheme] = useState(0)
  const { slices, scheme, objective } = report
  const bounds = scheme.bounds_ms
  const frame: HeatFrame = { width, height: HEIGHT, fromMs: report.from_ms, toMs: report.to_ms, bounds }

  useEffect(() => {
    const parent = box.current
    if (parent === null) return undefined
    const measure = (): void => setWidth(parent.clientWidth)
    const observer = new ResizeObserver(measure)
    observer.observe(parent)
    measure()
    return () => observer.disconnect()
  }, [])
  useEffect(() => onThemeChange(() => setTheme((count) => count + 1)), [])
  useEffect(() => {
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen || width === 0) return
    const ratio = devicePixelRatio
    element.width = Math.round(width * ratio)
    element.height = Math.round(HEIGHT * ratio)
    element.style.width = `${width}px`
    element.style.height = `${HEIGHT}px`
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    const { fromMs, toMs, low, high } = span
    drawLatencyHeat(
      pen,
      readCanvasTheme(document.documentElement),
      { width, height: HEIGHT, fromMs: report.from_ms, toMs: report.to_ms, bounds },
      slices,
      {
        targetMs: objective.target_ms,
        chosen:
          fromMs === null || toMs === null ? null : { fromMs, toMs, low: low ?? 0, high: high ?? bounds.length - 2 },
      },
    )
  }, [report, slices, bounds, objective, width, theme, span])

  const cellOf = (event: MouseEvent<HTMLDivElement>): HeatCell | null => {
    const at = event.currentTarget.getBoundingClientRect()
    return heatCellAt(frame, slices, event.clientX - at.left, event.clientY - at.top)
  }
  const onMove = (event: PointerEvent<HTMLDivElement>): void => {
    const cell = cellOf(event)
    if (cell === null) return onReading('')
    const slice = slices[cell.slice]!
    const count = rowCounts(slice.buckets, bounds.length - 1)[Math.floor(cell.low / BUCKETS_PER_ROW)] ?? 0
    onReading(
      `${timeText(slice.from_ms, slice.to_ms)} · ${spanText(cell.low, cell.high, bounds)} · ${formatCount(count)} of ${formatCount(slice.n)}`,
    )
  }
  return (
    // The table of slices is the way of the keyboard: a pointer only saves the way through it.
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
    <div
      ref={box}
      className="latency-heat"
      onPointerMove={onMove}
      onPointerLeave={() => onReading('')}
      onClick={(event) => {
        const cell = cellOf(event)
        if (cell === null) return
        const slice = slices[cell.slice]!
        onSpan({ low: cell.low, high: cell.high, fromMs: slice.from_ms, toMs: slice.to_ms })
      }}
    >
      <canvas ref={canvas} aria-hidden="true" />
      <p className="visually-hidden">
        A picture of {slices.length} slices; press Ctrl Alt T, or Tables above, for the same as a table.
      </p>
    </div>
  )
}

function SliceTable({
  report,
  onSpan,
}: {
  readonly report: LatencyReport
  readonly onSpan: (span: ExemplarSpan) => void
}) {
  return (
    <ScrollRegion label="Table of slices" className="latency-scroll latency-scroll-chart">
      <table>
        <caption className="visually-hidden">Latency per slice, newest first</caption>
        <thead>
          <tr>
            <th scope="col">Time, UTC</th>
            {['n', 'p50', 'p99', 'max'].map((name) => (
              <th key={name} scope="col" className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.slices.toReversed().map((slice) => (
            <tr key={slice.from_ms}>
              <th scope="row">
                <button
                  type="button"
                  className="link"
                  onClick={() => onSpan({ ...WHOLE_SPAN, fromMs: slice.from_ms, toMs: slice.to_ms })}
                >
                  {timeText(slice.from_ms, slice.to_ms)}
                </button>
              </th>
              <td className="num">{formatCount(slice.n)}</td>
              {slice.n === 0 ? (
                <td className="t3 latency-none" colSpan={3}>
                  not measured
                </td>
              ) : (
                <>
                  <td className="num">{latencyText(slice.p50_ms)}</td>
                  <td className="num">{latencyText(slice.p99_ms)}</td>
                  <td className="num">{latencyText(slice.max_ms)}</td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
