/*
 * Heatmap legend: what a fill means, what a cell stands for, and what old, missing and unmeasured look like.
 * In: metric, mode, seeds per cell. Out: one line under the heatmap.
 * Invariant: the same colour table as the canvas; the alarming end is named in words.
 * Source: docs/architecture.md; features A2, H4.
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatMetric, unitText } from '../../lib/live/formatValue.ts'
import { DeltaScale } from '../delta/DeltaScale.tsx'
import { onThemeChange, readCanvasTheme } from './canvasTheme.ts'
import { alarmOf, colorAt, toCss } from './colorScale.ts'
import type { Family } from './stateGlyph.ts'

const FAMILIES: readonly (readonly [Family, string])[] = [
  ['idle', 'idle'],
  ['growing', 'growing'],
  ['integrating', 'integrating'],
  ['success', 'kept'],
  ['failure', 'failed'],
  ['cooldown', 'withdrawn'],
]
const END_WORDS = { low: ['alarming', 'calm'], high: ['calm', 'alarming'], none: ['low', 'high'] } as const

/** Explains the fill: the metric's fixed range with its alarming end in words, or the families of states (their glyphs are named beside the counts); and what old looks like. */
export function HeatmapLegend({
  metric,
  mode,
  binSize,
  delta = null,
}: {
  readonly metric: MetricColumn
  readonly mode: 'value' | 'state'
  readonly binSize: number
  /** The moment compared with, in words, while differences are drawn. */
  readonly delta?: string | null
}) {
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
      pen.fillStyle = toCss(colorAt(theme, alarmOf(x / 119, metric.worst)))
      pen.fillRect(x, 0, 1, 10)
    }
  }, [metric, theme, mode])
  const [low, high] = END_WORDS[metric.worst]
  const unit = unitText(metric)
  return (
    <div className="legend">
      {mode === 'value' && delta !== null ? (
        <DeltaScale metric={metric} words={delta} />
      ) : mode === 'value' ? (
        <span className="legend-scale">
          <span className="t2">
            {metric.label}
            {unit === '' ? '' : `, ${unit}`}
          </span>
          <span>
            <b>{formatMetric(metric.min, metric)}</b> {low}
          </span>
          <canvas ref={canvas} width={120} height={10} aria-hidden="true" />
          <span>
            {high} <b>{formatMetric(metric.max, metric)}</b>
          </span>
          {binSize === 1 && (
            <span className={metric.scale === 'log' ? 'chip' : 'chip spare'}>
              <span className="spare">fixed range{metric.scale === 'log' ? ', ' : ''}</span>
              {metric.scale === 'log' ? 'log' : ''}
            </span>
          )}
        </span>
      ) : (
        <span className="legend-states">
          {FAMILIES.map(([family, words]) => (
            <span key={family}>
              <i className={`swatch fam-${family}`} aria-hidden="true" /> {words}
            </span>
          ))}
        </span>
      )}
      {binSize > 1 && (
        <b className="chip">
          each cell is the {delta === null ? 'worst' : 'greatest difference'} of {binSize} seeds
        </b>
      )}
      <span className="legend-ages">
        {mode === 'value' && delta === null && (
          <span>
            <i className="swatch dots" aria-hidden="true" /> unmeasured
          </span>
        )}
        <span>
          <i className="swatch hatched" aria-hidden="true" /> stale
        </span>
        <span>
          <i className="swatch outlined" aria-hidden="true" /> silent
        </span>
        <span>
          <i className="swatch dotted" aria-hidden="true" /> never
        </span>
      </span>
    </div>
  )
}
