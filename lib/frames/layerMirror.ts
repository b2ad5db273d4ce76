/*
 * layerMirror: the newest picture of one layer, kept up to date by view frames, in the form that drawing wants.
 * In: view frames. Out: typed arrays to read; whether a frame could be applied.
 * Invariant: apply(keyframe, deltas) = the newest picture; a delta on the wrong base changes nothing and answers `gap`.
 * Source: seed-design.md 2.4; docs/architecture.md "frame stream".
 */
import { AppError } from '../contracts/appError.ts'
import { SEED_STATES, UNKNOWN_STATE_ID } from '../contracts/lifecycleTable.ts'
import { applyBody } from './pictureDelta.ts'
import { UNMEASURED_CELL } from './quantize.ts'
import {
  cellsOf,
  decodeViewFrame,
  type Inflate,
  type PictureShape,
  type Precision,
  type ViewFrame,
} from './viewFrame.ts'

/** State byte of a row that was never observed; UNKNOWN_STATE_ID (255) is a row whose id is not one of ours. */
export const NEVER_STATE_ID = 254

/** The newest picture of one layer of one class. Read the arrays, never write them. */
export interface LayerMirror {
  readonly layer: number
  readonly rows: number
  readonly columnCount: number
  /** Rows per cell: 1 unless binned. */
  readonly binSize: number
  readonly precision: Precision
  /** State id per cell: 0..10, NEVER_STATE_ID, UNKNOWN_STATE_ID. A cell is a row, or a bin of rows. */
  readonly state: Uint8Array
  /** Quantised metric per cell (cells and binned precision); 255 = unmeasured. */
  readonly cells: Uint8Array
  /** Place inside its bin of the seed whose state, or whose value, the bin shows. Empty unless binned. */
  readonly stateSeed: Uint8Array
  readonly worstSeed: Uint8Array
  /** float32 per row and column (exact precision); NaN = unmeasured. Column order of the run. */
  readonly columns: readonly Float32Array[]
  /** All columns in one array, [column][row]. */
  readonly values: Float32Array
  /** How many cells show each state byte: kept with the picture, so that nobody counts a million seeds to say how many germinate. */
  readonly stateCounts: Uint32Array
  /** Number of the frame shown; 0 before the first. */
  frame: number
  step: number
  tick: number
  ingestMs: number
  serverMs: number
  sourceFlags: number
  /** Grows with every applied frame: what drawing compares. */
  version: number
  /** Frames that could not be applied since the last keyframe. */
  gaps: number
}

/** Creates a mirror of a layer nothing is known about yet: all never, all unmeasured. */
export function createLayerMirror(
  layer: number,
  rows: number,
  columnCount: number,
  precision: Precision,
  binSize = 1,
): LayerMirror {
  const values = new Float32Array(precision === 'exact' ? rows * columnCount : 0).fill(Number.NaN)
  const columns: Float32Array[] = []
  if (precision === 'exact')
    for (let column = 0; column < columnCount; column++)
      columns.push(values.subarray(column * rows, column * rows + rows))
  // One buffer holds the planes side by side: it IS the picture, so a delta applies in one pass.
  const cells = cellsOf({ rows, binSize })
  const picture = new Uint8Array(cells * (precision === 'binned' ? 4 : 2))
  const plane = (at: number): Uint8Array => picture.subarray(at * cells, (at + 1) * cells)
  const stateCounts = new Uint32Array(256)
  stateCounts[NEVER_STATE_ID] = cells
  return {
    layer,
    rows,
    columnCount: precision === 'exact' ? columnCount : 0,
    binSize,
    precision,
    state: plane(0).fill(NEVER_STATE_ID),
    cells: plane(1).fill(UNMEASURED_CELL),
    stateSeed: plane(2),
    worstSeed: plane(3),
    columns,
    values,
    stateCounts,
    frame: 0,
    step: 0,
    tick: 0,
    ingestMs: 0,
    serverMs: 0,
    sourceFlags: 0,
    version: 0,
    gaps: 0,
  }
}

/** Copies a mirror, picture and head: what a paused page goes on showing. */
export function copyLayerMirror(mirror: LayerMirror): LayerMirror {
  const { layer, rows, columnCount, precision, binSize } = mirror
  const copy = createLayerMirror(layer, rows, columnCount, precision, binSize)
  new Uint8Array(copy.state.buffer).set(new Uint8Array(mirror.state.buffer))
  copy.values.set(mirror.values)
  copy.stateCounts.set(mirror.stateCounts)
  const { frame, step, tick, ingestMs, serverMs, sourceFlags, version, gaps } = mirror
  return Object.assign(copy, { frame, step, tick, ingestMs, serverMs, sourceFlags, version, gaps })
}

/** Reads one seed's metric from a mirror; NaN when unmeasured or not in the picture. */
export function mirrorValue(mirror: LayerMirror, column: number, row: number): number {
  return mirror.columns[column]?.[row] ?? Number.NaN
}

/** Maps one value of the state column to its byte: our ids, never, or unknown (such as an averaged 2.5). */
export function stateByte(value: number): number {
  if (value !== value) return NEVER_STATE_ID
  return Number.isInteger(value) && value >= 0 && value < SEED_STATES.length ? value : UNKNOWN_STATE_ID
}

/** Whether frames of this shape belong into this mirror. */
export function sameShape(mirror: PictureShape, frame: PictureShape): boolean {
  return (
    frame.rows === mirror.rows &&
    frame.columnCount === mirror.columnCount &&
    frame.binSize === mirror.binSize &&
    frame.precision === mirror.precision
  )
}

/**
 * Applies a frame to its mirror. `gap`: the frame builds on one this mirror does not hold; the old picture stays, and the next
 * keyframe (at most 1 s away) heals it. For exact pictures the state bytes come from column 0.
 * @throws CONTRACT_FRAME when the bytes are malformed or belong to another shape; the mirror is then unchanged.
 */
export function applyViewFrame(
  mirror: LayerMirror,
  frameOrBytes: ViewFrame | Uint8Array,
  inflate?: Inflate,
): 'applied' | 'gap' {
  const frame = frameOrBytes instanceof Uint8Array ? decodeViewFrame(frameOrBytes, inflate) : frameOrBytes
  if (frame.layer !== mirror.layer || !sameShape(mirror, frame))
    throw new AppError('CONTRACT_FRAME', 'view frame: shape of another layer', { path: 'frame' })
  if (frame.base !== 0 && frame.base !== mirror.frame) {
    mirror.gaps++
    return 'gap'
  }
  const exact = mirror.precision === 'exact'
  const picture = exact ? new Uint8Array(mirror.values.buffer) : new Uint8Array(mirror.state.buffer)
  applyBody(picture, frame.encoding, frame.body, exact ? 4 : 1)
  if (exact) for (let row = 0; row < mirror.rows; row++) mirror.state[row] = stateByte(mirror.values[row]!)
  mirror.stateCounts.fill(0)
  for (let cell = 0; cell < mirror.state.length; cell++) mirror.stateCounts[mirror.state[cell]!]!++
  mirror.frame = frame.frame
  mirror.step = frame.step
  mirror.tick = frame.tick
  mirror.ingestMs = frame.ingestMs
  mirror.serverMs = frame.serverMs
  mirror.sourceFlags = frame.sourceFlags
  mirror.gaps = 0
  mirror.version++
  return 'applied'
}
