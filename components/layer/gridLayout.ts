/*
 * Grid layout: where rows of seeds and columns of time lie on the canvas, for values and for states side by side.
 * In: canvas size, rows, columns. Out: rectangles, and back from a point to a cell.
 * Invariant: a row is never lower than can be pointed at: when it would be, the canvas becomes higher and scrolls; labels stay apart.
 * Source: docs/ux.md "other page notes"; features A3, A4, A19.
 */
export const MIN_GRID_ROW_PX = 6
const MAX_GRID_ROW_PX = 30
const SIDE_BY_SIDE_PX = 760
const AXIS_PX = 18

export interface GridPane {
  readonly kind: 'value' | 'state'
  readonly x: number
  readonly width: number
}

export interface GridLayout {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly rowPx: number
  readonly rows: number
  readonly columns: number
  readonly panes: readonly GridPane[]
}

export interface GridPlace {
  readonly row: number
  readonly column: number
}

/** How many rows of cells a plot of this height has room for. */
export const rowsThatFit = (height: number): number => Math.max(1, Math.floor((height - AXIS_PX) / MIN_GRID_ROW_PX))

/** Lays out a grid. Where there is room values and states stand side by side; else the one that `mode` names. */
export function layoutGrid(
  width: number,
  height: number,
  grid: { readonly rows: number; readonly columns: number },
  mode: 'value' | 'state',
): GridLayout {
  const left = width >= 560 ? 92 : 58
  const rows = Math.max(1, grid.rows)
  const rowPx = Math.min(MAX_GRID_ROW_PX, Math.max(MIN_GRID_ROW_PX, (height - AXIS_PX) / rows))
  const plot = Math.max(1, width - left - 1)
  const gap = 16
  const first = Math.floor((plot - gap) * 0.6)
  const panes: readonly GridPane[] =
    width >= SIDE_BY_SIDE_PX
      ? [
          { kind: 'value', x: left, width: first },
          { kind: 'state', x: left + first + gap, width: plot - first - gap },
        ]
      : [{ kind: mode, x: left, width: plot }]
  return {
    width,
    height: Math.max(Math.min(height, AXIS_PX + rows * rowPx + 1), Math.ceil(AXIS_PX + rows * rowPx + 1)),
    left,
    top: AXIS_PX,
    rowPx,
    rows: grid.rows,
    columns: grid.columns,
    panes,
  }
}

/** Finds the cell under a point; over the labels the newest column counts. */
export function hitGrid(layout: GridLayout, x: number, y: number): GridPlace | null {
  const row = Math.floor((y - layout.top) / layout.rowPx)
  if (row < 0 || row >= layout.rows) return null
  if (x < layout.left) return { row, column: layout.columns - 1 }
  const pane = layout.panes.find((one) => x >= one.x && x < one.x + one.width)
  if (pane === undefined) return null
  const column = Math.min(layout.columns - 1, Math.floor(((x - pane.x) / pane.width) * layout.columns))
  return { row, column }
}

/** Left edge of a column in a pane. */
export const columnX = (layout: GridLayout, pane: GridPane, column: number): number =>
  pane.x + (column / layout.columns) * pane.width

export type GridStep = 'up' | 'down' | 'left' | 'right' | 'home' | 'end' | 'first' | 'last' | 'pageUp' | 'pageDown'

/** Moves the cursor; it stays inside. */
export function stepGrid(
  { rows, columns }: Pick<GridLayout, 'rows' | 'columns'>,
  from: GridPlace,
  step: GridStep,
): GridPlace {
  const at = (row: number, column: number): GridPlace => ({
    row: Math.min(rows - 1, Math.max(0, row)),
    column: Math.min(columns - 1, Math.max(0, column)),
  })
  switch (step) {
    case 'up':
      return at(from.row - 1, from.column)
    case 'down':
      return at(from.row + 1, from.column)
    case 'left':
      return at(from.row, from.column - 1)
    case 'right':
      return at(from.row, from.column + 1)
    case 'home':
      return at(from.row, 0)
    case 'end':
      return at(from.row, columns - 1)
    case 'first':
      return at(0, from.column)
    case 'last':
      return at(rows - 1, from.column)
    case 'pageUp':
      return at(from.row - 10, from.column)
    case 'pageDown':
      return at(from.row + 10, from.column)
  }
}
