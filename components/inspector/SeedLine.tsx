/*
 * Seed line: the shown metric of one seed over the last 15 minutes.
 * In: the server's answer. Out: a small canvas with its range in words.
 * Invariant: unmeasured stretches stay empty; "nothing measured" is said, not drawn as zero. It is drawn with the frame of the screen: its
 * width is asked for when the page is laid out anyway, and several renders before one frame draw once.
 * Source: features A10, A11.
 */
'use client'
import { useEffect, useRef } from 'react'
import type { InspectAnswer } from '../../lib/contracts/socketEvents.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { SeriesRing } from '../../lib/live/seriesRing.ts'
import { formatMetric, unitText } from '../../lib/live/formatValue.ts'
import { readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { drawSparkline } from '../heatmap/drawSparkline.ts'

const WINDOW_MS = 900_000
const HEIGHT = 64

/** Shows the last 15 minutes of the shown metric of one seed, with its least and greatest value in figures. */
export function SeedLine({
  answer,
  metric,
  nowMs,
}: {
  readonly answer: InspectAnswer | null
  readonly metric: MetricColumn
  readonly nowMs: number
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const values = answer?.history.columns[metric.name] ?? []
  const known = values.filter((value) => value !== null)
  useEffect(() => {
    if (!answer) return undefined
    const draw = (): void => {
      const element = canvas.current
      const pen = element?.getContext('2d')
      if (!element || !pen) return
      const ratio = devicePixelRatio
      const width = element.clientWidth
      element.width = Math.round(width * ratio)
      element.height = Math.round(HEIGHT * ratio)
      pen.setTransform(ratio, 0, 0, ratio, 0, 0)
      const ring = new SeriesRing(1, Math.max(1, values.length))
      answer.history.at_ms.forEach((atMs, index) => {
        ring.append(
          atMs,
          () => values[index] ?? Number.NaN,
          () => 0,
        )
      })
      const theme = readCanvasTheme(element)
      pen.fillStyle = theme.line
      pen.fillRect(0, HEIGHT - 1, width, 1)
      drawSparkline(
        pen,
        ring,
        0,
        { x: 0, y: 4, width, height: HEIGHT - 10 },
        { nowMs, windowMs: WINDOW_MS, minSpan: (metric.max - metric.min) / 50, color: theme.text1 },
      )
    }
    const frame = requestAnimationFrame(draw)
    return () => cancelAnimationFrame(frame)
  })
  const low = known.length === 0 ? null : Math.min(...known)
  const high = known.length === 0 ? null : Math.max(...known)
  const words =
    known.length === 0
      ? 'nothing measured in the last 15 minutes'
      : `${formatMetric(low, metric)} to ${formatMetric(high, metric)} ${unitText(metric)}`.trim()
  return (
    <section>
      <h3>
        {metric.label}, last 15 min <span className="t3">{words}</span>
      </h3>
      <figure aria-label={`${metric.label} over the last 15 minutes: ${words}`}>
        <canvas ref={canvas} className="seed-line" aria-hidden="true" />
      </figure>
    </section>
  )
}
