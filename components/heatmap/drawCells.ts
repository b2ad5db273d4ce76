/*
 * Draws a small run: one large cell per seed with glyph, id, value, activity, sparkline and state tape.
 * In: a scene, its layout, the theme. Out: pixels.
 * Invariant: late, stale, silent, never, unmeasured and unknown each look different from each other and from zero.
 * Source: docs/ux.md "freshness model", "visual tokens"; features A2, A11, A18.
 */
import { formatAge, formatMetric, formatUtc, unitText } from '../../lib/live/formatValue.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { patternOf, type CanvasTheme, type Pen } from './canvasTheme.ts'
import { alarmOf, colorAt, deltaColorAt, inkOn, toCss } from './colorScale.ts'
import { drawGlyph } from './drawGlyph.ts'
import { drawSparkline, drawStateTape } from './drawSparkline.ts'
import { positionOf } from './positionOf.ts'
import { sparklineWindowMs } from './sparklineWindow.ts'
import { cellRect, type HeatmapLayout } from './heatmapLayout.ts'
import {
  activityText,
  ageOfSeed,
  changeOf,
  changePlace,
  isCurrent,
  valueOf,
  type HeatmapScene,
  type SceneLayer,
} from './heatmapScene.ts'
import { glyphOf, stateLabel } from './stateGlyph.ts'

/** Finds the oldest sample of all lines: one window for all cells. */
export function oldestSampleMs(scene: Pick<HeatmapScene, 'layers' | 'nowMs'>): number {
  return Math.min(scene.nowMs, ...scene.layers.map((layer) => layer.series?.oldestMs ?? scene.nowMs))
}

type Rect = ReturnType<typeof cellRect>

const rounded = (pen: Pen, rect: Rect, radius: number): void => {
  pen.beginPath()
  pen.roundRect(rect.x, rect.y, rect.width, rect.height, radius)
}

/** Shortens text to a width, with an ellipsis. */
const fit = (pen: Pen, text: string, width: number): string => {
  if (pen.measureText(text).width <= width) return text
  let end = text.length - 1
  while (end > 0 && pen.measureText(`${text.slice(0, end)}…`).width > width) end -= 1
  return end <= 0 ? '' : `${text.slice(0, end)}…`
}

interface CellLook {
  readonly ink: string
  readonly soft: string
  readonly muted: boolean
}

const drawGround = (
  pen: Pen,
  theme: CanvasTheme,
  rect: Rect,
  ratio: number,
  look: {
    readonly layer: SceneLayer
    readonly value: number | null
    readonly scene: HeatmapScene
    readonly state: number
    readonly row: number
  },
): CellLook => {
  const { layer, value, scene, state, row } = look
  const { freshness } = ageOfSeed(layer, row)
  const plain: CellLook = { ink: theme.text1, soft: theme.text2, muted: false }
  const old: CellLook = { ink: theme.text2, soft: theme.text3, muted: true }
  rounded(pen, rect, 4)
  if (freshness === 'never' || layer.mirror.frame === 0) {
    pen.setLineDash([2, 3])
    pen.strokeStyle = theme.text3
    pen.lineWidth = 1
    pen.stroke()
    pen.setLineDash([])
    return old
  }
  if (freshness === 'silent') {
    pen.strokeStyle = theme.text3
    pen.lineWidth = 1
    pen.stroke()
    return old
  }
  if (freshness === 'stale') {
    pen.fillStyle = theme.raised
    pen.fill()
    pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, ratio)
    pen.fill()
    return old
  }
  if (scene.mode === 'state') {
    pen.fillStyle = theme.raised
    pen.fill()
    pen.save()
    pen.globalAlpha = theme.name === 'light' ? 0.3 : 0.22
    pen.fillStyle = theme.families[glyphOf(state).family]
    if (glyphOf(state).family !== 'idle') pen.fill()
    pen.restore()
    return plain
  }
  const change = scene.base === null ? null : changePlace(scene, layer, row)
  if (value === null || (scene.base !== null && change === null)) {
    pen.fillStyle = theme.raised
    pen.fill()
    pen.fillStyle = patternOf(pen, scene.base === null ? 'dots' : 'cross', theme.hatch, ratio)
    pen.fill()
    return plain
  }
  const fill =
    change === null
      ? colorAt(theme.name, alarmOf(positionOf(value, scene.metric), scene.metric.worst))
      : deltaColorAt(theme.name, change)
  pen.fillStyle = toCss(fill)
  pen.fill()
  // Small text takes the ink as well: on the middle of the scale nothing softer keeps 4.5 : 1.
  const ink = inkOn(fill) === 'dark' ? '#000000' : '#ffffff'
  return { ink, soft: ink, muted: false }
}

const secondLine = (scene: HeatmapScene, layer: SceneLayer, row: number, roomy: boolean): string => {
  const { freshness, ageMs } = ageOfSeed(layer, row)
  if (scene.base !== null && isCurrent(freshness) && changePlace(scene, layer, row) === null) return 'no counterpart'
  if (isCurrent(freshness)) return roomy ? activityText(scene, layer, row) : stateLabel(layer.mirror.state[row] ?? 255)
  if (freshness === 'never' || layer.mirror.frame === 0) return 'never reported'
  if (freshness === 'silent') return `silent ${formatAge(ageMs)}`
  return layer.oldSeeds.has(row) ? `stale ${formatAge(ageMs)}` : `last known ${formatUtc(layer.mirror.ingestMs)}`
}

const drawCell = (
  pen: Pen,
  theme: CanvasTheme,
  scene: HeatmapScene,
  layout: HeatmapLayout,
  ratio: number,
  layerIndex: number,
  row: number,
): void => {
  const layer = scene.layers[layerIndex]
  if (!layer) return
  const rect = cellRect(layout, { layer: layerIndex, column: row })
  const state = layer.mirror.state[row] ?? 255
  const value = valueOf(scene, layer, row)
  const look = drawGround(pen, theme, rect, ratio, { layer, value, scene, state, row })
  const pad = rect.width >= 150 ? 9 : 6
  const top = rect.y + 8
  // The badge keeps the glyph's hue on a known ground: the fill below it may be any colour of the scale.
  pen.fillStyle = theme.panel
  pen.beginPath()
  pen.roundRect(rect.x + pad - 3, top - 2, 22, 22, 4)
  pen.fill()
  drawGlyph(pen, theme, state, rect.x + pad, top + 1, 16, look.muted)

  const number =
    scene.base === null ? formatMetric(value, scene.metric) : formatChange(changeOf(scene, layer, row), scene.metric)
  pen.textBaseline = 'alphabetic'
  pen.textAlign = 'right'
  pen.fillStyle = look.ink
  const large = rect.width >= 130
  pen.font = `500 ${large ? 19 : 15}px ${theme.font}`
  const right = rect.x + rect.width - pad
  const unit = scene.base !== null && scene.metric.scale === 'log' ? '' : unitText(scene.metric)
  const numberWidth = pen.measureText(number).width
  let unitWidth = 0
  if (unit !== '' && rect.width >= 170 && value !== null) {
    pen.font = `400 11px ${theme.font}`
    unitWidth = pen.measureText(unit).width + 3
    pen.fillStyle = look.soft
    pen.fillText(unit, right, top + 15)
    pen.fillStyle = look.ink
    pen.font = `500 ${large ? 19 : 15}px ${theme.font}`
  }
  pen.fillText(number, right - unitWidth, top + 16)

  pen.textAlign = 'left'
  const nameX = rect.x + pad + 24
  const nameWidth = right - unitWidth - numberWidth - 8 - nameX
  pen.font = `600 12px ${theme.font}`
  const id = String(row)
  pen.fillText(id, nameX, top + 13)
  const idWidth = pen.measureText(id).width + 7
  pen.font = `500 12px ${theme.font}`
  // A narrow cell names the state on its second line, which has all the width.
  const roomy = nameWidth - idWidth >= 56
  if (roomy) pen.fillText(fit(pen, stateLabel(state), nameWidth - idWidth), nameX + idWidth, top + 13)

  pen.font = `400 11.5px ${theme.font}`
  pen.fillStyle = look.soft
  const sub = secondLine(scene, layer, row, roomy)
  pen.fillText(fit(pen, sub, right - nameX), nameX, top + 29)
  if (ageOfSeed(layer, row).freshness === 'late') drawLateMark(pen, rect, look.ink)

  const ring = layer.series
  if (!ring || rect.height < 84) return
  const tape = { x: rect.x + pad, y: rect.y + rect.height - 13, width: rect.width - 2 * pad, height: 6 }
  const line = { x: tape.x, y: top + 37, width: tape.width, height: tape.y - top - 44 }
  const window = { nowMs: scene.nowMs, windowMs: sparklineWindowMs(oldestSampleMs(scene), scene.nowMs) }
  if (line.height >= 10) drawSparkline(pen, ring, row, line, { ...window, minSpan: minSpanOf(scene), color: look.ink })
  pen.fillStyle = theme.panel
  pen.fillRect(tape.x - 1, tape.y - 1, tape.width + 2, tape.height + 2)
  pen.save()
  if (look.muted) pen.globalAlpha = 0.35
  drawStateTape(pen, ring, row, tape, {
    ...window,
    colorOf: (id) => (glyphOf(id).family === 'idle' ? theme.line2 : theme.families[glyphOf(id).family]),
  })
  pen.restore()
}

/** A flat metric must not be blown up into noise: the line spans at least a twentieth of the display range. */
const minSpanOf = (scene: HeatmapScene): number =>
  scene.metric.scale === 'log' ? scene.metric.min * 10 : (scene.metric.max - scene.metric.min) / 20

const drawLateMark = (pen: Pen, rect: Rect, ink: string): void => {
  const x = rect.x + rect.width - 12
  const y = rect.y + 36
  pen.strokeStyle = ink
  pen.lineWidth = 1.3
  pen.beginPath()
  pen.arc(x, y, 4.5, 0, Math.PI * 2)
  pen.moveTo(x, y - 2.6)
  pen.lineTo(x, y)
  pen.lineTo(x + 2, y + 1.2)
  pen.stroke()
}

/** Draws the whole canvas of a small run. */
export function drawCells(
  pen: Pen,
  theme: CanvasTheme,
  scene: HeatmapScene,
  layout: HeatmapLayout,
  ratio: number,
): void {
  pen.clearRect(0, 0, layout.width, layout.height)
  scene.layers.forEach((layer, index) => {
    const y = index * layout.rowHeight
    const middle = y + (layout.rowHeight - layout.gap) / 2
    pen.textAlign = 'left'
    pen.textBaseline = 'alphabetic'
    pen.fillStyle = theme.text1
    pen.font = `600 13px ${theme.font}`
    pen.fillText(fit(pen, layer.layerId, layout.left - 14), 0, middle - 8)
    pen.font = `400 12px ${theme.font}`
    const old = !isCurrent(layer.age.freshness)
    pen.fillStyle = old || layer.age.freshness === 'late' ? theme.warn : theme.text2
    const words =
      layer.age.freshness === 'never' ? 'never reported' : `${layer.age.freshness} ${formatAge(layer.age.ageMs)}`
    pen.fillText(fit(pen, words, layout.left - 10), 0, middle + 9)
    pen.fillStyle = theme.text3
    if (layer.mirror.frame > 0) pen.fillText(`tick ${layer.mirror.tick}`, 0, middle + 25)
    for (let row = 0; row < layer.mirror.rows; row++) drawCell(pen, theme, scene, layout, ratio, index, row)
  })
  for (const [place, color, width] of [
    [scene.hover, theme.text2, 1.5],
    [scene.cursor, theme.focus, 2],
  ] as const) {
    if (!place) continue
    const rect = cellRect(layout, place)
    pen.strokeStyle = color
    pen.lineWidth = width
    pen.beginPath()
    pen.roundRect(rect.x + 1, rect.y + 1, rect.width - 2, rect.height - 2, 4)
    pen.stroke()
  }
}
