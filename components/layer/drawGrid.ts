/*
 * Draws a grid of seeds and time: values through a look-up table, states in their families, gaps hatched with their cause, marks.
 * In: a picture, its layout, the theme. Out: pixels; one small image per pane, scaled up without smoothing.
 * Invariant: unmeasured, unknown and missing are patterns, never a colour of the scale; row labels and the moment under the
 * pointer are always written; a mark stands on the row and at the time of its event.
 * Source: docs/ux.md "pages: layer", "honest gaps"; features A3, A4, A13.
 */
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { patternOf, type CanvasTheme } from '../heatmap/canvasTheme.ts'
import { buildDeltaLut, buildLut } from '../heatmap/colorScale.ts'
import { buildStateLut } from '../heatmap/drawField.ts'
import { drawGlyph } from '../heatmap/drawGlyph.ts'
import { binMarks, isBinned, type BinMark } from './binMarks.ts'
import { columnX, type GridLayout, type GridPane, type GridPlace } from './gridLayout.ts'
import { gapWords, type GridPicture } from './gridPicture.ts'

type Pen = CanvasRenderingContext2D

export interface GridDrawing {
  readonly picture: GridPicture
  readonly metric: MetricColumn
  readonly hover: GridPlace | null
  readonly cursor: GridPlace | null
  /** Rows of cells that hold the selected seed. */
  readonly selectedRow: number | null
  /** Whether the right edge is the present; a moment of the past is told by its time. */
  readonly isPresent: boolean
}

export interface GridRenderer {
  draw(pen: Pen, theme: CanvasTheme, layout: GridLayout, drawing: GridDrawing, ratio: number): void
}

/** Creates a renderer; its images are made again only for another picture or theme. */
export function createGridRenderer(): GridRenderer {
  const images = { value: document.createElement('canvas'), state: document.createElement('canvas') }
  let made: { readonly picture: GridPicture; readonly theme: string } | null = null

  const makeImages = (theme: CanvasTheme, picture: GridPicture, metric: MetricColumn): void => {
    const key = theme.name
    if (made?.picture === picture && made.theme === key) return
    made = { picture, theme: key }
    const { rows, columns, base } = picture.head
    if (rows === 0 || columns === 0) return
    const luts = {
      value: base === null ? buildLut(theme.name, metric.worst) : buildDeltaLut(theme.name),
      state: buildStateLut(theme),
    }
    for (const kind of ['value', 'state'] as const) {
      const image = images[kind]
      image.width = columns
      image.height = rows
      const pixels = new ImageData(columns, rows)
      const words = new Uint32Array(pixels.data.buffer)
      const lut = luts[kind]
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const at = row * columns + column
          words[at] = lut[kind === 'value' ? picture.shown(row, column) : (picture.state[at] ?? 255)] ?? 0
        }
      image.getContext('2d')?.putImageData(pixels, 0, 0)
    }
  }

  const drawPane = (
    pen: Pen,
    theme: CanvasTheme,
    layout: GridLayout,
    pane: GridPane,
    picture: GridPicture,
    ratio: number,
  ) => {
    const { rows, columns, base } = picture.head
    const height = rows * layout.rowPx
    pen.fillStyle = theme.panel
    pen.fillRect(pane.x, layout.top, pane.width, height)
    const through = pane.kind === 'state' || base !== null ? 'cross' : 'dots'
    pen.fillStyle = patternOf(pen, through, through === 'dots' ? theme.text3 : theme.hatch, ratio)
    pen.fillRect(pane.x, layout.top, pane.width, height)
    pen.imageSmoothingEnabled = false
    if (rows > 0) pen.drawImage(images[pane.kind], 0, 0, columns, rows, pane.x, layout.top, pane.width, height)
    if (layout.rowPx >= 12) {
      pen.fillStyle = theme.panel
      for (let row = 1; row < rows; row++) pen.fillRect(pane.x, layout.top + row * layout.rowPx - 1, pane.width, 1)
    }
    for (const gap of picture.gaps) {
      const x = columnX(layout, pane, gap.from)
      const width = columnX(layout, pane, gap.to) - x
      pen.fillStyle = theme.panel
      pen.fillRect(x, layout.top, width, height)
      pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, ratio)
      pen.fillRect(x, layout.top, width, height)
      drawGapWords(pen, theme, gapWords(gap), x, width, layout.top + Math.min(height, layout.height) / 2)
    }
    if (picture.head.pinned > 0 && rows > picture.head.pinned) {
      pen.fillStyle = theme.text2
      pen.fillRect(pane.x, layout.top + picture.head.pinned * layout.rowPx - 1, pane.width, 1.5)
    }
  }

  return {
    draw(pen, theme, layout, drawing, ratio) {
      const { picture, metric } = drawing
      makeImages(theme, picture, metric)
      pen.clearRect(0, 0, layout.width, layout.height)
      for (const pane of layout.panes) {
        drawPane(pen, theme, layout, pane, picture, ratio)
        drawMarks(pen, theme, layout, pane, picture)
        drawTimes(pen, theme, layout, pane, drawing)
      }
      drawRowLabels(pen, theme, layout, drawing)
      drawCursors(pen, theme, layout, drawing)
    },
  }
}

function drawGapWords(pen: Pen, theme: CanvasTheme, words: string, x: number, width: number, y: number): void {
  pen.font = `400 11px ${theme.font}`
  const needs = pen.measureText(words).width + 12
  if (needs > width) return
  pen.fillStyle = theme.panel
  pen.fillRect(x + (width - needs) / 2, y - 9, needs, 18)
  pen.fillStyle = theme.text2
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(words, x + width / 2, y)
}

/** Transitions carry the glyph of the state they led to where rows have room; commands are triangles, faults crosses. */
function drawMarks(pen: Pen, theme: CanvasTheme, layout: GridLayout, pane: GridPane, { head }: GridPicture): void {
  const toX = (atMs: number): number =>
    pane.x + Math.min(1, Math.max(0, (atMs - head.from_ms) / (head.bucket_ms * head.columns))) * pane.width
  for (const mark of head.marks) {
    const x = toX(mark.at_ms)
    if (mark.row < 0) {
      // Of the whole layer or run.
      pen.fillStyle = mark.kind === 'fault' ? theme.warn : theme.text3
      pen.fillRect(x - 0.5, layout.top, 1, head.rows * layout.rowPx)
      continue
    }
    // In a row of many seeds the transitions of all would hide what they are marks on: they are gathered below.
    if (mark.kind === 'transition' && isBinned(head, mark.row)) continue
    const y = layout.top + mark.row * layout.rowPx
    const middle = y + layout.rowPx / 2
    if (mark.kind === 'fault') {
      pen.strokeStyle = theme.warn
      pen.lineWidth = 2
      pen.beginPath()
      pen.moveTo(x - 4, middle - 4)
      pen.lineTo(x + 4, middle + 4)
      pen.moveTo(x + 4, middle - 4)
      pen.lineTo(x - 4, middle + 4)
      pen.stroke()
    } else if (mark.kind === 'command' || mark.kind === 'checkpoint') {
      pen.fillStyle = mark.kind === 'command' ? theme.info : theme.text3
      pen.beginPath()
      pen.moveTo(x - 3, y)
      pen.lineTo(x + 3, y)
      pen.lineTo(x, y + 5)
      pen.fill()
    } else if (mark.state !== null && layout.rowPx >= 14 && pane.kind === 'value') {
      pen.fillStyle = theme.panel
      pen.beginPath()
      pen.arc(x, middle, 6.5, 0, Math.PI * 2)
      pen.fill()
      drawGlyph(pen, theme, SEED_STATE_ID[mark.state], x - 5, middle - 5, 10, false)
    } else {
      pen.fillStyle = theme.text1
      pen.fillRect(x - 0.5, y, 1.5, layout.rowPx)
    }
  }
  for (const mark of binMarks(head)) drawBinMark(pen, theme, layout, pane, mark)
}

/** Transitions of many seeds: a notch at the foot of their cell, wider the more there were; a diamond where one was culled or rolled back. */
function drawBinMark(pen: Pen, theme: CanvasTheme, layout: GridLayout, pane: GridPane, mark: BinMark): void {
  const x = columnX(layout, pane, mark.column + 0.5)
  const foot = layout.top + (mark.row + 1) * layout.rowPx - 1
  const half = 1.5 + Math.min(3, Math.log2(mark.count))
  const height = Math.min(5, Math.max(2, layout.rowPx / 3))
  const shape = (grow: number): void => {
    pen.beginPath()
    if (mark.isFailure) {
      const middle = foot - height / 2
      pen.moveTo(x, middle - height / 2 - 1 - grow)
      pen.lineTo(x + half + 1 + grow, middle)
      pen.lineTo(x, middle + height / 2 + 1 + grow)
      pen.lineTo(x - half - 1 - grow, middle)
    } else pen.rect(x - half - grow, foot - height - grow, 2 * (half + grow), height + grow)
    pen.closePath()
    pen.fill()
  }
  // A rim of the ground keeps the mark apart from any colour of the scale.
  pen.fillStyle = theme.panel
  shape(1)
  pen.fillStyle = mark.isFailure ? theme.warn : theme.text1
  shape(0)
}

function drawTimes(
  pen: Pen,
  theme: CanvasTheme,
  layout: GridLayout,
  pane: GridPane,
  { picture, hover, cursor, isPresent }: GridDrawing,
): void {
  const { from_ms: fromMs, bucket_ms: bucketMs, columns } = picture.head
  const marked = hover ?? cursor
  const markedX = marked === null ? null : columnX(layout, pane, marked.column + 0.5)
  const spanMs = bucketMs * columns
  const stepMs = [30_000, 60_000, 120_000, 300_000].find((step) => (pane.width * step) / spanMs >= 64) ?? 300_000
  pen.font = `400 11px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'center'
  for (let atMs = Math.ceil(fromMs / stepMs) * stepMs; atMs < fromMs + spanMs; atMs += stepMs) {
    const x = pane.x + ((atMs - fromMs) / spanMs) * pane.width
    if (x < pane.x + 26 || x > pane.x + pane.width - 60) continue
    if (markedX !== null && Math.abs(markedX - x) < 60) continue
    pen.fillStyle = theme.text3
    pen.fillText(formatUtc(atMs), x, 8)
    pen.fillRect(x - 0.5, 14, 1, 4)
  }
  pen.textAlign = 'right'
  pen.fillStyle = theme.text2
  const end = isPresent ? 'now' : formatUtc(fromMs + spanMs)
  if (markedX === null || pane.x + pane.width - markedX > 70)
    pen.fillText(`${pane.kind === 'value' ? '' : 'states, '}${end}`, pane.x + pane.width, 8)
  if (marked !== null && markedX !== null) {
    const text = formatUtc(fromMs + marked.column * bucketMs)
    const x = Math.min(pane.x + pane.width - 28, Math.max(pane.x + 28, markedX))
    tag(pen, theme, text, x, 8, 'center')
  }
}

function tag(pen: Pen, theme: CanvasTheme, text: string, x: number, y: number, align: 'center' | 'right'): void {
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

/** Names a row of cells: its seed, or the first and how many more. */
function rowName(picture: GridPicture, row: number): string {
  const { head } = picture
  const { count } = picture.seedsOf(row)
  const seed = formatCount(head.seed_id[row] ?? null)
  if (row < head.pinned) return `▸ ${seed}`
  return count > 1 ? `${seed} +${formatCount(count - 1)}` : seed
}

function drawRowLabels(
  pen: Pen,
  theme: CanvasTheme,
  layout: GridLayout,
  { picture, hover, cursor, selectedRow }: GridDrawing,
): void {
  pen.font = `400 11px ${theme.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'right'
  const marked = [hover?.row, cursor?.row].filter((row) => row !== undefined)
  const every = Math.max(1, Math.ceil(14 / layout.rowPx))
  const middleOf = (row: number): number => layout.top + (row + 0.5) * layout.rowPx
  for (let row = 0; row < picture.head.rows; row++) {
    const isPin = row < picture.head.pinned
    if (!isPin && row % every !== 0) continue
    if (marked.some((other) => Math.abs(other - row) * layout.rowPx < 14)) continue
    // Glyph of the newest state, where there is room for both.
    pen.fillStyle = row === selectedRow || isPin ? theme.text1 : theme.text2
    pen.fillText(rowName(picture, row), layout.left - 8, middleOf(row))
    if (layout.rowPx >= 14 && layout.left >= 90)
      drawGlyph(pen, theme, newestState(picture, row), 2, middleOf(row) - 6, 12, false)
  }
  for (const row of marked) tag(pen, theme, rowName(picture, row), layout.left - 4, middleOf(row), 'right')
}

function newestState({ head, state }: GridPicture, row: number): number {
  for (let column = head.columns - 1; column >= 0; column--) {
    const byte = state[row * head.columns + column] ?? 254
    if (byte !== 254) return byte
  }
  return 254
}

function drawCursors(pen: Pen, theme: CanvasTheme, layout: GridLayout, drawing: GridDrawing): void {
  const { hover, cursor, selectedRow } = drawing
  for (const pane of layout.panes) {
    if (hover !== null) {
      const x = columnX(layout, pane, hover.column)
      const width = Math.max(1, pane.width / layout.columns)
      const y = layout.top + hover.row * layout.rowPx
      pen.fillStyle = theme.text2
      pen.fillRect(pane.x, y - 1, pane.width, 1)
      pen.fillRect(pane.x, y + layout.rowPx - 1, pane.width, 1)
      pen.fillRect(x - 1, layout.top, 1, layout.rows * layout.rowPx)
      pen.fillRect(x + width, layout.top, 1, layout.rows * layout.rowPx)
    }
    if (selectedRow !== null && cursor === null) {
      pen.strokeStyle = theme.focus
      pen.lineWidth = 1.5
      pen.strokeRect(pane.x + 0.5, layout.top + selectedRow * layout.rowPx, pane.width - 1, layout.rowPx - 1)
    }
    if (cursor !== null) {
      const x = columnX(layout, pane, cursor.column)
      const width = Math.max(3, pane.width / layout.columns)
      pen.strokeStyle = theme.focus
      pen.lineWidth = 2
      pen.strokeRect(pane.x, layout.top + cursor.row * layout.rowPx - 0.5, pane.width, layout.rowPx)
      pen.strokeRect(x - 1, layout.top + cursor.row * layout.rowPx - 0.5, width + 2, layout.rowPx)
    }
  }
}
