/*
 * drawLatencyHeat: latencies of one stage over time: a column per slice, a row per power of two, colour by how many.
 * In: slices, bounds, the window, a theme. Out: pixels; which cell lies under a pointer.
 * Invariant: pure layout; colour is logarithmic in the count, so that one slow message among thousands is seen; no slice is empty ground.
 * Source: docs/ux.md "pages: latency"; features C2.
 */
import type { LatencySlice } from '../../lib/contracts/httpLatency.ts'
import { formatUtc } from '../../lib/live/formatValue.ts'
import type { CanvasTheme } from '../heatmap/canvasTheme.ts'
import { colorAt, toCss } from '../heatmap/colorScale.ts'
import { axisTicks, BUCKETS_PER_ROW, placeOf } from './latencyWords.ts'

export const HEAT_LEFT = 56
export const HEAT_BOTTOM = 22
const TOP = 6
const RIGHT = 8

export interface HeatFrame {
  readonly width: number
  readonly height: number
  readonly fromMs: number
  readonly toMs: number
  readonly bounds: readonly number[]
}
export interface HeatCell {
  /** Index in the slices that were drawn. */
  readonly slice: number
  /** First bucket of the row. */
  readonly low: number
  readonly high: number
}

const sizeOf = ({ bounds }: Pick<HeatFrame, 'bounds'>): number => bounds.length - 1
const xOf = ({ width, fromMs, toMs }: HeatFrame, ms: number): number =>
  HEAT_LEFT + ((ms - fromMs) / Math.max(1, toMs - fromMs)) * (width - HEAT_LEFT - RIGHT)
const yOf = (frame: HeatFrame, place: number): number =>
  frame.height - HEAT_BOTTOM - (place / sizeOf(frame)) * (frame.height - HEAT_BOTTOM - TOP)

/** Sums the buckets of a slice into rows, lowest first. */
export function rowCounts(buckets: LatencySlice['buckets'], size: number): number[] {
  const rows = Array<number>(Math.ceil(size / BUCKETS_PER_ROW)).fill(0)
  for (const [bucket, count] of buckets) rows[Math.floor(bucket / BUCKETS_PER_ROW)]! += count
  return rows
}

/** Finds the cell at a point of the canvas; null beside the field or where no slice is. */
export function heatCellAt(frame: HeatFrame, slices: readonly LatencySlice[], x: number, y: number): HeatCell | null {
  const share = (x - HEAT_LEFT) / Math.max(1, frame.width - HEAT_LEFT - RIGHT)
  const ms = frame.fromMs + share * (frame.toMs - frame.fromMs)
  const slice = slices.findIndex((one) => ms >= one.from_ms && ms < one.to_ms)
  const size = sizeOf(frame)
  const place = ((frame.height - HEAT_BOTTOM - y) / (frame.height - HEAT_BOTTOM - TOP)) * size
  if (slice < 0 || place < 0 || place >= size) return null
  const low = Math.floor(place / BUCKETS_PER_ROW) * BUCKETS_PER_ROW
  return { slice, low, high: Math.min(size - 1, low + BUCKETS_PER_ROW - 1) }
}

export interface HeatMarks {
  readonly targetMs: number
  readonly chosen: {
    readonly fromMs: number
    readonly toMs: number
    readonly low: number
    readonly high: number
  } | null
}

/** Draws the whole picture. */
export function drawLatencyHeat(
  pen: CanvasRenderingContext2D,
  theme: CanvasTheme,
  frame: HeatFrame,
  slices: readonly LatencySlice[],
  { targetMs, chosen }: HeatMarks,
): void {
  const { width, height, bounds } = frame
  const size = sizeOf(frame)
  pen.clearRect(0, 0, width, height)
  const columns = slices.map((slice) => rowCounts(slice.buckets, size))
  const most = Math.max(1, ...columns.flat())
  pen.fillStyle = theme.hatch
  pen.globalAlpha = 0.18
  pen.fillRect(HEAT_LEFT, TOP, width - HEAT_LEFT - RIGHT, height - TOP - HEAT_BOTTOM)
  pen.globalAlpha = 1
  slices.forEach((slice, index) => {
    const left = Math.max(HEAT_LEFT, xOf(frame, slice.from_ms))
    const right = xOf(frame, slice.to_ms)
    const top = yOf(frame, size)
    pen.fillStyle = theme.panel
    pen.fillRect(left, top, right - left + 0.5, yOf(frame, 0) - top)
    columns[index]!.forEach((count, row) => {
      if (count === 0) return
      const from = yOf(frame, Math.min(size, (row + 1) * BUCKETS_PER_ROW))
      const to = yOf(frame, row * BUCKETS_PER_ROW)
      // From a fifth of the scale up: a single message must stand out from the ground.
      pen.fillStyle = toCss(colorAt(theme.name, 0.22 + (0.78 * Math.log1p(count)) / Math.log1p(most)))
      pen.fillRect(left, from + 0.5, Math.max(1, right - left - (right - left > 4 ? 0.5 : 0)), to - from - 0.5)
    })
  })
  pen.font = `11px ${theme.font}`
  pen.fillStyle = theme.text3
  pen.textAlign = 'right'
  pen.textBaseline = 'middle'
  pen.strokeStyle = theme.line
  pen.lineWidth = 1
  for (const { at, label } of axisTicks(bounds)) {
    const y = yOf(frame, at)
    pen.fillText(label, HEAT_LEFT - 6, Math.min(height - HEAT_BOTTOM - 5, y))
  }
  drawPercentile(pen, theme, frame, slices)
  const y = yOf(frame, placeOf(targetMs, bounds))
  pen.strokeStyle = theme.warn
  pen.setLineDash([6, 3])
  pen.beginPath()
  pen.moveTo(HEAT_LEFT, y)
  pen.lineTo(width - RIGHT, y)
  pen.stroke()
  pen.setLineDash([])
  drawTimes(pen, theme, frame)
  if (chosen === null) return
  pen.strokeStyle = theme.focus
  pen.lineWidth = 2
  const top = yOf(frame, chosen.high + 1)
  const left = Math.max(HEAT_LEFT, xOf(frame, chosen.fromMs))
  pen.strokeRect(left, top, Math.max(3, xOf(frame, chosen.toMs) - left), yOf(frame, chosen.low) - top)
}

/** The p99 of each slice, broken where nothing was measured. */
function drawPercentile(
  pen: CanvasRenderingContext2D,
  theme: CanvasTheme,
  frame: HeatFrame,
  slices: readonly LatencySlice[],
): void {
  pen.strokeStyle = theme.text1
  pen.lineWidth = 1.5
  pen.beginPath()
  let isOpen = false
  for (const slice of slices) {
    if (slice.p99_ms === null) {
      isOpen = false
      continue
    }
    const x = Math.max(HEAT_LEFT, xOf(frame, (slice.from_ms + slice.to_ms) / 2))
    const y = yOf(frame, placeOf(slice.p99_ms, frame.bounds))
    if (isOpen) pen.lineTo(x, y)
    else pen.moveTo(x - 1, y)
    if (!isOpen) pen.lineTo(x, y)
    isOpen = true
  }
  pen.stroke()
}

function drawTimes(pen: CanvasRenderingContext2D, theme: CanvasTheme, frame: HeatFrame): void {
  const count = Math.max(2, Math.floor((frame.width - HEAT_LEFT) / 130))
  pen.fillStyle = theme.text3
  pen.textBaseline = 'alphabetic'
  for (let at = 0; at <= count; at++) {
    const ms = frame.fromMs + ((frame.toMs - frame.fromMs) * at) / count
    pen.textAlign = at === 0 ? 'left' : at === count ? 'right' : 'center'
    pen.fillText(formatUtc(ms), xOf(frame, ms), frame.height - 6)
  }
}
