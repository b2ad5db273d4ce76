/*
 * Draws one seed's recent line and its tape of states.
 * In: a series ring, a box, a window of time that ends now. Out: pixels.
 * Invariant: nothing is drawn where nothing was known: unmeasured samples and gaps break the line.
 * Source: features A11.
 */
import type { SeriesRing } from '../../lib/live/seriesRing.ts'
import type { Pen } from './canvasTheme.ts'

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Breaks of this length are gaps in what was known: the line is not led across them. */
const BREAK_MS = 6_000

/** Maps ms to x: the window ends now, so a line that stopped ends left of the edge. */
const toX = (box: Box, atMs: number, nowMs: number, windowMs: number): number =>
  box.x + box.width * (1 - (nowMs - atMs) / windowMs)

/**
 * Draws one seed's line over the last `windowMs`. The vertical range is the line's own (never narrower than `minSpan`),
 * because its job is the shape; the value beside it is the number. Unmeasured samples break the line.
 */
export function drawSparkline(
  context: Pen,
  ring: SeriesRing,
  seed: number,
  box: Box,
  options: { readonly nowMs: number; readonly windowMs: number; readonly minSpan: number; readonly color: string },
): void {
  const { nowMs, windowMs, minSpan, color } = options
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let first = 0
  while (first < ring.length && ring.atMs(first) < nowMs - windowMs) first += 1
  for (let index = first; index < ring.length; index++) {
    const value = ring.value(index, seed)
    if (Number.isNaN(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (high < low) return
  const middle = (low + high) / 2
  const span = Math.max(minSpan, high - low)
  const toY = (value: number): number => box.y + box.height * (0.5 - (value - middle) / span)
  context.beginPath()
  let lastMs = Number.NEGATIVE_INFINITY
  let endX = Number.NaN
  let endY = 0
  for (let index = first; index < ring.length; index++) {
    const value = ring.value(index, seed)
    const atMs = ring.atMs(index)
    if (Number.isNaN(value)) {
      lastMs = Number.NEGATIVE_INFINITY
      continue
    }
    endX = toX(box, atMs, nowMs, windowMs)
    endY = toY(value)
    if (atMs - lastMs > BREAK_MS) context.moveTo(endX, endY)
    else context.lineTo(endX, endY)
    lastMs = atMs
  }
  context.strokeStyle = color
  context.lineWidth = 1.25
  context.lineJoin = 'round'
  context.stroke()
  if (Number.isNaN(endX)) return
  context.fillStyle = color
  context.beginPath()
  context.arc(Math.min(endX, box.x + box.width - 2), endY, 2, 0, Math.PI * 2)
  context.fill()
}

/** Draws the tape of states of one seed over the window; where nothing was known it stays empty. */
export function drawStateTape(
  context: Pen,
  ring: SeriesRing,
  seed: number,
  box: Box,
  options: { readonly nowMs: number; readonly windowMs: number; readonly colorOf: (state: number) => string },
): void {
  for (let index = 0; index < ring.length; index++) {
    const atMs = ring.atMs(index)
    if (atMs < options.nowMs - options.windowMs) continue
    const nextMs = index + 1 < ring.length ? ring.atMs(index + 1) : atMs + 1_000
    const from = toX(box, atMs, options.nowMs, options.windowMs)
    const to = toX(box, nextMs - atMs > BREAK_MS ? atMs + 1_000 : nextMs, options.nowMs, options.windowMs)
    context.fillStyle = options.colorOf(ring.state(index, seed))
    context.fillRect(from, box.y, Math.min(to, box.x + box.width) - from + 0.5, box.height)
  }
}
