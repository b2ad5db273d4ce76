/*
 * Delta scale: what a colour of a difference means, in words and numbers.
 * In: the metric, the moment compared with. Out: the scale with its ends, its grey middle, and what has no counterpart.
 * Invariant: the same colours as the canvas; grey is named as no difference.
 * Source: docs/ux.md "delta mode", "visual tokens"; features A5, H4.
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { deltaOfByte } from '../../lib/frames/deltaCells.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { unitText } from '../../lib/live/formatValue.ts'
import { onThemeChange, readCanvasTheme } from '../heatmap/canvasTheme.ts'
import { deltaColorAt, toCss } from '../heatmap/colorScale.ts'

export function DeltaScale({ metric, words }: { readonly metric: MetricColumn; readonly words: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [theme, setTheme] = useState<'dark' | 'light'>('dark')
  useEffect(() => {
    const read = () => setTheme(readCanvasTheme(document.documentElement).name)
    read()
    return onThemeChange(read)
  }, [])
  useEffect(() => {
    const pen = canvas.current?.getContext('2d')
    if (!pen) return
    for (let x = 0; x < 120; x++) {
      pen.fillStyle = toCss(deltaColorAt(theme, (x / 119) * 2 - 1))
      pen.fillRect(x, 0, 1, 10)
    }
  }, [theme])
  const unit = metric.scale === 'log' ? '' : unitText(metric)
  return (
    <span className="legend-scale">
      <span className="t2">
        {metric.label} against <b>{words}</b>
        {unit === '' ? '' : `, ${unit}`}
      </span>
      <span>
        less <b>{formatChange(deltaOfByte(0, metric), metric)}</b>
      </span>
      <canvas ref={canvas} width={120} height={10} aria-hidden="true" />
      <span>
        <b>{formatChange(deltaOfByte(254, metric), metric)}</b> or more
      </span>
      <span className="t3">grey: the same</span>
      <span>
        <i className="swatch crossed" aria-hidden="true" /> no counterpart
      </span>
    </span>
  )
}
