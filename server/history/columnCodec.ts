/*
 * columnCodec: one metric of one layer over the ticks of a chunk, as few bytes as its values need.
 * In: values [tick][row], how exact they must come back. Out: packed planes with a few words about them; values or picture bytes again.
 * Invariant: the bytes of a picture made from what comes back are those made from the live values, always; in the exact form the values
 * are the same float32 bit by bit (of NaN: unmeasured), in the fine form within a 32nd of a picture's step; what lies outside the
 * display range is exact in both.
 * Source: docs/history.md "columns".
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { CELL_STEPS, UNMEASURED_CELL } from '../../lib/frames/quantize.ts'
import { columnBytes } from './historyTick.ts'

/** What a page's `exact` view is replayed with, or what its cells are. */
export type ColumnForm = 'exact' | 'fine'

export interface ColumnHead {
  /** const: one value. int: whole numbers, differences in `width` bytes. raw: float32. fine: picture bytes and sixteenths. */
  readonly mode: 'const' | 'int' | 'raw' | 'fine'
  /** Lengths of the packed planes, in order. */
  readonly planes: readonly number[]
  readonly width?: number
  /** Of differences: 1 against the tick before, 2 against the difference before. */
  readonly order?: 1 | 2
  /** Whether some values are unmeasured (int) or stand outside the range (fine): then a plane says which. */
  readonly marked?: boolean
}
export interface PackedColumn {
  readonly head: ColumnHead
  readonly planes: readonly Uint8Array[]
}
interface Shape {
  readonly ticks: number
  readonly rows: number
}

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
const MAX_INT = 1 << 23
const FINE_STEPS = 16
/** Above this share of values outside the range float32 is shorter than exceptions. */
const MAX_OUTSIDE = 0.25

const pack = (bytes: ArrayBufferView): Uint8Array =>
  zstdCompressSync(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), LEVEL)
const unpack = (bytes: Uint8Array, length: number): Uint8Array => {
  const raw = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length) })
  if (raw.byteLength !== length) throw new RangeError('a plane of another length')
  // Typed arrays of wider numbers can not lie on every view that zstd hands out.
  return raw.byteOffset % 8 === 0 ? new Uint8Array(raw.buffer, raw.byteOffset, length) : new Uint8Array(raw)
}
const packed = (head: Omit<ColumnHead, 'planes'>, planes: readonly Uint8Array[]): PackedColumn => ({
  head: { ...head, planes: planes.map((plane) => plane.byteLength) },
  planes,
})

const isSame = (bits: Uint32Array): boolean => {
  for (let at = 1; at < bits.length; at++) if (bits[at] !== bits[0]) return false
  return true
}

/** Whole numbers up to 2^23, or unmeasured; null when there is any other value. */
function toInts(values: Float32Array): { readonly ints: Int32Array; readonly unmeasured: Uint8Array | null } | null {
  const ints = new Int32Array(values.length)
  let unmeasured: Uint8Array | null = null
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (value !== value) {
      unmeasured ??= new Uint8Array(values.length)
      unmeasured[at] = 1
      ints[at] = at > 0 ? ints[at - 1]! : 0
      continue
    }
    const int = value | 0
    // A negative zero is no whole number here: its bits would not come back.
    if (int !== value || int >= MAX_INT || int <= -MAX_INT || (int === 0 && 1 / value < 0)) return null
    ints[at] = int
  }
  return { ints, unmeasured }
}

/** Differences along time, folded so that small ones of either sign are small bytes. */
function differences(
  ints: Int32Array,
  rows: number,
  order: 1 | 2,
): { readonly words: Uint32Array; readonly used: number; readonly most: number } {
  const words = new Uint32Array(ints.length)
  let [used, most] = [0, 0]
  for (let at = 0; at < ints.length; at++) {
    const before = at >= rows ? ints[at - rows]! : at > 0 ? ints[at - 1]! : 0
    let delta = ints[at]! - before
    if (order === 2 && at >= 2 * rows) delta -= before - ints[at - 2 * rows]!
    const word = ((delta << 1) ^ (delta >> 31)) >>> 0
    words[at] = word
    if (word !== 0) used++
    if (word > most) most = word
  }
  return { words, used, most }
}

function packInts(ints: Int32Array, unmeasured: Uint8Array | null, rows: number): PackedColumn {
  const [first, second] = [differences(ints, rows, 1), differences(ints, rows, 2)]
  const order = second.used < first.used ? 2 : 1
  const { words, most } = order === 2 ? second : first
  const width = most < 0x100 ? 1 : most < 0x10000 ? 2 : 4
  const plane = new Uint8Array(words.length * width)
  for (let byte = 0; byte < width; byte++)
    for (let at = 0; at < words.length; at++) plane[byte * words.length + at] = words[at]! >>> (byte * 8)
  const planes = [pack(plane), ...(unmeasured === null ? [] : [pack(unmeasured)])]
  return packed({ mode: 'int', width, order, marked: unmeasured !== null }, planes)
}

interface Ints {
  readonly ints: Int32Array
  /** 1 where nothing was measured; null where everything was. */
  readonly unmeasured: Uint8Array | null
}

function unpackInts({ head, planes }: PackedColumn, { ticks, rows }: Shape): Ints {
  const [length, width] = [ticks * rows, head.width!]
  const plane = unpack(planes[0]!, length * width)
  const unmeasured = head.marked === true ? unpack(planes[1]!, length) : null
  const ints = new Int32Array(length)
  for (let at = 0; at < length; at++) {
    let word = plane[at]!
    for (let byte = 1; byte < width; byte++) word |= plane[byte * length + at]! << (byte * 8)
    let delta = (word >>> 1) ^ -(word & 1)
    const before = at >= rows ? ints[at - rows]! : at > 0 ? ints[at - 1]! : 0
    if (head.order === 2 && at >= 2 * rows) delta += before - ints[at - 2 * rows]!
    ints[at] = before + delta
  }
  return { ints, unmeasured }
}

function intValues({ ints, unmeasured }: Ints): Float32Array {
  const values = Float32Array.from(ints)
  if (unmeasured !== null) for (let at = 0; at < values.length; at++) if (unmeasured[at] === 1) values[at] = Number.NaN
  return values
}

/** Small whole numbers are few: each is made a byte once. */
const TABLE = 1_024

/** The bytes of a picture of whole numbers; null when some lie beyond the table. */
function intBytes({ ints, unmeasured }: Ints, metric: MetricColumn): Uint8Array | null {
  const known = Float32Array.from({ length: TABLE + 1 }, (_, at) => (at === TABLE ? Number.NaN : at))
  const table = new Uint8Array(known.length)
  columnBytes(known, metric, table)
  const bytes = new Uint8Array(ints.length)
  for (let at = 0; at < ints.length; at++) {
    const int = unmeasured?.[at] === 1 ? TABLE : ints[at]!
    if (int < 0 || int > TABLE || (int === TABLE && unmeasured?.[at] !== 1)) return null
    bytes[at] = table[int]!
  }
  return bytes
}

/** float32 as four planes of bytes, each differing from the tick before only where the value changed. */
function packRaw(values: Float32Array, rows: number): PackedColumn {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const length = bits.length
  const plane = new Uint8Array(length * 4)
  for (let at = 0; at < length; at++) {
    const word = at >= rows ? bits[at]! ^ bits[at - rows]! : bits[at]!
    plane[at] = word >>> 24
    plane[length + at] = word >>> 16
    plane[2 * length + at] = word >>> 8
    plane[3 * length + at] = word
  }
  return packed({ mode: 'raw' }, [pack(plane)])
}

function unpackRaw({ planes }: PackedColumn, { ticks, rows }: Shape): Float32Array {
  const length = ticks * rows
  const plane = unpack(planes[0]!, length * 4)
  const values = new Float32Array(length)
  const bits = new Uint32Array(values.buffer)
  for (let at = 0; at < length; at++) {
    const word =
      (plane[at]! << 24) | (plane[length + at]! << 16) | (plane[2 * length + at]! << 8) | plane[3 * length + at]!
    bits[at] = at >= rows ? word ^ bits[at - rows]! : word
  }
  return values
}

const isLog = (column: MetricColumn): boolean => column.scale === 'log' && column.min > 0 && column.max > column.min

/** Same scale as quantizeColumn. */
function scaleOf(column: MetricColumn): { readonly log: boolean; readonly low: number; readonly span: number } {
  const log = isLog(column)
  const low = log ? Math.log(column.min) : column.min
  return { log, low, span: (log ? Math.log(column.max) : column.max) - low }
}

function packFine(values: Float32Array, cells: Uint8Array, column: MetricColumn, rows: number): PackedColumn | null {
  const { log, low, span } = scaleOf(column)
  if (!(span > 0)) return null
  const factor = CELL_STEPS / span
  const fine = new Uint8Array(values.length)
  const outside: number[] = []
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!
    if (value !== value) continue
    if (!(value >= column.min && value <= column.max)) {
      outside.push(at)
      continue
    }
    fine[at] = Math.floor((((log ? Math.log(value) : value) - low) * factor + 0.5) * FINE_STEPS) & (FINE_STEPS - 1)
  }
  if (outside.length > values.length * MAX_OUTSIDE) return null
  const high = new Uint8Array(values.length)
  const lower = new Uint8Array(values.length)
  for (let at = 0; at < values.length; at++) {
    high[at] = at >= rows ? cells[at]! - cells[at - rows]! : cells[at]!
    lower[at] = (at >= rows ? fine[at]! - fine[at - rows]! : fine[at]!) & (FINE_STEPS - 1)
  }
  const planes = [pack(high), pack(lower)]
  if (outside.length === 0) return packed({ mode: 'fine' }, planes)
  const places = new Uint32Array(outside.length * 2)
  const exact = new Float32Array(places.buffer, outside.length * 4, outside.length)
  outside.forEach((at, index) => {
    places[index] = at
    exact[index] = values[at]!
  })
  return packed({ mode: 'fine', marked: true }, [...planes, new Uint8Array(pack(places))])
}

function unpackCells({ planes }: PackedColumn, { ticks, rows }: Shape): Uint8Array {
  const cells = unpack(planes[0]!, ticks * rows)
  for (let at = rows; at < cells.length; at++) cells[at] = cells[at]! + cells[at - rows]!
  return cells
}

function unpackFine(column: PackedColumn, shape: Shape, metric: MetricColumn): Float32Array {
  const { ticks, rows } = shape
  const cells = unpackCells(column, shape)
  const fine = unpack(column.planes[1]!, ticks * rows)
  const { log, low, span } = scaleOf(metric)
  const values = new Float32Array(ticks * rows)
  for (let at = 0; at < values.length; at++) {
    if (at >= rows) fine[at] = (fine[at]! + fine[at - rows]!) & (FINE_STEPS - 1)
    const cell = cells[at]!
    if (cell === UNMEASURED_CELL) {
      values[at] = Number.NaN
      continue
    }
    const scaled = (cell + (fine[at]! + 0.5) / FINE_STEPS - 0.5) / CELL_STEPS
    const value = low + scaled * span
    values[at] = Math.min(metric.max, Math.max(metric.min, log ? Math.exp(value) : value))
  }
  if (column.head.marked === true) {
    // Their number is not kept beside them: it is what the plane unpacks to.
    const raw = zstdDecompressSync(column.planes[2]!, { maxOutputLength: values.length * 8 })
    const marks = new Uint8Array(raw)
    const count = marks.byteLength >> 3
    const places = new Uint32Array(marks.buffer, 0, count)
    const exact = new Float32Array(marks.buffer, count * 4, count)
    for (let index = 0; index < count; index++) values[places[index]!] = exact[index]!
  }
  return values
}

/** Packs the values of one column, [tick][row]. */
export function packColumn(values: Float32Array, rows: number, column: MetricColumn, form: ColumnForm): PackedColumn {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  if (isSame(bits)) return packed({ mode: 'const' }, [new Uint8Array(values.slice(0, 1).buffer)])
  const ints = toInts(values)
  if (ints !== null) return packInts(ints.ints, ints.unmeasured, rows)
  // A state is a word, not a measurement: what is none of ours must come back as it was.
  if (form === 'exact' || column.name === 'state') return packRaw(values, rows)
  const cells = new Uint8Array(values.length)
  columnBytes(values, column, cells)
  return packFine(values, cells, column, rows) ?? packRaw(values, rows)
}

/** Values [tick][row]. @throws RangeError when the planes are not those of that shape */
export function unpackValues(column: PackedColumn, shape: Shape, metric: MetricColumn): Float32Array {
  switch (column.head.mode) {
    case 'const': {
      const { buffer, byteOffset } = column.planes[0]!
      const value = new DataView(buffer, byteOffset, 4).getFloat32(0, true)
      return new Float32Array(shape.ticks * shape.rows).fill(value)
    }
    case 'int':
      return intValues(unpackInts(column, shape))
    case 'raw':
      return unpackRaw(column, shape)
    case 'fine':
      return unpackFine(column, shape, metric)
  }
}

/** Picture bytes [tick][row]: of the fine form without its sixteenths, which is quicker. @throws RangeError */
export function unpackBytes(column: PackedColumn, shape: Shape, metric: MetricColumn): Uint8Array {
  if (column.head.mode === 'fine') return unpackCells(column, shape)
  const ints = column.head.mode === 'int' ? unpackInts(column, shape) : null
  const quick = ints === null ? null : intBytes(ints, metric)
  if (quick !== null) return quick
  const values = ints === null ? unpackValues(column, shape, metric) : intValues(ints)
  const bytes = new Uint8Array(values.length)
  columnBytes(values, metric, bytes)
  return bytes
}
