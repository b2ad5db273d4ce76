/*
 * Draws the lanes of the timeline: alerts, commands, transitions, trouble of bus and server, and the health band, over one axis.
 * In: binned counts, gaps, the axis, the moment shown. Out: pixels.
 * Invariant: a bin's bar is as high as its count on the lane's own square-root scale, which the page says; a gap is hatched over every lane.
 * Source: docs/ux.md "pages: timeline"; features B5, B6.
 */
import type { ReplayLanes } from '../../lib/contracts/httpLanes.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'
import { patternOf, type CanvasTheme, type Pen } from '../heatmap/canvasTheme.ts'
import { axisTicks, timeAxis, xOf, type TimeAxis } from './timeAxis.ts'

export const LANES = [
  { key: 'alert', label: 'Alerts' },
  { key: 'command', label: 'Commands' },
  { key: 'transition', label: 'Transitions' },
  { key: 'incident', label: 'Bus and server' },
  { key: 'fault', label: 'Faults' },
] as const
export type LaneKey = (typeof LANES)[number]['key']

export const LANE_HEIGHT = 30
export const BAND_HEIGHT = 62
const AXIS_HEIGHT = 20
export const LANES_HEIGHT = LANES.length * LANE_HEIGHT + BAND_HEIGHT + AXIS_HEIGHT

export interface LanesScene {
  readonly lanes: ReplayLanes
  readonly gaps: readonly PastGap[]
  /** The moment shown; null shows none. */
  readonly momentMs: number | null
  /** A stretch being dragged over. */
  readonly span: readonly [number, number] | null
}

export interface Sheet {
  readonly width: number
  readonly height: number
  readonly ratio: number
}

const laneColor = (theme: CanvasTheme, key: LaneKey): string =>
  key === 'alert' ? theme.warn : key === 'command' ? theme.info : key === 'transition' ? theme.text2 : theme.warn

/** Draws grid and words of the axis, at the foot of a picture. */
export function drawAxis(pen: Pen, theme: CanvasTheme, axis: TimeAxis, height: number): void {
  pen.font = `11px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'center'
  for (const { ms, text } of axisTicks(axis)) {
    const x = Math.round(xOf(axis, ms)) + 0.5
    pen.strokeStyle = theme.line
    pen.beginPath()
    pen.moveTo(x, 0)
    pen.lineTo(x, height - AXIS_HEIGHT)
    pen.stroke()
    pen.fillStyle = theme.text3
    if (x - 28 > 0 && x + 28 < axis.right + 14) pen.fillText(text, x, height - AXIS_HEIGHT / 2)
  }
  pen.textAlign = 'left'
}

/** Draws what lies over every picture of the timeline: gaps, the dragged span, the moment. */
export function drawOver(
  pen: Pen,
  theme: CanvasTheme,
  axis: TimeAxis,
  { gaps, momentMs, span }: Pick<LanesScene, 'gaps' | 'momentMs' | 'span'>,
  { height, ratio }: Sheet,
): void {
  const foot = height - AXIS_HEIGHT
  for (const gap of gaps) {
    if (gap.toMs < axis.fromMs || gap.fromMs > axis.toMs) continue
    const from = Math.max(axis.left, xOf(axis, gap.fromMs))
    const wide = Math.max(1.5, Math.min(axis.right, xOf(axis, gap.toMs)) - from)
    pen.fillStyle = patternOf(pen, 'hatch', theme.warn, ratio)
    pen.fillRect(from, 0, wide, foot)
  }
  if (span !== null) {
    const [from, to] = [xOf(axis, Math.min(...span)), xOf(axis, Math.max(...span))]
    pen.strokeStyle = theme.focus
    pen.lineWidth = 1.5
    pen.strokeRect(from, 1, Math.max(1, to - from), foot - 2)
  }
  if (momentMs !== null && momentMs >= axis.fromMs && momentMs <= axis.toMs) {
    const x = xOf(axis, momentMs)
    pen.fillStyle = theme.warn
    pen.fillRect(x - 1, 0, 2, foot)
  }
  pen.lineWidth = 1
}

function drawBand(pen: Pen, theme: CanvasTheme, axis: TimeAxis, lanes: ReplayLanes, top: number): void {
  const { health } = lanes
  const foot = top + BAND_HEIGHT - 6
  const high = BAND_HEIGHT - 12
  const y = (value: number): number => foot - Math.min(1, Math.max(0, value)) * high
  pen.strokeStyle = theme.line
  pen.beginPath()
  pen.moveTo(axis.left, foot + 0.5)
  pen.lineTo(axis.right, foot + 0.5)
  pen.stroke()
  if (!health) return
  const middle = (at: number): number => xOf(axis, (lanes.t_ms[at] ?? 0) + lanes.bin_ms / 2)
  pen.fillStyle = theme.bar
  for (let at = 0; at < lanes.t_ms.length; at++) {
    const [low, top2] = [health.low[at], health.high[at]]
    if (low === null || low === undefined || top2 === null || top2 === undefined) continue
    const wide = Math.max(1, ((axis.right - axis.left) * lanes.bin_ms) / Math.max(1, axis.toMs - axis.fromMs))
    pen.globalAlpha = 0.55
    pen.fillRect(middle(at) - wide / 2, y(top2), wide + 0.5, Math.max(1, y(low) - y(top2)))
  }
  pen.globalAlpha = 1
  pen.strokeStyle = theme.text1
  pen.lineWidth = 1.5
  pen.beginPath()
  let pending = true
  for (let at = 0; at < lanes.t_ms.length; at++) {
    const value = health.middle[at]
    if (value === null || value === undefined) {
      pending = true
      continue
    }
    if (pending) pen.moveTo(middle(at), y(value))
    else pen.lineTo(middle(at), y(value))
    pending = false
  }
  pen.stroke()
  pen.lineWidth = 1
}

/** The name of a lane: beside it, or small in its corner where there is no room beside it. */
function drawName(pen: Pen, theme: CanvasTheme, axis: TimeAxis, name: string, top: number, height: number): void {
  const isBeside = axis.left > 50
  pen.font = `${isBeside ? 12 : 10}px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'left'
  pen.fillStyle = theme.text2
  pen.fillText(name, 14, isBeside ? top + height / 2 : top + 8)
}

/** Draws all lanes. */
export function drawLanes(pen: Pen, theme: CanvasTheme, sheet: Sheet, scene: LanesScene): void {
  const { width, height, ratio } = sheet
  const { lanes } = scene
  const axis = timeAxis({ fromMs: lanes.from_ms, toMs: lanes.to_ms }, width)
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  drawAxis(pen, theme, axis, height)
  const wide = Math.max(1, ((axis.right - axis.left) * lanes.bin_ms) / Math.max(1, axis.toMs - axis.fromMs))
  LANES.forEach(({ key, label }, index) => {
    const foot = (index + 1) * LANE_HEIGHT
    const counts = lanes.counts[key]
    const most = Math.max(1, ...(counts ?? [0]))
    pen.strokeStyle = theme.line
    pen.beginPath()
    pen.moveTo(axis.left, foot + 0.5)
    pen.lineTo(axis.right, foot + 0.5)
    pen.stroke()
    counts?.forEach((count, at) => {
      if (count === 0) return
      // Square root: one command beside a thousand transitions' worth of others must still be seen.
      const tall = Math.max(3, Math.sqrt(count / most) * (LANE_HEIGHT - 8))
      const isCritical = (key === 'alert' || key === 'incident') && (lanes.critical[at] ?? 0) > 0
      pen.fillStyle = isCritical ? theme.crit : laneColor(theme, key)
      pen.fillRect(xOf(axis, lanes.t_ms[at] ?? 0), foot - tall, Math.max(1.5, wide - 0.5), tall)
    })
    drawName(pen, theme, axis, label, foot - LANE_HEIGHT, LANE_HEIGHT)
  })
  const bandTop = LANES.length * LANE_HEIGHT
  drawBand(pen, theme, axis, lanes, bandTop)
  drawName(pen, theme, axis, 'Health', bandTop, BAND_HEIGHT)
  drawOver(pen, theme, axis, scene, sheet)
}
