/*
 * Draws the host curve: accuracy by step, the recorded control, growth marks, parameter steps, gaps.
 * In: a built curve, size, theme, hover step. Out: pixels.
 * Invariant: the axis says its own range; a missing value is a break; marks are glyphs before they are colours.
 * Source: docs/ux.md 'pages: live'; features A13, B6.
 */
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import { formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import type { CurvePoint, HostCurve } from '../../lib/live/hostCurve.ts'
import { patternOf, type CanvasTheme } from '../heatmap/canvasTheme.ts'
import { drawGlyph } from '../heatmap/drawGlyph.ts'

type Pen = CanvasRenderingContext2D
export interface CurveFrame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly right: number
  readonly top: number
  readonly plotBottom: number
  readonly marksY: number
  readonly parametersTop: number
  readonly parametersBottom: number
}

/** Lays the chart out; narrow ones give up the right labels. */
export function curveFrame(width: number, height: number): CurveFrame {
  const right = width < 520 ? 62 : 76
  return {
    width,
    height,
    left: 60,
    right: width - right,
    top: 8,
    plotBottom: height - 78,
    marksY: height - 60,
    parametersTop: height - 44,
    parametersBottom: height - 24,
  }
}

/** Maps a step to x. */
export function stepToX(curve: Pick<HostCurve, 'steps'>, frame: CurveFrame, step: number): number {
  const [from, to] = curve.steps
  return frame.left + ((step - from) / Math.max(1, to - from)) * (frame.right - frame.left)
}

/** Maps x to a step, clamped to the axis. */
export function xToStep(curve: Pick<HostCurve, 'steps'>, frame: CurveFrame, x: number): number {
  const [from, to] = curve.steps
  const share = Math.min(1, Math.max(0, (x - frame.left) / Math.max(1, frame.right - frame.left)))
  return from + share * (to - from)
}

const niceStep = (span: number, count: number): number => {
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? power
}

const line = (
  pen: Pen,
  points: readonly CurvePoint[],
  toX: (step: number) => number,
  toY: (value: number) => number,
): void => {
  pen.beginPath()
  let pen1 = false
  for (const { step, value } of points) {
    if (value === null) {
      pen1 = false
      continue
    }
    if (pen1) pen.lineTo(toX(step), toY(value))
    else pen.moveTo(toX(step), toY(value))
    pen1 = true
  }
  pen.stroke()
}

const drawAxes = (
  pen: Pen,
  theme: CanvasTheme,
  curve: HostCurve,
  frame: CurveFrame,
  toY: (value: number) => number,
): void => {
  const [low, high] = curve.accuracy
  const tick = high - low > 0.35 ? 0.1 : 0.05
  pen.font = `400 11px ${theme.font}`
  pen.textBaseline = 'middle'
  for (let value = low; value <= high + 1e-9; value += tick) {
    const y = toY(value)
    pen.fillStyle = theme.line
    pen.fillRect(frame.left, Math.round(y), frame.right - frame.left, 1)
    pen.fillStyle = theme.text3
    pen.textAlign = 'right'
    pen.fillText(`${Math.round(value * 100)} %`, frame.left - 8, y)
  }
  const [from, to] = curve.steps
  const step = niceStep(to - from, (frame.right - frame.left) / 110)
  pen.textAlign = 'center'
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = stepToX(curve, frame, at)
    pen.fillStyle = theme.text3
    // The last label makes room for the axis's name.
    if (x < frame.right - 18) pen.fillText(formatCount(at), x, frame.height - 9)
  }
  pen.textAlign = 'right'
  pen.fillText('lives', frame.left - 8, frame.marksY)
  pen.fillText('params', frame.left - 8, (frame.parametersTop + frame.parametersBottom) / 2)
  pen.textAlign = 'left'
  pen.fillText('step', frame.right + 8, frame.height - 9)
}

const drawMarks = (pen: Pen, theme: CanvasTheme, curve: HostCurve, frame: CurveFrame): void => {
  const drawnAt: number[] = []
  for (const mark of curve.marks) {
    const x = stepToX(curve, frame, mark.step)
    if (mark.kind === 'FOSSILIZED' || mark.kind === 'fault') {
      pen.strokeStyle = mark.kind === 'fault' ? theme.warn : theme.line2
      pen.lineWidth = 1
      pen.setLineDash([2, 3])
      pen.beginPath()
      pen.moveTo(Math.round(x) + 0.5, frame.top)
      pen.lineTo(Math.round(x) + 0.5, frame.marksY - 8)
      pen.stroke()
      pen.setLineDash([])
    }
    if (mark.kind === 'fault') {
      pen.strokeStyle = theme.warn
      pen.lineWidth = 1.6
      pen.stroke(new Path2D(`M${x + 1} ${frame.marksY - 7}l-4.5 8h4l-1 6 5-8h-3.6z`))
    } else if (mark.kind === 'GERMINATED') {
      // Half as tall: plantings are many, and only lead up to an ending.
      pen.fillStyle = theme.families.growing
      pen.fillRect(x - 1, frame.marksY - 4, 2, 8)
    } else {
      // Endings close together are fanned out a little instead of hiding each other.
      const near = drawnAt.filter((other) => Math.abs(other - x) < 9).length
      drawGlyph(pen, theme, SEED_STATE_ID[mark.kind], x - 5.5, frame.marksY - 5.5 - Math.min(2, near) * 5, 11)
      drawnAt.push(x)
    }
  }
}

const drawParameters = (pen: Pen, theme: CanvasTheme, curve: HostCurve, frame: CurveFrame): void => {
  const points = curve.parameters.filter((point) => point.value !== null)
  const last = points.at(-1)
  if (!last) return
  const values = points.map((point) => point.value ?? 0)
  const low = Math.min(...values)
  const high = Math.max(...values)
  const toY = (value: number): number =>
    high === low
      ? frame.parametersBottom - 4
      : frame.parametersBottom - ((value - low) / (high - low)) * (frame.parametersBottom - frame.parametersTop)
  pen.strokeStyle = theme.text2
  pen.lineWidth = 1
  pen.beginPath()
  let previous = toY(values[0] ?? 0)
  points.forEach((point, index) => {
    const x = stepToX(curve, frame, point.step)
    const y = toY(point.value ?? 0)
    if (index === 0) pen.moveTo(x, y)
    else {
      pen.lineTo(x, previous)
      pen.lineTo(x, y)
    }
    previous = y
  })
  pen.stroke()
  pen.fillStyle = theme.text2
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.fillText(formatCount(last.value), frame.right + 8, previous)
}

const drawEnds = (
  pen: Pen,
  theme: CanvasTheme,
  curve: HostCurve,
  frame: CurveFrame,
  toY: (value: number) => number,
): void => {
  const last = curve.validation.findLast((point) => point.value !== null)
  if (!last || last.value === null) return
  const x = stepToX(curve, frame, last.step)
  const y = toY(last.value)
  pen.fillStyle = theme.text1
  pen.beginPath()
  pen.arc(x, y, 3, 0, Math.PI * 2)
  pen.fill()
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.font = `600 13px ${theme.font}`
  const labelY = Math.max(frame.top + 6, y)
  pen.fillText(formatPercent(last.value), frame.right + 8, labelY)
  const control = curve.control.findLast((point) => point.value !== null)
  if (control && control.value !== null) {
    pen.font = `400 11px ${theme.font}`
    pen.fillStyle = theme.text3
    const controlY = Math.max(toY(control.value), labelY + 30)
    pen.fillText(formatPercent(control.value), frame.right + 8, controlY)
    // A control that ended earlier can not be compared with now.
    if (curve.controlEnded !== null) {
      pen.fillText('ended', frame.right + 8, controlY + 13)
      return
    }
    pen.fillText('recorded', frame.right + 8, controlY + 13)
    const points = (last.value - control.value) * 100
    pen.fillStyle = theme.text2
    pen.fillText(`${points >= 0 ? '+' : ''}${points.toFixed(1)} pp`, frame.right + 8, labelY + 15)
  }
}

/** Draws the chart; `hoverStep` adds a crosshair. */
export function drawHostCurve(
  pen: Pen,
  theme: CanvasTheme,
  curve: HostCurve,
  frame: CurveFrame,
  options: { readonly ratio: number; readonly hoverStep: number | null; readonly old: boolean },
): void {
  const [low, high] = curve.accuracy
  const toX = (step: number): number => stepToX(curve, frame, step)
  const toY = (value: number): number =>
    frame.plotBottom - ((value - low) / Math.max(1e-9, high - low)) * (frame.plotBottom - frame.top)
  pen.clearRect(0, 0, frame.width, frame.height)
  drawAxes(pen, theme, curve, frame, toY)
  for (const gap of curve.gaps) {
    pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, options.ratio)
    pen.fillRect(toX(gap.from), frame.top, Math.max(2, toX(gap.to) - toX(gap.from)), frame.plotBottom - frame.top)
  }
  pen.save()
  pen.beginPath()
  pen.rect(frame.left, frame.top - 4, frame.right - frame.left + 4, frame.plotBottom - frame.top + 4)
  pen.clip()
  pen.lineJoin = 'round'
  pen.strokeStyle = theme.text3
  pen.lineWidth = 1.5
  pen.setLineDash([5, 4])
  line(pen, curve.control, toX, toY)
  pen.setLineDash([])
  pen.lineWidth = 1
  line(pen, curve.training, toX, toY)
  pen.strokeStyle = options.old ? theme.text2 : theme.text1
  pen.lineWidth = 2
  line(pen, curve.validation, toX, toY)
  pen.restore()
  drawMarks(pen, theme, curve, frame)
  drawParameters(pen, theme, curve, frame)
  drawEnds(pen, theme, curve, frame, toY)
  if (options.hoverStep !== null) {
    pen.fillStyle = theme.text3
    pen.fillRect(Math.round(toX(options.hoverStep)), frame.top, 1, frame.parametersBottom - frame.top)
  }
}
