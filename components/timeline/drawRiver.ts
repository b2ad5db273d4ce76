/*
 * Draws the lifecycle river: how many seeds were in each state over a window, stacked, every seed counted.
 * In: counts by state and bin, the axis, the moment. Out: pixels; which state lies at a place.
 * Invariant: the heights of a bin add up to all seeds of that bin; a state is told by its place and name, its hue only repeats the family.
 * Source: docs/ux.md "lifecycle river".
 */
import type { ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATE_ID, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'
import { stateText } from '../../lib/live/formatValue.ts'
import type { CanvasTheme, Pen } from '../heatmap/canvasTheme.ts'
import { glyphOf } from '../heatmap/stateGlyph.ts'
import { drawAxis, drawOver, type Sheet } from './drawLanes.ts'
import { timeAxis, xOf } from './timeAxis.ts'

const AXIS_PX = 20
const TOP_PX = 6

export interface RiverBand {
  readonly state: string
  readonly byte: number
  readonly counts: readonly number[]
  /** Stacked below it, per bin. */
  readonly below: readonly number[]
}
export interface River {
  readonly t_ms: readonly number[]
  readonly fromMs: number
  readonly toMs: number
  readonly bands: readonly RiverBand[]
  /** Seeds at the fullest bin. */
  readonly most: number
}

const ORDER: readonly string[] = [...SEED_STATES, 'UNKNOWN']

/** Stacks the counts in the order of the lifecycle; states nobody was in are left out. */
export function riverOf({
  river,
  from_ms: fromMs,
  to_ms: toMs,
}: Pick<ReplayFlow, 'river' | 'from_ms' | 'to_ms'>): River {
  const bins = river.t_ms.length
  let below: readonly number[] = Array.from({ length: bins }, () => 0)
  const bands: RiverBand[] = []
  for (const state of ORDER) {
    const counts = river.counts[state as SeedState]
    if (!counts?.some((count) => count > 0)) continue
    bands.push({ state, byte: SEED_STATE_ID[state as SeedState] ?? 255, counts, below })
    below = below.map((sum, at) => sum + (counts[at] ?? 0))
  }
  // The answer names the end of each bin; it is drawn from where it begins.
  const begins = river.t_ms.map((_, at) => (at === 0 ? fromMs : river.t_ms[at - 1]!))
  return { t_ms: begins, fromMs, toMs, bands, most: Math.max(1, ...below) }
}

/** The bin a moment lies in; the last one for a moment after it. */
export function binAt({ t_ms: times }: Pick<River, 't_ms'>, ms: number): number {
  const after = times.findIndex((time) => time > ms)
  return after < 0 ? Math.max(0, times.length - 1) : Math.max(0, after - 1)
}

/** The band at a share of the height (0 = foot) in a bin; null above all. */
export function bandAt(river: River, bin: number, share: number): RiverBand | null {
  const seeds = share * river.most
  return (
    river.bands.findLast(
      ({ counts, below }) =>
        (counts[bin] ?? 0) > 0 && (below[bin] ?? 0) <= seeds && seeds < (below[bin] ?? 0) + (counts[bin] ?? 0),
    ) ?? null
  )
}

/** Draws the river. */
export function drawRiver(
  pen: Pen,
  theme: CanvasTheme,
  sheet: Sheet,
  river: River,
  over: {
    readonly gaps: readonly PastGap[]
    readonly momentMs: number | null
    readonly span: readonly [number, number] | null
    readonly pointed: string | null
  },
): void {
  const { width, height, ratio } = sheet
  const axis = timeAxis(river, width)
  const foot = height - AXIS_PX
  const high = foot - TOP_PX
  const y = (seeds: number): number => foot - (seeds / river.most) * high
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  drawAxis(pen, theme, axis, height)
  const places = river.t_ms.map((ms) => xOf(axis, ms))
  const edges = [...places.slice(1), axis.right]
  for (const { state, byte, counts, below } of river.bands) {
    const { family } = glyphOf(byte)
    pen.fillStyle = theme.families[family]
    const siblings = river.bands.filter((band) => glyphOf(band.byte).family === family)
    // Of two of one family the later one is lighter; a line parts them.
    pen.globalAlpha =
      over.pointed === null || over.pointed === state ? (siblings[0]?.state === state ? 0.95 : 0.7) : 0.3
    pen.beginPath()
    places.forEach((x, at) => {
      const top = y((below[at] ?? 0) + (counts[at] ?? 0))
      pen.lineTo(x, top)
      pen.lineTo(edges[at] ?? x, top)
    })
    for (let at = places.length - 1; at >= 0; at--) {
      const bottom = y(below[at] ?? 0)
      pen.lineTo(edges[at] ?? 0, bottom)
      pen.lineTo(places[at] ?? 0, bottom)
    }
    pen.closePath()
    pen.fill()
    pen.globalAlpha = 1
    pen.strokeStyle = theme.panel
    pen.lineWidth = 1
    pen.stroke()
  }
  if (axis.left > 50) drawNames(pen, theme, river, y)
  drawOver(pen, theme, axis, over, sheet)
}

/** Names at the left, where their band begins, as long as they have room. */
function drawNames(pen: Pen, theme: CanvasTheme, { bands }: River, y: (seeds: number) => number): void {
  let free = Number.POSITIVE_INFINITY
  pen.font = `12px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.fillStyle = theme.text2
  for (const { state, counts, below } of bands) {
    if ((counts[0] ?? 0) === 0) continue
    const place = y((below[0] ?? 0) + (counts[0] ?? 0) / 2)
    if (place > free - 14) continue
    pen.fillText(stateText(state), 14, place)
    free = place
  }
}
