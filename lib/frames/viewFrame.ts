/*
 * viewFrame: the picture of one layer as a viewer receives it: a keyframe, or a delta against the frame before.
 * In: a picture (columns or cells) and the picture before. Out: bytes; checked frames from bytes; pictures kept up to date in a mirror.
 * Invariant: apply(keyframe, deltas) = the newest picture; a delta on the wrong base changes nothing and answers `gap`; lengths in
 * the bytes are never trusted.
 * Source: seed-design.md 2.4; docs/architecture.md "frame stream".
 */
import { AppError } from '../contracts/appError.ts'
import { SEED_STATES, UNKNOWN_STATE_ID } from '../contracts/lifecycle.ts'
import { applyBody, BODY, encodeBody } from './pictureDelta.ts'
import { UNMEASURED_CELL } from './quantize.ts'

export const VIEW_HEADER_BYTES = 64
/** 'MSV1' read as a little-endian u32. */
export const VIEW_MAGIC = 0x3156534d
const VERSION = 1
const COMPRESSED = 1
/** Bounds of one picture: 65,536 rows (RunLayer.seeds) and 128 columns (RunDescriptor.seed_columns). */
const MAX_ROWS = 65_536
const MAX_COLUMNS = 128

/** State byte of a row that was never observed; UNKNOWN_STATE_ID (255) is a row whose id is not one of ours. */
export const NEVER_STATE_ID = 254

export type Precision = 'exact' | 'cells'
export type Compress = (bytes: Uint8Array) => Uint8Array
/** Must give exactly `rawBytes` bytes or throw. */
export type Inflate = (bytes: Uint8Array, rawBytes: number) => Uint8Array

export interface ViewFrameHeader {
  /** Names the (run, precision, metric) the viewer asked for: the answer of the `view` event. */
  readonly classId: number
  readonly runIndex: number
  /** Index in RunDescriptor.layers. */
  readonly layer: number
  /** Grows by one per frame of this class and layer, from 1. */
  readonly frame: number
  /** 0 = keyframe, else the number of the frame this delta builds on. */
  readonly base: number
  readonly step: number
  readonly tick: number
  /** Bus-server time of the telemetry in the picture, Unix ms. */
  readonly ingestMs: number
  /** Server time of the encoding, Unix ms. */
  readonly serverMs: number
  readonly rows: number
  /** Columns of an exact picture; 0 for cells. */
  readonly columnCount: number
  readonly precision: Precision
  /** Flags of the wire frame (FRAME_FLAG): 1 fault active, 2 halted. */
  readonly sourceFlags: number
}

export interface ViewFrame extends ViewFrameHeader {
  readonly encoding: number
  /** Raw (inflated) body; meaning by `encoding`, see pictureDelta.ts. */
  readonly body: Uint8Array
}

/** Bytes of one picture. exact: float32 [column][row]. cells: state ids [row], then quantised metric [row]. */
export function pictureBytes(rows: number, columnCount: number, precision: Precision): number {
  return precision === 'exact' ? rows * columnCount * 4 : rows * 2
}

/**
 * Encodes a picture. Without `previous`, or when a delta would not be smaller, the result is a keyframe (base 0).
 * `compress` is used for bodies of 256 bytes and more, and only when it pays. Never reads the clock.
 */
export function encodeViewFrame(
  header: Omit<ViewFrameHeader, 'base'>,
  picture: Uint8Array,
  previous: { readonly frame: number; readonly picture: Uint8Array } | null,
  compress?: Compress,
): Uint8Array<ArrayBuffer> {
  const { rows, columnCount, precision } = header
  if (picture.byteLength !== pictureBytes(rows, columnCount, precision))
    throw new AppError('CONTRACT_FRAME', 'picture has the wrong length', { path: 'picture' })
  const cellBytes = precision === 'exact' ? 4 : 1
  const { encoding, raw } = encodeBody(picture, previous?.picture ?? null, cellBytes, compress !== undefined)
  const packed = compress !== undefined && raw.byteLength >= 256 ? compress(raw) : null
  const body = packed !== null && packed.byteLength < raw.byteLength ? packed : raw
  const bytes = new Uint8Array(VIEW_HEADER_BYTES + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, VIEW_MAGIC, true)
  view.setUint8(4, VERSION)
  view.setUint8(5, precision === 'exact' ? 0 : 1)
  view.setUint8(6, body === raw ? 0 : COMPRESSED)
  view.setUint8(7, encoding)
  view.setUint32(8, header.classId, true)
  view.setUint16(12, header.runIndex, true)
  view.setUint16(14, header.layer, true)
  view.setUint32(16, header.frame, true)
  view.setUint32(20, encoding === BODY.full || previous === null ? 0 : previous.frame, true)
  view.setFloat64(24, header.step, true)
  view.setUint32(32, header.tick, true)
  view.setUint32(36, rows, true)
  view.setFloat64(40, header.ingestMs, true)
  view.setFloat64(48, header.serverMs, true)
  view.setUint32(56, raw.byteLength, true)
  view.setUint16(60, columnCount, true)
  view.setUint16(62, header.sourceFlags, true)
  bytes.set(body, VIEW_HEADER_BYTES)
  return bytes
}

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_FRAME', `view frame: ${why}`, { path: 'frame' })
}

/** Checks every length and gives a frame; the body is a view of `bytes` unless it was compressed. @throws CONTRACT_FRAME */
export function decodeViewFrame(bytes: Uint8Array, inflate?: Inflate): ViewFrame {
  if (bytes.byteLength < VIEW_HEADER_BYTES) return refuse('shorter than its header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== VIEW_MAGIC || view.getUint8(4) !== VERSION) return refuse('magic or version')
  const precisionId = view.getUint8(5)
  const flags = view.getUint8(6)
  const encoding = view.getUint8(7)
  if (precisionId > 1 || flags > COMPRESSED || encoding > BODY.dense) return refuse('unknown flag')
  const precision: Precision = precisionId === 0 ? 'exact' : 'cells'
  const frame = view.getUint32(16, true)
  const base = view.getUint32(20, true)
  const rows = view.getUint32(36, true)
  const columnCount = view.getUint16(60, true)
  const rawBytes = view.getUint32(56, true)
  if (rows < 1 || rows > MAX_ROWS || columnCount > MAX_COLUMNS) return refuse('rows or columns out of bounds')
  if (precision === 'exact' ? columnCount < 1 : columnCount !== 0) return refuse('columns do not fit the precision')
  if (frame === 0 || base >= frame || (encoding === BODY.full) !== (base === 0)) return refuse('frame numbers')
  const full = pictureBytes(rows, columnCount, precision)
  if (rawBytes > full + (full >> 3) + 8) return refuse('body longer than its picture')
  const packed = bytes.subarray(VIEW_HEADER_BYTES)
  let body = packed
  if ((flags & COMPRESSED) !== 0) {
    if (inflate === undefined) return refuse('compressed, and no inflate given')
    try {
      body = inflate(packed, rawBytes)
    } catch (error) {
      throw new AppError('CONTRACT_FRAME', 'view frame: body does not inflate', { path: 'body' }, error)
    }
  }
  if (body.byteLength !== rawBytes) return refuse('body length')
  if (encoding !== BODY.sparse && rawBytes !== full) return refuse('body does not cover its picture')
  return {
    classId: view.getUint32(8, true),
    runIndex: view.getUint16(12, true),
    layer: view.getUint16(14, true),
    frame,
    base,
    step: view.getFloat64(24, true),
    tick: view.getUint32(32, true),
    ingestMs: view.getFloat64(40, true),
    serverMs: view.getFloat64(48, true),
    rows,
    columnCount,
    precision,
    sourceFlags: view.getUint16(62, true),
    encoding,
    body,
  }
}

/** The newest picture of one layer of one class, in the form that drawing wants. Read the arrays, never write them. */
export interface LayerMirror {
  readonly layer: number
  readonly rows: number
  readonly columnCount: number
  readonly precision: Precision
  /** State id per row: 0..10, NEVER_STATE_ID, UNKNOWN_STATE_ID. */
  readonly state: Uint8Array
  /** Quantised metric per row (cells precision); 255 = unmeasured. */
  readonly cells: Uint8Array
  /** float32 per row and column (exact precision); NaN = unmeasured. Column order of the run. */
  readonly columns: readonly Float32Array[]
  /** All columns in one array, [column][row]. */
  readonly values: Float32Array
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
export function createLayerMirror(layer: number, rows: number, columnCount: number, precision: Precision): LayerMirror {
  const values = new Float32Array(precision === 'exact' ? rows * columnCount : 0).fill(Number.NaN)
  const columns: Float32Array[] = []
  if (precision === 'exact')
    for (let column = 0; column < columnCount; column++)
      columns.push(values.subarray(column * rows, column * rows + rows))
  // One buffer holds states and cells side by side: it IS the cells picture, so a delta applies in one pass.
  const picture = new Uint8Array(rows * 2)
  const state = picture.subarray(0, rows).fill(NEVER_STATE_ID)
  const cells = picture.subarray(rows).fill(UNMEASURED_CELL)
  return {
    layer,
    rows,
    columnCount: precision === 'exact' ? columnCount : 0,
    precision,
    state,
    cells,
    columns,
    values,
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

/** Maps one value of the state column to its byte: our ids, never, or unknown (such as an averaged 2.5). */
export function stateByte(value: number): number {
  if (value !== value) return NEVER_STATE_ID
  return Number.isInteger(value) && value >= 0 && value < SEED_STATES.length ? value : UNKNOWN_STATE_ID
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
  if (
    frame.rows !== mirror.rows ||
    frame.columnCount !== mirror.columnCount ||
    frame.precision !== mirror.precision ||
    frame.layer !== mirror.layer
  )
    return refuse('shape of another layer')
  if (frame.base !== 0 && frame.base !== mirror.frame) {
    mirror.gaps++
    return 'gap'
  }
  const exact = mirror.precision === 'exact'
  const picture = exact
    ? new Uint8Array(mirror.values.buffer)
    : new Uint8Array(mirror.state.buffer, mirror.state.byteOffset, mirror.rows * 2)
  applyBody(picture, frame.encoding, frame.body, exact ? 4 : 1)
  if (exact) for (let row = 0; row < mirror.rows; row++) mirror.state[row] = stateByte(mirror.values[row]!)
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
