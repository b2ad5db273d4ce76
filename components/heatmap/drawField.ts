/*
 * Draws a large run: one pixel per bin into a small image through a look-up table, scaled up without smoothing.
 * In: a scene, its layout, the theme. Out: pixels. Keeps one image and re-bins only layers whose picture changed.
 * Invariant: a bin shows its worst seed; unmeasured and unknown are patterns shining through, never a colour of the scale.
 * Source: docs/adr/0004-columns-on-the-hot-path.md; docs/ux.md "other page notes"; features A19.
 */
import { formatCount, formatMetric } from '../../lib/live/formatValue.ts'
import { binFarthest, binStates, binWorst } from '../../lib/frames/binning.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { createSheet, patternOf, penOf, type CanvasTheme, type Pen } from './canvasTheme.ts'
import { alarmOf, buildDeltaLut, buildLut, colorAt, deltaColorAt, inkOn } from './colorScale.ts'
import { cellRect, columnsOf, type HeatmapLayout } from './heatmapLayout.ts'
import {
  ageOfSeed,
  bytesOf,
  changeOf,
  changePlace,
  changesOf,
  isCurrent,
  valueOf,
  type HeatmapScene,
  type SceneLayer,
} from './heatmapScene.ts'
import { positionOf } from './positionOf.ts'
import { glyphOf } from './stateGlyph.ts'
import { drawGlyph } from './drawGlyph.ts'

/** Binning a million seeds takes longer than a frame of the page may: there it is spread over several. */
export const PAGE_BIN_BUDGET_MS = 3

export interface FieldRenderer {
  /** Draws; answers true when layers are left to bin, which the next drawing goes on with. */
  draw(
    pen: Pen,
    theme: CanvasTheme,
    scene: HeatmapScene,
    layout: HeatmapLayout,
    ratio: number,
    scrollTop: number,
  ): boolean
}

const toWord = (css: string): number => {
  const pen = penOf(createSheet(1, 1), true)
  if (!pen) return 0
  pen.fillStyle = css
  pen.fillRect(0, 0, 1, 1)
  const [r = 0, g = 0, b = 0] = pen.getImageData(0, 0, 1, 1).data
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
}

/** Builds the table for states: family hues; dormant recedes into the panel; unknown and never stay transparent. */
export const buildStateLut = (theme: CanvasTheme): Uint32Array => {
  const lut = new Uint32Array(256)
  for (let byte = 0; byte <= 10; byte++) {
    const { family } = glyphOf(byte)
    lut[byte] = toWord(family === 'idle' ? theme.raised : theme.families[family])
  }
  return lut
}

/** Creates a renderer with its own small image; `binBudgetMs` is the time one drawing may spend on new pictures. */
export function createFieldRenderer(binBudgetMs: number): FieldRenderer {
  const image = createSheet(1, 1)
  let words = new Uint32Array(0)
  let pixels: ImageData | null = null
  let shown = new Uint8Array(0)
  let columns = 0
  let stamps: string[] = []
  let lutKey = ''
  let lut = new Uint32Array(256)

  const fitTo = (layout: HeatmapLayout): void => {
    const layers = layout.seeds.length
    if (pixels && image.width === layout.columns && image.height === layers) return
    columns = layout.columns
    image.width = columns
    image.height = layers
    pixels = new ImageData(columns, layers)
    words = new Uint32Array(pixels.data.buffer)
    shown = new Uint8Array(columns * layers)
    stamps = []
  }

  const rebin = (scene: HeatmapScene, layout: HeatmapLayout, first: number, last: number): boolean => {
    let dirty = false
    let left = false
    const startedMs = performance.now()
    const look = ` ${layout.binSize} ${scene.mode} ${scene.metric.name} ${lutKey} ${scene.base?.key ?? ''}`
    for (let index = first; index < last; index++) {
      const layer = scene.layers[index]
      if (!layer) continue
      const stamp = `${layer.mirror.version}${look}`
      if (stamps[index] === stamp) continue
      // A new metric or theme shows at once; changed values may come a frame later.
      if (stamps[index]?.endsWith(look) && performance.now() - startedMs > binBudgetMs) {
        left = true
        continue
      }
      stamps[index] = stamp
      dirty = true
      const start = index * columns
      const target = shown.subarray(start, start + columns)
      const bins =
        scene.mode === 'state'
          ? binStates(layer.mirror.state, layout.binSize, target)
          : scene.base !== null
            ? binFarthest(changesOf(scene, layer), layout.binSize, target)
            : binWorst(bytesOf(scene, layer), layout.binSize, scene.metric.worst, target)
      for (let bin = 0; bin < columns; bin++) words[start + bin] = bin < bins ? (lut[target[bin] ?? 255] ?? 0) : 0
    }
    if (dirty && pixels) penOf(image)?.putImageData(pixels, 0, 0)
    return left
  }

  const drawRow = (
    pen: Pen,
    theme: CanvasTheme,
    scene: HeatmapScene,
    layout: HeatmapLayout,
    ratio: number,
    index: number,
    y: number,
  ): void => {
    const layer = scene.layers[index]
    if (!layer) return
    const width = columnsOf(layout, index) * layout.cellWidth
    const height = layout.rowHeight - layout.gap
    const { freshness } = layer.age
    const outline = (dash: number[]): void => {
      pen.setLineDash(dash)
      pen.strokeStyle = theme.text3
      pen.lineWidth = 1
      pen.strokeRect(layout.left + 0.5, y + 0.5, width - 1, Math.max(1, height - 1))
      pen.setLineDash([])
    }
    if (layer.mirror.frame === 0 || freshness === 'never') return outline([1, 3])
    if (freshness === 'silent') return outline([])
    // Shines through where the image is transparent: nothing was measured, or the state is not one of ours.
    pen.fillStyle = theme.panel
    pen.fillRect(layout.left, y, width, height)
    pen.fillStyle = patternOf(pen, scene.mode === 'state' || scene.base !== null ? 'cross' : 'dots', theme.text3, ratio)
    pen.fillRect(layout.left, y, width, height)
    pen.save()
    if (!isCurrent(freshness)) pen.globalAlpha = 0.25
    pen.drawImage(image, 0, index, columnsOf(layout, index), 1, layout.left, y, width, height)
    pen.restore()
    if (!isCurrent(freshness)) {
      pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, ratio)
      pen.fillRect(layout.left, y, width, height)
    }
    if (isCurrent(freshness)) drawOldSeeds(pen, theme, layer, layout, ratio, y)
    if (layout.binSize === 1 && layout.cellWidth >= 56 && height >= 24) {
      drawFigures(pen, theme, scene, layout, index, y)
      return
    }
    if (scene.mode === 'state' && layout.cellWidth >= 13 && height >= 13) {
      for (let column = 0; column < columnsOf(layout, index); column++) {
        const x = layout.left + column * layout.cellWidth + (layout.cellWidth - layout.gap) / 2 - 6
        const state = shown[index * columns + column] ?? 255
        pen.fillStyle = theme.panel
        pen.fillRect(x - 1, y + height / 2 - 7, 14, 14)
        drawGlyph(pen, theme, state, x, y + height / 2 - 6, 12, !isCurrent(freshness))
      }
    }
  }

  const drawGrid = (pen: Pen, theme: CanvasTheme, layout: HeatmapLayout, top: number, bottom: number): void => {
    if (layout.gap === 0 || layout.cellWidth < 5) return
    pen.fillStyle = theme.panel
    for (let column = 1; column <= layout.columns; column++)
      pen.fillRect(layout.left + column * layout.cellWidth - 1, top, 1, bottom - top)
  }

  const drawLabels = (
    pen: Pen,
    theme: CanvasTheme,
    scene: HeatmapScene,
    layout: HeatmapLayout,
    scrollTop: number,
  ): void => {
    pen.textBaseline = 'middle'
    pen.textAlign = 'right'
    pen.font = `400 11px ${theme.font}`
    const every = Math.max(1, Math.ceil(15 / layout.rowHeight))
    const marked = scene.cursor ?? scene.hover
    // The crosshair's own labels are always there; near it no other label may overlap.
    const markedY = scene.hover?.layer ?? marked?.layer ?? null
    let lastOld = Number.NEGATIVE_INFINITY
    scene.layers.forEach((layer, index) => {
      const middle = layout.top + index * layout.rowHeight - scrollTop + layout.rowHeight / 2
      const y = Math.min(middle, Math.max(middle - 4, layout.height - 7))
      if (y < layout.top || y > layout.height) return
      const old = !isCurrent(layer.age.freshness)
      const apart = markedY === null || Math.abs(index - markedY) * layout.rowHeight > 15
      if (old && y - lastOld > 12 && apart) {
        pen.fillStyle = theme.warn
        const name = layer.layerId.slice(-9)
        if (layout.rowHeight >= 28) {
          pen.fillText(name, layout.left - 6, y - 6)
          pen.fillText(layer.age.freshness, layout.left - 6, y + 7)
        } else pen.fillText(`${name} ${layer.age.freshness}`, layout.left - 6, y)
        lastOld = y
        return
      }
      if (index % every !== 0 || y - lastOld < 12 || !apart) return
      pen.fillStyle = theme.text2
      pen.fillText(layer.layerId.length > 14 ? `…${layer.layerId.slice(-13)}` : layer.layerId, layout.left - 6, y)
    })
    if (layout.top === 0) return
    pen.textAlign = 'center'
    pen.fillStyle = theme.text3
    const step = Math.max(1, Math.ceil(layout.columns / 8 / 5) * 5)
    for (let column = 0; column < layout.columns; column += step) {
      const x = layout.left + (column + 0.5) * layout.cellWidth
      if (scene.hover && Math.abs(scene.hover.column - column) * layout.cellWidth < 44) continue
      pen.fillText(formatCount(column * layout.binSize), Math.max(x, layout.left + 8), 8)
    }
  }

  const drawCrosshair = (
    pen: Pen,
    theme: CanvasTheme,
    scene: HeatmapScene,
    layout: HeatmapLayout,
    scrollTop: number,
  ): void => {
    for (const [place, color] of [
      [scene.hover, theme.text1],
      [scene.cursor, theme.focus],
    ] as const) {
      if (!place) continue
      const rect = cellRect(layout, place, scrollTop)
      if (place === scene.hover) {
        pen.fillStyle = theme.text3
        pen.fillRect(layout.left, rect.y - 1, layout.columns * layout.cellWidth, 1)
        pen.fillRect(layout.left, rect.y + rect.height, layout.columns * layout.cellWidth, 1)
        pen.fillRect(rect.x - 1, layout.top, 1, layout.height - layout.top)
        pen.fillRect(rect.x + rect.width, layout.top, 1, layout.height - layout.top)
        label(pen, theme, scene.layers[place.layer]?.layerId ?? '', layout.left - 4, rect.y + rect.height / 2, 'right')
        if (layout.top > 0)
          label(pen, theme, formatCount(place.column * layout.binSize), rect.x + rect.width / 2, 8, 'center')
      }
      pen.strokeStyle = color
      pen.lineWidth = 2
      pen.strokeRect(rect.x - 1, rect.y - 1, rect.width + 2, rect.height + 2)
    }
  }

  return {
    draw(pen, theme, scene, layout, ratio, scrollTop) {
      fitTo(layout)
      const key = `${theme.name} ${scene.mode} ${scene.base === null ? scene.metric.worst : 'delta'}`
      if (key !== lutKey) {
        lutKey = key
        lut = new Uint32Array(
          scene.mode === 'state'
            ? buildStateLut(theme)
            : scene.base !== null
              ? buildDeltaLut(theme.name)
              : buildLut(theme.name, scene.metric.worst),
        )
      }
      const first = Math.max(0, Math.floor(scrollTop / layout.rowHeight))
      const visible = Math.ceil((layout.height - layout.top) / layout.rowHeight) + 1
      const last = Math.min(scene.layers.length, first + visible)
      const left = rebin(scene, layout, first, last)
      pen.clearRect(0, 0, layout.width, layout.height)
      pen.imageSmoothingEnabled = false
      pen.save()
      pen.beginPath()
      pen.rect(layout.left - 1, layout.top, layout.width, layout.height - layout.top)
      pen.clip()
      for (let index = first; index < last; index++)
        drawRow(pen, theme, scene, layout, ratio, index, layout.top + index * layout.rowHeight - scrollTop)
      drawGrid(pen, theme, layout, layout.top, layout.top + layout.contentHeight - scrollTop)
      pen.restore()
      drawLabels(pen, theme, scene, layout, scrollTop)
      drawCrosshair(pen, theme, scene, layout, scrollTop)
      return left
    },
  }
}

/** Hatches the cells of seeds that were not heard of while others of their layer were; of a bin the oldest seed counts. */
const drawOldSeeds = (
  pen: Pen,
  theme: CanvasTheme,
  layer: SceneLayer,
  layout: HeatmapLayout,
  ratio: number,
  y: number,
): void => {
  const height = layout.rowHeight - layout.gap
  const worst = new Map<number, 'stale' | 'silent'>()
  for (const [row, { freshness }] of layer.oldSeeds) {
    const column = Math.floor(row / layout.binSize)
    if (freshness === 'silent' || (freshness === 'stale' && worst.get(column) !== 'silent'))
      worst.set(column, freshness)
  }
  for (const [column, freshness] of worst) {
    const [x, width] = [layout.left + column * layout.cellWidth, layout.cellWidth - layout.gap]
    pen.save()
    // What other seeds of the bin say stays in sight below the hatch.
    pen.globalAlpha = layout.binSize > 1 ? 0.45 : freshness === 'silent' ? 1 : 0.75
    pen.fillStyle = theme.panel
    pen.fillRect(x, y, width, height)
    pen.restore()
    if (freshness === 'silent' && layout.binSize === 1) {
      pen.strokeStyle = theme.text3
      pen.lineWidth = 1
      pen.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), Math.max(1, height - 1))
    } else {
      pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, ratio)
      pen.fillRect(x, y, width, height)
    }
  }
}

/** Writes glyph and value into cells that have room: the minimap of a small run. */
const drawFigures = (
  pen: Pen,
  theme: CanvasTheme,
  scene: HeatmapScene,
  layout: HeatmapLayout,
  index: number,
  y: number,
): void => {
  const layer = scene.layers[index]
  if (!layer) return
  const height = layout.rowHeight - layout.gap
  pen.font = `500 12px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'right'
  for (let row = 0; row < layer.mirror.rows; row++) {
    const x = layout.left + row * layout.cellWidth
    const value = valueOf(scene, layer, row)
    const change = scene.base === null ? null : changePlace(scene, layer, row)
    const old = !isCurrent(ageOfSeed(layer, row).freshness)
    const plain = scene.mode === 'state' || old || value === null || (scene.base !== null && change === null)
    const fill = plain
      ? null
      : change === null
        ? colorAt(theme.name, alarmOf(positionOf(value, scene.metric), scene.metric.worst))
        : deltaColorAt(theme.name, change)
    pen.fillStyle = theme.panel
    pen.fillRect(x + 3, y + height / 2 - 9, 18, 18)
    drawGlyph(pen, theme, layer.mirror.state[row] ?? 255, x + 5, y + height / 2 - 7, 14, old)
    const text =
      scene.base === null ? formatMetric(value, scene.metric) : formatChange(changeOf(scene, layer, row), scene.metric)
    if (fill === null) {
      // On a hue of a state, a hatch or dots the figure stands on a known ground.
      const width = pen.measureText(text).width + 6
      pen.fillStyle = theme.panel
      pen.fillRect(x + layout.cellWidth - 3 - width, y + height / 2 - 9, width, 18)
      pen.fillStyle = old ? theme.text2 : theme.text1
    } else pen.fillStyle = inkOn(fill) === 'dark' ? '#000000' : '#ffffff'
    pen.fillText(text, x + layout.cellWidth - 6, y + height / 2 + 0.5)
  }
}

const label = (pen: Pen, theme: CanvasTheme, text: string, x: number, y: number, align: 'right' | 'center'): void => {
  pen.font = `600 11px ${theme.font}`
  const width = pen.measureText(text).width + 8
  const left = align === 'right' ? Math.max(0, x - width) : x - width / 2
  pen.fillStyle = theme.text1
  pen.beginPath()
  pen.roundRect(left, y - 8, width, 16, 3)
  pen.fill()
  pen.fillStyle = theme.panel
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.fillText(text, left + 4, y)
}
