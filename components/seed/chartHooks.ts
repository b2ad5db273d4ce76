/*
 * Chart hooks: what is drawn under and over a small chart: limit bands, gaps with their cause, marks of events.
 * In: a plot, what is to be drawn, the theme. Out: pixels.
 * Invariant: a gap is hatched, never joined; a mark stands where its event was; bands never hide the line.
 * Source: features A8, A13, B6; docs/ux.md "honest gaps".
 */
import type uPlot from 'uplot'
import type { MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { SeedSeries, SeriesMark } from '../../lib/contracts/httpSeed.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { patternOf, type CanvasTheme } from '../heatmap/canvasTheme.ts'
import { drawGlyph } from '../heatmap/drawGlyph.ts'
import { glyphOf } from '../heatmap/stateGlyph.ts'

export interface ChartScene {
  readonly theme: CanvasTheme
  readonly limit: MetricLimit | null
  readonly gaps: SeedSeries['gaps']
  readonly marks: readonly SeriesMark[]
}

const GLYPH_PX = 10
const MIN_GAP_PX = 2

const withClip = (plot: uPlot, draw: (pen: CanvasRenderingContext2D, ratio: number) => void): void => {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  draw(ctx, devicePixelRatio)
  ctx.restore()
}

/** Draws limit bands and gaps; goes before the line. */
export function drawUnder(plot: uPlot, { theme, limit, gaps }: ChartScene): void {
  withClip(plot, (pen, ratio) => {
    const { left, top, width, height } = plot.bbox
    const yOf = (value: number): number => Math.min(top + height, Math.max(top, plot.valToPos(value, 'y', true)))
    const band = (from: number, to: number, color: string, alpha: number): void => {
      pen.globalAlpha = alpha
      pen.fillStyle = color
      pen.fillRect(left, Math.min(from, to), width, Math.abs(to - from))
    }
    const edge = (value: number, color: string): void => {
      const y = plot.valToPos(value, 'y', true)
      if (y < top || y > top + height) return
      pen.globalAlpha = 0.8
      pen.strokeStyle = color
      pen.lineWidth = ratio
      pen.setLineDash([4 * ratio, 3 * ratio])
      pen.beginPath()
      pen.moveTo(left, y)
      pen.lineTo(left + width, y)
      pen.stroke()
      pen.setLineDash([])
    }
    if (limit !== null) {
      const { alarm_low, warn_low, warn_high, alarm_high } = limit
      if (warn_low !== null) band(yOf(warn_low), yOf(alarm_low ?? Number.MIN_SAFE_INTEGER), theme.warn, 0.1)
      if (alarm_low !== null) band(yOf(alarm_low), top + height, theme.crit, 0.13)
      if (warn_high !== null) band(yOf(warn_high), yOf(alarm_high ?? Number.MAX_SAFE_INTEGER), theme.warn, 0.1)
      if (alarm_high !== null) band(yOf(alarm_high), top, theme.crit, 0.13)
      for (const value of [warn_low, warn_high]) if (value !== null) edge(value, theme.warn)
      for (const value of [alarm_low, alarm_high]) if (value !== null) edge(value, theme.crit)
    }
    pen.globalAlpha = 1
    for (const gap of gaps) {
      const from = plot.valToPos(gap.from_ms, 'x', true)
      const to = Math.max(plot.valToPos(gap.to_ms, 'x', true), from + MIN_GAP_PX * ratio)
      pen.fillStyle = theme.panel
      pen.fillRect(from, top, to - from, height)
      pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, ratio)
      pen.fillRect(from, top, to - from, height)
    }
  })
}

/** Draws the marks of events; goes over the line. */
export function drawOver(plot: uPlot, { theme, marks }: ChartScene): void {
  withClip(plot, (pen, ratio) => {
    const { top, height } = plot.bbox
    for (const mark of marks) {
      const x = Math.round(plot.valToPos(mark.at_ms, 'x', true)) + 0.5
      const state = mark.state === null ? null : SEED_STATE_ID[mark.state]
      const color =
        state !== null ? theme.families[glyphOf(state).family] : mark.kind === 'fault' ? theme.crit : theme.text3
      pen.strokeStyle = color
      pen.globalAlpha = mark.kind === 'checkpoint' ? 0.25 : 0.7
      pen.lineWidth = ratio
      pen.setLineDash(mark.kind === 'command' ? [2 * ratio, 3 * ratio] : [])
      pen.beginPath()
      pen.moveTo(x, top)
      pen.lineTo(x, top + height)
      pen.stroke()
      pen.setLineDash([])
      pen.globalAlpha = 1
      if (state !== null) {
        pen.fillStyle = theme.panel
        const size = GLYPH_PX * ratio
        pen.fillRect(x - size / 2 - ratio, top, size + 2 * ratio, size + 2 * ratio)
        drawGlyph(pen, theme, state, x - size / 2, top + ratio, size)
      } else if (mark.kind === 'fault') {
        pen.fillStyle = theme.crit
        pen.beginPath()
        pen.moveTo(x - 4 * ratio, top)
        pen.lineTo(x + 4 * ratio, top)
        pen.lineTo(x, top + 7 * ratio)
        pen.fill()
      }
    }
  })
}
