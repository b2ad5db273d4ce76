/*
 * viewFrame: the picture of one layer as a viewer receives it: a keyframe, or a delta against the frame before.
 * In: a picture (columns, cells or bins) and the picture before. Out: bytes; checked frames from bytes.
 * Invariant: keyframe and deltas applied in order are the newest picture (layerMirror.ts); lengths in the bytes are never trusted.
 * Source: seed-design.md 2.4; docs/architecture.md "frame stream".
 */
import { AppError } from '../contracts/appError.ts'
import { BODY, encodeBody } from './pictureDelta.ts'

export const VIEW_HEADER_BYTES = 64
/** 'MSV1' read as a little-endian u32. */
export const VIEW_MAGIC = 0x3156534d
const VERSION = 1
const COMPRESSED = 1
/** Bounds of one picture: 65,536 rows (RunLayer.seeds) and 128 columns (RunDescriptor.seed_columns). */
const MAX_ROWS = 65_536
const MAX_COLUMNS = 128

/** The place of a seed inside its bin is one byte. */
export const MAX_BIN_SIZE = 256

/**
 * exact: every column as float32. cells: state ids and one metric quantised to 8 bits, per row.
 * binned: the same for bins of rows: the state that most needs a look, the worst value, and which row of the bin each is of.
 */
export type Precision = 'exact' | 'cells' | 'binned'
const PRECISIONS: readonly Precision[] = ['exact', 'cells', 'binned']
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
  /** Columns of an exact picture; 0 for the others. */
  readonly columnCount: number
  /** Rows per bin of a binned picture; 1 for the others. */
  readonly binSize: number
  readonly precision: Precision
  /** Flags of the wire frame (FRAME_FLAG): 1 fault active, 2 halted. */
  readonly sourceFlags: number
}

export interface ViewFrame extends ViewFrameHeader {
  readonly encoding: number
  /** Raw (inflated) body; meaning by `encoding`, see pictureDelta.ts. */
  readonly body: Uint8Array
}

export type PictureShape = Pick<ViewFrameHeader, 'rows' | 'columnCount' | 'binSize' | 'precision'>

/** Cells of one plane: rows, or bins of rows. */
export const cellsOf = ({ rows, binSize }: Pick<PictureShape, 'rows' | 'binSize'>): number => Math.ceil(rows / binSize)

/**
 * Bytes of one picture. exact: float32 [column][row]. cells: state ids [row], then quantised metric [row].
 * binned: states [bin], worst metric [bin], place of the state's seed in its bin [bin], place of the worst seed [bin].
 */
export function pictureBytes(shape: PictureShape): number {
  if (shape.precision === 'exact') return shape.rows * shape.columnCount * 4
  return cellsOf(shape) * (shape.precision === 'binned' ? 4 : 2)
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
  if (picture.byteLength !== pictureBytes(header))
    throw new AppError('CONTRACT_FRAME', 'picture has the wrong length', { path: 'picture' })
  const cellBytes = precision === 'exact' ? 4 : 1
  const { encoding, raw } = encodeBody(picture, previous?.picture ?? null, cellBytes, compress !== undefined)
  const packed = compress !== undefined && raw.byteLength >= 256 ? compress(raw) : null
  const body = packed !== null && packed.byteLength < raw.byteLength ? packed : raw
  const bytes = new Uint8Array(VIEW_HEADER_BYTES + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, VIEW_MAGIC, true)
  view.setUint8(4, VERSION)
  view.setUint8(5, PRECISIONS.indexOf(precision))
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
  // The two never stand together: what has columns has no bins.
  view.setUint16(60, precision === 'binned' ? header.binSize : columnCount, true)
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
  const precision = PRECISIONS[precisionId]
  if (precision === undefined || flags > COMPRESSED || encoding > BODY.dense) return refuse('unknown flag')
  const frame = view.getUint32(16, true)
  const base = view.getUint32(20, true)
  const rows = view.getUint32(36, true)
  const shapeWord = view.getUint16(60, true)
  const columnCount = precision === 'binned' ? 0 : shapeWord
  const binSize = precision === 'binned' ? shapeWord : 1
  const rawBytes = view.getUint32(56, true)
  if (rows < 1 || rows > MAX_ROWS || columnCount > MAX_COLUMNS) return refuse('rows or columns out of bounds')
  if (precision === 'exact' ? columnCount < 1 : columnCount !== 0) return refuse('columns do not fit the precision')
  if (precision === 'binned' && (binSize < 2 || binSize > MAX_BIN_SIZE)) return refuse('bin size out of bounds')
  if (frame === 0 || base >= frame || (encoding === BODY.full) !== (base === 0)) return refuse('frame numbers')
  const full = pictureBytes({ rows, columnCount, binSize, precision })
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
    binSize,
    precision,
    sourceFlags: view.getUint16(62, true),
    encoding,
    body,
  }
}
