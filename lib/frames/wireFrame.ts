/*
 * wireFrame: the 64-byte little-endian header and the float32 columns of one layer at one tick, as they travel on the bus.
 * In: column arrays [column][row], or bytes nobody has checked. Out: bytes, a checked header, one memcpy of columns.
 * Invariant: nothing is read or written outside the given bytes; no length of the header is believed before it is checked.
 * Hosts are little-endian (every platform Node and the browsers run on); columns are copied in host order.
 * Source: docs/protocol.md "frames"; docs/adr/0004-columns-on-the-hot-path.md.
 */
import { AppError } from '../contracts/appError.ts'

export const WIRE_HEADER_BYTES = 64
export const WIRE_VERSION = 2
/** Spells 'MSC1' when read as bytes. */
export const WIRE_MAGIC = 0x3143_534d

/** Bounds of one frame; a header beyond them is refused whatever its checksum says. */
export const WIRE_LIMITS = Object.freeze({ maxRows: 65_536, maxColumns: 128, maxLayers: 4_096 })

/** Names what the rows are: `seeds` has one row per seed, `layer` is the summary of a layer and has one row. */
export const FRAME_KIND = Object.freeze({ seeds: 1, layer: 2 })
/** Names the bits of `flags`; unknown bits are kept for later minor versions and ignored. */
export const FRAME_FLAG = Object.freeze({ faultActive: 1, halted: 2 })

export interface WireFrameHeader {
  readonly kind: number
  /** 0 = float32 columns. */
  readonly encoding: number
  readonly flags: number
  /** Ties the frame to the RunDescriptor that names its layers and columns. */
  readonly schemaId: number
  /** Index into RunDescriptor.layers. */
  readonly layer: number
  /** Unix seconds, the publisher's clock. */
  readonly publishedAtS: number
  readonly seq: number
  readonly step: number
  readonly tick: number
  readonly rows: number
  readonly columns: number
  readonly payloadBytes: number
  /** Length of the observed window, ms. */
  readonly windowMs: number
}

const TWO_32 = 4_294_967_296
const MAX_TIME_S = 4_102_444_800

// One scratch header for the whole module: encode and decode are synchronous, and a DataView per frame would cost more than the copy.
const scratch = new ArrayBuffer(WIRE_HEADER_BYTES)
const scratch8 = new Uint8Array(scratch)
const scratch16 = new Uint16Array(scratch)
const scratch32 = new Uint32Array(scratch)
const scratchF64 = new Float64Array(scratch)

const refuse = (text: string, context: Readonly<Record<string, unknown>>): AppError =>
  new AppError('CONTRACT_FRAME', text, context)

/** Computes FNV-1a over the 15 header words that are not the checksum: each step is a bijection, so one changed word always shows. */
function headerChecksum(): number {
  let h = 0x811c_9dc5
  for (let word = 0; word < 14; word++) h = Math.imul(h ^ scratch32[word]!, 0x0100_0193)
  return Math.imul(h ^ scratch32[15]!, 0x0100_0193) >>> 0
}

/** Loads the header into the scratch, word by word: faster than a copy of 64 bytes, and any alignment will do. */
function loadHeader(bytes: Uint8Array, offset: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || bytes.length - offset < WIRE_HEADER_BYTES)
    throw refuse('the frame is shorter than its header', { path: 'header', offset, bytes: bytes.length })
  for (let word = 0, at = offset; word < 16; word++, at += 4)
    scratch32[word] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function storeHeader(target: Uint8Array, offset: number): void {
  scratch32[14] = headerChecksum()
  target.set(scratch8, offset)
}

const isIn = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max

function assertShape(kind: number, rows: number, columns: number): void {
  if (kind !== FRAME_KIND.seeds && kind !== FRAME_KIND.layer)
    throw refuse(`frame kind ${kind} is unknown`, { path: 'kind', value: kind })
  if (rows < 1 || !isIn(rows, WIRE_LIMITS.maxRows) || (kind === FRAME_KIND.layer && rows !== 1))
    throw refuse(`${rows} rows are not possible for kind ${kind}`, { path: 'rows', value: rows })
  if (columns < 1 || !isIn(columns, WIRE_LIMITS.maxColumns))
    throw refuse(`${columns} columns are not possible`, { path: 'columns', value: columns })
}

function assertRange(path: string, value: number, max: number): void {
  if (!isIn(value, max)) throw refuse(`${path} ${value} is out of range`, { path, value })
}

function assertTime(publishedAtS: number): void {
  // The negated form also refuses NaN.
  if (!(publishedAtS >= 0 && publishedAtS <= MAX_TIME_S))
    throw refuse(`published-at ${publishedAtS} is not a Unix time`, { path: 'publishedAtS', value: publishedAtS })
}

/** Writes a u64; storing into a Uint32Array takes the low 32 bits by itself, a float remainder would cost more than the header. */
function putU64(word: number, value: number): void {
  scratch32[word] = value
  scratch32[word + 1] = value / TWO_32
}

/** Counts the bytes of a frame of that shape, header included. */
export function wireFrameBytes(rows: number, columns: number): number {
  return WIRE_HEADER_BYTES + rows * columns * 4
}

type HeaderToEncode = Omit<WireFrameHeader, 'payloadBytes' | 'encoding'>

function assertEncodable(header: HeaderToEncode): void {
  assertShape(header.kind, header.rows, header.columns)
  assertTime(header.publishedAtS)
  const isGood =
    (header.flags & 0xff) === header.flags &&
    header.schemaId >>> 0 === header.schemaId &&
    header.layer >>> 0 === header.layer &&
    header.layer < WIRE_LIMITS.maxLayers &&
    header.tick >>> 0 === header.tick &&
    header.windowMs >>> 0 === header.windowMs &&
    Number.isSafeInteger(header.seq) &&
    header.seq >= 0 &&
    Number.isSafeInteger(header.step) &&
    header.step >= 0
  if (isGood) return
  assertRange('flags', header.flags, 0xff)
  assertRange('schemaId', header.schemaId, 0xffff_ffff)
  assertRange('layer', header.layer, WIRE_LIMITS.maxLayers - 1)
  assertRange('seq', header.seq, Number.MAX_SAFE_INTEGER)
  assertRange('step', header.step, Number.MAX_SAFE_INTEGER)
  assertRange('tick', header.tick, 0xffff_ffff)
  assertRange('windowMs', header.windowMs, 0xffff_ffff)
}

// The same column array is encoded tick after tick; making a view costs a third of a small frame, so the last one is kept.
let viewedColumns: Float32Array | null = null
let columnBytes = new Uint8Array(0)

function bytesOf(columns: Float32Array): Uint8Array {
  if (columns !== viewedColumns || columnBytes.byteLength !== columns.byteLength) {
    columnBytes = new Uint8Array(columns.buffer as ArrayBuffer, columns.byteOffset, columns.byteLength)
    viewedColumns = columns
  }
  return columnBytes
}

function assertRoom(target: Uint8Array, offset: number, payloadBytes: number): void {
  if (!isIn(offset, target.length) || target.length - offset < WIRE_HEADER_BYTES + payloadBytes)
    throw refuse('the target is too small for the frame', { path: 'target', offset, bytes: target.length })
}

/** Writes a header that was found representable. */
function putHeader(target: Uint8Array, offset: number, header: HeaderToEncode, payloadBytes: number): void {
  scratch32[0] = WIRE_MAGIC
  scratch32[1] = WIRE_VERSION | (header.kind << 8) | (header.flags << 24)
  scratch32[2] = header.schemaId
  scratch32[3] = header.layer
  scratchF64[2] = header.publishedAtS
  putU64(6, header.seq)
  putU64(8, header.step)
  scratch32[10] = header.tick
  scratch32[11] = header.rows
  scratch32[12] = header.columns
  scratch32[13] = payloadBytes
  scratch32[15] = header.windowMs
  storeHeader(target, offset)
}

/**
 * Writes the header of a frame whose columns already lie behind it in `target`; returns the frame's length in bytes.
 * @throws CONTRACT_FRAME when the header is not representable or the target is too small.
 */
export function encodeWireHeader(target: Uint8Array, offset: number, header: HeaderToEncode): number {
  assertEncodable(header)
  const payloadBytes = header.rows * header.columns * 4
  assertRoom(target, offset, payloadBytes)
  putHeader(target, offset, header, payloadBytes)
  return WIRE_HEADER_BYTES + payloadBytes
}

/**
 * Writes one frame at `offset` and returns its length in bytes; any alignment. `columns` is laid out [column][row].
 * @throws CONTRACT_FRAME when the header is not representable, the column length lies or the target is too small.
 */
export function encodeWireFrame(
  target: Uint8Array,
  offset: number,
  header: HeaderToEncode,
  columns: Float32Array,
): number {
  assertEncodable(header)
  const payloadBytes = header.rows * header.columns * 4
  if (columns.byteLength !== payloadBytes)
    throw refuse(`the columns hold ${columns.byteLength} bytes, the shape says ${payloadBytes}`, { path: 'columns' })
  assertRoom(target, offset, payloadBytes)
  putHeader(target, offset, header, payloadBytes)
  target.set(bytesOf(columns), offset + WIRE_HEADER_BYTES)
  return WIRE_HEADER_BYTES + payloadBytes
}

/**
 * Rewrites sequence, time and checksum of an encoded frame in place: the trainer encodes, the publisher stamps.
 * @throws CONTRACT_FRAME when no header fits there, or seq and time are out of range.
 */
export function stampWireFrame(target: Uint8Array, offset: number, seq: number, publishedAtS: number): void {
  assertRange('seq', seq, Number.MAX_SAFE_INTEGER)
  assertTime(publishedAtS)
  loadHeader(target, offset)
  scratchF64[2] = publishedAtS
  putU64(6, seq)
  storeHeader(target, offset)
}

/**
 * Reads and checks the header at `offset`: magic, version, checksum, ranges, and that the whole payload is really there.
 * @throws CONTRACT_FRAME with the offending field as `path`; never reads outside `bytes`.
 */
export function decodeWireHeader(bytes: Uint8Array, offset: number): WireFrameHeader {
  loadHeader(bytes, offset)
  if (scratch32[0] !== WIRE_MAGIC) throw refuse('the magic number is wrong', { path: 'magic' })
  if (scratch8[4] !== WIRE_VERSION)
    throw refuse(`frame version ${scratch8[4]} is unknown`, { path: 'version', value: scratch8[4] })
  if (scratch32[14] !== headerChecksum()) throw refuse('the header checksum does not match', { path: 'checksum' })
  const kind = scratch8[5]!
  const encoding = scratch8[6]!
  const rows = scratch32[11]!
  const columns = scratch16[24]!
  const payloadBytes = scratch32[13]!
  const publishedAtS = scratchF64[2]!
  const seq = scratch32[7]! * TWO_32 + scratch32[6]!
  const step = scratch32[9]! * TWO_32 + scratch32[8]!
  if (encoding !== 0) throw refuse(`frame encoding ${encoding} is unknown`, { path: 'encoding', value: encoding })
  if (scratch16[25] !== 0) throw refuse('the reserved field is not zero', { path: 'reserved' })
  assertShape(kind, rows, columns)
  assertRange('layer', scratch32[3]!, WIRE_LIMITS.maxLayers - 1)
  assertRange('seq', seq, Number.MAX_SAFE_INTEGER)
  assertRange('step', step, Number.MAX_SAFE_INTEGER)
  assertTime(publishedAtS)
  if (payloadBytes !== rows * columns * 4)
    throw refuse(`payload ${payloadBytes} B does not match ${rows} x ${columns}`, { path: 'payloadBytes' })
  if (bytes.length - offset - WIRE_HEADER_BYTES < payloadBytes)
    throw refuse(`the payload says ${payloadBytes} B and is cut off`, { path: 'payloadBytes', offset })
  return {
    kind,
    encoding,
    flags: scratch8[7]!,
    schemaId: scratch32[2]!,
    layer: scratch32[3]!,
    publishedAtS,
    seq,
    step,
    tick: scratch32[10]!,
    rows,
    columns,
    payloadBytes,
    windowMs: scratch32[15]!,
  }
}

/**
 * Copies the payload of the frame at `offset` into `target` (Float32Array[column][row]) with one set(), whatever the alignment.
 * @throws CONTRACT_FRAME when the payload is not there or the target is too short.
 */
export function copyWireColumns(
  bytes: Uint8Array,
  offset: number,
  header: WireFrameHeader,
  target: Float32Array,
): void {
  const start = offset + WIRE_HEADER_BYTES
  const count = header.rows * header.columns
  if (!isIn(start, bytes.length) || bytes.length - start < count * 4)
    throw refuse('the payload is cut off', { path: 'payloadBytes', offset })
  if (target.length < count)
    throw refuse(`the target holds ${target.length} values, the frame has ${count}`, { path: 'target' })
  const at = bytes.byteOffset + start
  if (at % 4 === 0) target.set(new Float32Array(bytes.buffer, at, count))
  else new Uint8Array(target.buffer, target.byteOffset, count * 4).set(bytes.subarray(start, start + count * 4))
}
