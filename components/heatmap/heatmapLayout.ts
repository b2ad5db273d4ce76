/*
 * Heatmap layout: where each layer and seed lies on the canvas, and back from a point to a seed.
 * In: canvas size in CSS px, seeds per layer. Out: large cells for few seeds, else one strip per layer with bins.
 * Invariant: at most 50,000 cells are drawn; a layer never disappears: when rows would be too low, the plot scrolls instead.
 * Source: docs/ux.md "other page notes"; features A19.
 */
export const MIN_LARGE_CELL = { width: 92, height: 72 } as const
const MAX_LARGE_CELL_HEIGHT = 200
/** A drawn cell below this is too small to point at. */
export const MIN_FIELD_CELL_PX = 6
export const MIN_ROW_PX = 5
export const MAX_DRAWN_CELLS = 50_000

interface Frame {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly seeds: readonly number[]
  /** Bins or seeds across the widest layer. */
  readonly columns: number
  readonly binSize: number
  readonly rowHeight: number
  readonly cellWidth: number
  /** Height of all rows; greater than the plot's when it scrolls. */
  readonly contentHeight: number
}
export type HeatmapLayout = (
  | { readonly kind: 'cells'; readonly gap: number }
  | { readonly kind: 'field'; readonly gap: number }
) &
  Frame

export interface CellPlace {
  readonly layer: number
  readonly column: number
}

/** Lays out `seeds[layer]` on a canvas. `largeCells` false forces strips (the minimap). Never throws. */
export function layoutHeatmap(
  width: number,
  height: number,
  seeds: readonly number[],
  largeCells: boolean,
): HeatmapLayout {
  const widest = Math.max(1, ...seeds)
  const layers = Math.max(1, seeds.length)
  const cellLeft = width >= 640 ? 112 : 84
  const cellWidth = (width - cellLeft) / widest
  if (largeCells && cellWidth >= MIN_LARGE_CELL.width && height / layers >= MIN_LARGE_CELL.height) {
    const rowHeight = Math.min(MAX_LARGE_CELL_HEIGHT, height / layers)
    return {
      kind: 'cells',
      gap: 6,
      width,
      height,
      left: cellLeft,
      top: 0,
      seeds,
      columns: widest,
      binSize: 1,
      rowHeight,
      cellWidth,
      contentHeight: layers * rowHeight,
    }
  }
  const left = width >= 640 ? 92 : 56
  const top = height >= 120 ? 18 : 0
  const plotWidth = Math.max(1, width - left - 2)
  const plotHeight = Math.max(1, height - top)
  const rowHeight = Math.min(64, Math.max(MIN_ROW_PX, plotHeight / layers))
  // Rows out of sight are not drawn and do not count against the bound.
  const visibleRows = Math.min(layers, Math.ceil(plotHeight / rowHeight))
  const most = Math.min(Math.floor(plotWidth / MIN_FIELD_CELL_PX), Math.floor(MAX_DRAWN_CELLS / visibleRows))
  const binSize = Math.max(1, Math.ceil(widest / Math.max(1, most)))
  const columns = Math.ceil(widest / binSize)
  return {
    kind: 'field',
    gap: rowHeight >= 5 && plotWidth / columns >= 5 ? 1 : 0,
    width,
    height,
    left,
    top,
    seeds,
    columns,
    binSize,
    rowHeight,
    // Few seeds on a narrow screen take all the width: their cells carry glyph and figure.
    cellWidth: Math.min(width < 640 ? 96 : 48, plotWidth / columns),
    contentHeight: layers * rowHeight,
  }
}

/** Counts the cells of one layer. */
export function columnsOf(layout: HeatmapLayout, layer: number): number {
  return Math.ceil((layout.seeds[layer] ?? 0) / layout.binSize)
}

/** Finds the cell under a point (CSS px inside the canvas); null outside. */
export function hitTest(layout: HeatmapLayout, x: number, y: number, scrollTop = 0): CellPlace | null {
  if (x < layout.left || y < layout.top || y >= layout.height) return null
  const layer = Math.floor((y - layout.top + scrollTop) / layout.rowHeight)
  const column = Math.floor((x - layout.left) / layout.cellWidth)
  if (layer < 0 || layer >= layout.seeds.length || column < 0 || column >= columnsOf(layout, layer)) return null
  return { layer, column }
}

/** Gives the rectangle of a cell in CSS px, gaps taken off. */
export function cellRect(
  layout: HeatmapLayout,
  place: CellPlace,
  scrollTop = 0,
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  return {
    x: layout.left + place.column * layout.cellWidth,
    y: layout.top + place.layer * layout.rowHeight - scrollTop,
    width: layout.cellWidth - layout.gap,
    height: layout.rowHeight - layout.gap,
  }
}

/** Gives the seeds of a cell: first row, and the row after the last. */
export function seedRange(layout: HeatmapLayout, place: CellPlace): readonly [number, number] {
  const first = place.column * layout.binSize
  return [first, Math.min(layout.seeds[place.layer] ?? 0, first + layout.binSize)]
}

export type GridMove = 'left' | 'right' | 'up' | 'down' | 'home' | 'end' | 'first' | 'last'

/** Moves the keyboard cursor; stays inside, keeps the column where the next layer is shorter. */
export function moveInGrid(layout: HeatmapLayout, from: CellPlace, move: GridMove): CellPlace {
  const lastLayer = layout.seeds.length - 1
  const end = (layer: number): number => Math.max(0, columnsOf(layout, layer) - 1)
  const at = (layer: number, column: number): CellPlace => ({
    layer,
    column: Math.min(end(layer), Math.max(0, column)),
  })
  switch (move) {
    case 'left':
      return at(from.layer, from.column - 1)
    case 'right':
      return at(from.layer, from.column + 1)
    case 'up':
      return at(Math.max(0, from.layer - 1), from.column)
    case 'down':
      return at(Math.min(lastLayer, from.layer + 1), from.column)
    case 'home':
      return at(from.layer, 0)
    case 'end':
      return at(from.layer, end(from.layer))
    case 'first':
      return at(0, 0)
    case 'last':
      return at(lastLayer, end(lastLayer))
  }
}
