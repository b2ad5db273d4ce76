/*
 * layerGrid: the past of a layer as a grid of seeds and time: of each cell the least, the greatest and the newest value, and a state.
 * In: pictures of the past, an order of seeds, a window. Out: planes of bytes, made in pieces that a caller may pause between.
 * Invariant: extremes are kept and nothing is averaged: a cell of many seeds shows the worst of them and which one it is; where no
 * picture arrived the one before holds until it would be late, and after that there is a gap.
 * Source: docs/ux.md "pages: layer"; features A3, A13, A19.
 */
import { STATE_ATTENTION } from '../../lib/frames/binning.ts'
import { deltaByte, NO_DIFFERENCE } from '../../lib/frames/deltaCells.ts'
import { NEVER_STATE_ID } from '../../lib/frames/layerMirror.ts'
import { UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import type { Past } from './layerPast.ts'

export interface GridRequest {
  readonly past: Past
  readonly column: number
  readonly stateColumn: number
  readonly worst: 'low' | 'high' | 'none'
  /** Seeds by their place; the first `pinned` have a row each, the others `binSize` to a row. */
  readonly order: Uint32Array
  readonly pinned: number
  readonly binSize: number
  readonly fromMs: number
  readonly bucketMs: number
  readonly columns: number
  /** Pictures after this are not taken: the grid is as it was then. */
  readonly untilMs: number
  /** How long a picture holds when none follows. */
  readonly holdMs: number
  /** Cells of the baseline by seed: the grid is then one of differences. */
  readonly base: Uint8Array | null
}

export interface Grid {
  readonly rows: number
  /** Each rows x columns. `seed`: the place inside its bin of the seed that is the worst. */
  readonly state: Uint8Array
  readonly low: Uint8Array
  readonly high: Uint8Array
  readonly last: Uint8Array
  readonly seed: Uint16Array
  readonly ticks: Uint32Array
  readonly of: number
}

/** Begin of each row of cells in the order; one more at the end. */
export function rowStarts(length: number, pinned: number, binSize: number): Uint32Array {
  const bins = Math.ceil(Math.max(0, length - pinned) / binSize)
  const starts = new Uint32Array(pinned + bins + 1)
  for (let row = 0; row <= pinned; row++) starts[row] = row
  for (let bin = 1; bin <= bins; bin++) starts[pinned + bin] = Math.min(length, pinned + bin * binSize)
  return starts
}

/** Makes the grid; yields after each picture. */
export function* makeGrid(request: GridRequest): Generator<void, Grid, void> {
  const { past, order, pinned, binSize, fromMs, bucketMs, columns, base } = request
  const starts = rowStarts(order.length, pinned, binSize)
  const rows = starts.length - 1
  const grid: Grid = {
    rows,
    state: new Uint8Array(rows * columns).fill(NEVER_STATE_ID),
    low: new Uint8Array(rows * columns).fill(UNMEASURED_CELL),
    high: new Uint8Array(rows * columns).fill(UNMEASURED_CELL),
    last: new Uint8Array(rows * columns).fill(UNMEASURED_CELL),
    seed: new Uint16Array(rows * columns),
    ticks: new Uint32Array(columns),
    of: 0,
  }
  const values = new Uint8Array(past.rows)
  const states = new Uint8Array(past.rows)
  const badness = (byte: number): number =>
    base !== null ? Math.abs(byte - NO_DIFFERENCE) : request.worst === 'low' ? -byte : byte
  let of = 0
  let heldColumn = -1
  let heldMs = Number.NaN

  /** Carries the newest picture into the columns that follow it, as long as it would not be late. */
  const hold = (untilColumn: number): void => {
    for (let column = heldColumn + 1; column < untilColumn && column < columns; column++) {
      if (heldColumn < 0 || fromMs + column * bucketMs - heldMs > request.holdMs) return
      for (let row = 0; row < rows; row++) {
        const [from, to] = [row * columns + heldColumn, row * columns + column]
        grid.state[to] = grid.state[from]!
        grid.low[to] = grid.last[from]!
        grid.high[to] = grid.last[from]!
        grid.last[to] = grid.last[from]!
        grid.seed[to] = grid.seed[from]!
      }
    }
  }

  const put = (column: number): void => {
    const opens = grid.ticks[column] === 0
    for (let row = 0; row < rows; row++) {
      const cell = row * columns + column
      let low = UNMEASURED_CELL
      let high = UNMEASURED_CELL
      let worst = UNMEASURED_CELL
      let worstAt = 0
      let state = NEVER_STATE_ID
      const begin = starts[row]!
      const end = starts[row + 1]!
      for (let place = begin; place < end; place++) {
        const seed = order[place]!
        const own = states[seed]!
        if (state === NEVER_STATE_ID || STATE_ATTENTION[own]! > STATE_ATTENTION[state]!) state = own
        let byte = values[seed]!
        if (base !== null) byte = deltaByte(byte, base[seed]!)
        if (byte === UNMEASURED_CELL) continue
        if (low === UNMEASURED_CELL || byte < low) low = byte
        if (high === UNMEASURED_CELL || byte > high) high = byte
        if (worst === UNMEASURED_CELL || badness(byte) > badness(worst)) {
          worst = byte
          worstAt = place - begin
        }
      }
      const heldWorst = base === null ? (request.worst === 'low' ? grid.low[cell]! : grid.high[cell]!) : far(cell)
      grid.last[cell] = worst
      if (opens || STATE_ATTENTION[state]! > STATE_ATTENTION[grid.state[cell]!]!) grid.state[cell] = state
      if (worst === UNMEASURED_CELL) continue
      if (heldWorst === UNMEASURED_CELL || badness(worst) > badness(heldWorst)) grid.seed[cell] = worstAt
      if (grid.low[cell] === UNMEASURED_CELL || low < grid.low[cell]!) grid.low[cell] = low
      if (grid.high[cell] === UNMEASURED_CELL || high > grid.high[cell]!) grid.high[cell] = high
    }
  }
  /** Of a cell of differences the one farther from none. */
  const far = (cell: number): number => {
    const [low, high] = [grid.low[cell]!, grid.high[cell]!]
    return low === UNMEASURED_CELL ? high : badness(low) > badness(high) ? low : high
  }

  const [first, end] = past.range()
  const toMs = fromMs + columns * bucketMs
  for (let index = first; index < end; index++) {
    const atMs = past.atMs(index)
    // Not only the window: what was there just before it may hold on into it.
    if (!(atMs >= fromMs && atMs < toMs && atMs <= request.untilMs)) continue
    if (!past.bytes(index, request.column, values)) continue
    if (request.stateColumn < 0 || !past.bytes(index, request.stateColumn, states)) states.fill(NEVER_STATE_ID)
    const column = Math.floor((atMs - fromMs) / bucketMs)
    if (column > heldColumn + 1) hold(column)
    put(column)
    grid.ticks[column]!++
    of++
    heldColumn = column
    heldMs = atMs
    yield
  }
  hold(columns)
  return { ...grid, of }
}
