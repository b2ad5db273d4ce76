/*
 * drawGradients: the gradient matrix on a canvas: a column per seed, a row per metric, layers apart.
 * In: rows of the matrix, the columns' ranges, a size. Out: pixels; which cell lies under a point.
 * Invariant: the range of a metric is fixed; unmeasured has the pattern of its own; vanishing and exploding differ by form too.
 * Source: docs/ux.md "visual tokens".
 */
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { quantizeColumn, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { patternOf, type CanvasTheme } from '../heatmap/canvasTheme.ts'
import { alarmOf, colorAt, inkOn, toCss } from '../heatmap/colorScale.ts'
import type { GradientMatrix, GradientRow } from './gradientCells.ts'

const LAYER_GAP = 8
export const ROW_HEIGHT = 26
export const HEAD_HEIGHT = 18

export interface MatrixFrame {
  readonly width: number
  readonly cell: number
  readonly lefts: readonly number[]
}

/** Places the seeds: layers are a gap apart. */
export function matrixFrame(rows: readonly Pick<GradientRow, 'layerId'>[], width: number): MatrixFrame {
  const breaks = rows.filter((row, at) => at > 0 && rows[at - 1]!.layerId !== row.layerId).length
  const cell = Math.max(3, Math.min(46, (width - breaks * LAYER_GAP) / Math.max(1, rows.length)))
  let left = 0
  const lefts = rows.map((row, at) => {
    if (at > 0 && rows[at - 1]!.layerId !== row.layerId) left += LAYER_GAP
    const mine = left
    left += cell
    return mine
  })
  return { width, cell, lefts }
}

/** How many seeds fit. */
export const seedsThatFit = (width: number, layers: number): number =>
  Math.max(1, Math.floor((width - Math.min((layers - 1) * LAYER_GAP, width / 2)) / 4))

/** The place of a point; null beside the cells. */
export function cellAt(
  frame: MatrixFrame,
  columns: number,
  x: number,
  y: number,
): { readonly row: number; readonly column: number } | null {
  const column = Math.floor((y - HEAD_HEIGHT) / ROW_HEIGHT)
  const row = frame.lefts.findIndex((left) => x >= left && x < left + frame.cell)
  return row < 0 || column < 0 || column >= columns ? null : { row, column }
}

const one = new Float32Array(1)
const byte = new Uint8Array(1)

/** Where a value lies in the fixed range of its metric, 0..1; null when it was not measured. */
export function placeOf(value: number, column: MetricColumn): number | null {
  one[0] = value
  quantizeColumn(one, column, byte)
  return byte[0] === UNMEASURED_CELL ? null : byte[0]! / 254
}

/** Draws everything. */
export function drawGradients(
  pen: CanvasRenderingContext2D,
  theme: CanvasTheme,
  matrix: Pick<GradientMatrix, 'columns' | 'rows'>,
  frame: MatrixFrame,
  options: { readonly ratio: number; readonly old: boolean },
): void {
  const { columns, rows } = matrix
  const height = HEAD_HEIGHT + columns.length * ROW_HEIGHT
  pen.clearRect(0, 0, frame.width, height)
  pen.textBaseline = 'middle'
  pen.font = `400 11px ${theme.font}`
  const gap = frame.cell > 8 ? 2 : frame.cell > 4 ? 1 : 0
  rows.forEach((row, at) => {
    const left = frame.lefts[at]!
    const isFirst = at === 0 || rows[at - 1]!.layerId !== row.layerId
    const label = isFirst ? row.layerId : ''
    pen.fillStyle = theme.text3
    pen.textAlign = 'left'
    if (label !== '') pen.fillText(label, left, HEAD_HEIGHT / 2)
    row.cells.forEach((cell, index) => {
      const column = columns[index]!
      const top = HEAD_HEIGHT + index * ROW_HEIGHT
      const [w, h] = [frame.cell - gap, ROW_HEIGHT - 2]
      const place = placeOf(cell.value, column)
      if (place === null) {
        pen.fillStyle = patternOf(pen, 'dots', theme.text3, options.ratio)
        pen.fillRect(left, top, w, h)
        return
      }
      // Without an orientation nothing is alarming: such a metric stays in the calm half.
      const alarm = column.worst === 'none' ? place / 2 : alarmOf(place, column.worst)
      const fill = colorAt(theme.name, alarm)
      pen.fillStyle = toCss(fill)
      pen.fillRect(left, top, w, h)
      if (options.old) {
        pen.fillStyle = patternOf(pen, 'hatch', theme.hatch, options.ratio)
        pen.fillRect(left, top, w, h)
      }
      if (cell.verdict === 'fine') return
      const ink = inkOn(fill) === 'dark' ? '#10141a' : '#ffffff'
      pen.strokeStyle = ink
      pen.fillStyle = ink
      pen.lineWidth = 1.5
      const [x, y] = [left + w / 2, top + h / 2]
      const half = Math.min(5, w / 2 - 1)
      if (half < 2) return
      pen.beginPath()
      // Down: too little; up: too much.
      const turn = cell.verdict === 'exploding' ? -1 : 1
      pen.moveTo(x - half, y - half * 0.6 * turn)
      pen.lineTo(x, y + half * 0.6 * turn)
      pen.lineTo(x + half, y - half * 0.6 * turn)
      if (cell.verdict === 'weak') pen.stroke()
      else pen.fill()
    })
  })
}
