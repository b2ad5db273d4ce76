/*
 * layerChunk: some ticks of one layer as one payload: a head, the moments with their checksums, then each column packed for itself.
 * In: ticks in their order. Out: bytes; and from bytes the moments, and single columns without the others.
 * Invariant: a payload says itself which layer, rows and columns it holds; one column is read without unpacking another; lengths that
 * do not fit are refused.
 * Source: docs/history.md "files".
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { z } from 'zod'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import {
  packColumn,
  unpackBytes,
  unpackValues,
  type ColumnForm,
  type ColumnHead,
  type PackedColumn,
} from './columnCodec.ts'
import type { HistoryTick, TickMoment } from './historyTick.ts'

const MOMENT_FIELDS = 6
const MAX_TICKS = 65_536
const MAX_ROWS = 65_536
const MAX_COLUMNS = 128

const Length = z.int().min(0).max(0x7fff_ffff)
const ChunkHead = z.object({
  layer_id: z.string().max(128),
  ticks: z.int().min(1).max(MAX_TICKS),
  rows: z.int().min(1).max(MAX_ROWS),
  layer_columns: z.int().min(0).max(MAX_COLUMNS),
  moments: Length,
  names: z.array(z.string().max(64)).max(MAX_COLUMNS),
  columns: z.array(
    z.object({
      mode: z.enum(['const', 'int', 'raw', 'fine']),
      planes: z.array(Length).max(3),
      width: z.int().min(1).max(4).optional(),
      order: z.union([z.literal(1), z.literal(2)]).optional(),
      marked: z.boolean().optional(),
    }),
  ),
})

export interface LayerChunk {
  readonly layerId: string
  readonly ticks: number
  readonly rows: number
  readonly names: readonly string[]
  readonly moments: readonly TickMoment[]
  /** Layer columns [tick][column]. */
  readonly layerValues: Float32Array
  readonly layerColumns: number
  /** Values [tick][row] of a column by its place in `names`. @throws RangeError when damaged */
  values(place: number, column: MetricColumn): Float32Array
  bytes(place: number, column: MetricColumn): Uint8Array
}

const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
const pack = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, LEVEL)

/** Numbers that change little, as planes of their bytes: what compresses is then side by side. */
function shuffle(numbers: Float64Array, perField: number): Uint8Array {
  const plain = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  const bytes = new Uint8Array(numbers.byteLength)
  for (let at = 0; at < numbers.length; at++)
    for (let byte = 0; byte < 8; byte++) {
      const before = at % perField === 0 ? 0 : plain[(at - 1) * 8 + byte]!
      bytes[byte * numbers.length + at] = plain[at * 8 + byte]! ^ before
    }
  return bytes
}
function unshuffle(bytes: Uint8Array, perField: number): Float64Array {
  const numbers = new Float64Array(bytes.byteLength / 8)
  const plain = new Uint8Array(numbers.buffer)
  for (let at = 0; at < numbers.length; at++)
    for (let byte = 0; byte < 8; byte++) {
      const before = at % perField === 0 ? 0 : plain[(at - 1) * 8 + byte]!
      plain[at * 8 + byte] = bytes[byte * numbers.length + at]! ^ before
    }
  return numbers
}

/** Moments, checksums and layer columns of all ticks as one packed piece. */
function packMoments(ticks: readonly HistoryTick[], layerColumns: number): Uint8Array {
  const count = ticks.length
  const numbers = new Float64Array(count * MOMENT_FIELDS)
  ticks.forEach(({ atMs, tick, step, flags, entryMs, entrySeq }, at) => {
    ;[atMs, tick, step, flags, entryMs, entrySeq].forEach((value, field) => (numbers[field * count + at] = value))
  })
  const sums = Buffer.from(ticks.map((tick) => tick.checksum).join(''), 'hex')
  const layer = new Float32Array(count * layerColumns)
  ticks.forEach((tick, at) => layer.set(tick.layerValues.subarray(0, layerColumns), at * layerColumns))
  return pack(Buffer.concat([shuffle(numbers, count), sums, new Uint8Array(layer.buffer)]))
}

export interface ChunkShape {
  readonly layerId: string
  readonly rows: number
  readonly columns: readonly MetricColumn[]
  readonly layerColumns: number
  readonly form: ColumnForm
}

/** Makes the payload of a chunk; yields after each column. */
export function* encodeChunk(ticks: readonly HistoryTick[], shape: ChunkShape): Generator<void, Buffer, void> {
  const { layerId, rows, columns, layerColumns, form } = shape
  const packedColumns: PackedColumn[] = []
  for (let place = 0; place < columns.length; place++) {
    const values = new Float32Array(ticks.length * rows)
    ticks.forEach((tick, at) => values.set(tick.seeds.subarray(place * rows, (place + 1) * rows), at * rows))
    packedColumns.push(packColumn(values, rows, columns[place]!, form))
    yield
  }
  const moments = packMoments(ticks, layerColumns)
  const head = pack(
    Buffer.from(
      JSON.stringify({
        layer_id: layerId,
        ticks: ticks.length,
        rows,
        layer_columns: layerColumns,
        moments: moments.byteLength,
        names: columns.map((column) => column.name),
        columns: packedColumns.map((column) => column.head),
      }),
    ),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(head.byteLength, 0)
  return Buffer.concat([length, head, moments, ...packedColumns.flatMap((column) => column.planes)])
}

/** The head lies in this many bytes, with 128 columns too. */
export const CHUNK_HEAD_BYTES = 32_768

function readHead(payload: Buffer): { readonly head: z.infer<typeof ChunkHead>; readonly headBytes: number } {
  const headBytes = payload.readUInt32LE(0)
  if (4 + headBytes > payload.byteLength) throw new RangeError('a chunk shorter than its head')
  const text = zstdDecompressSync(payload.subarray(4, 4 + headBytes), { maxOutputLength: 262_144 }).toString('utf8')
  return { head: ChunkHead.parse(JSON.parse(text)), headBytes }
}

/** Which layer a chunk is of; its first CHUNK_HEAD_BYTES are enough. Null when it does not say. */
export function layerOfChunk(payload: Buffer): string | null {
  try {
    return readHead(payload).head.layer_id
  } catch {
    return null
  }
}

/** Opens a payload; columns are unpacked when they are asked for. @throws RangeError, ZodError when it is no chunk */
export function openChunk(payload: Buffer): LayerChunk {
  const { head, headBytes } = readHead(payload)
  const { ticks, rows, layer_columns: layerColumns } = head
  if (head.columns.length !== head.names.length) throw new RangeError('columns without names')
  let at = 4 + headBytes + head.moments
  const places = head.columns.map((column) => {
    const start = at
    at += column.planes.reduce((sum, length) => sum + length, 0)
    return start
  })
  if (at !== payload.byteLength) throw new RangeError('a chunk of another length than its planes')
  const momentBytes = ticks * (MOMENT_FIELDS * 8 + 8 + layerColumns * 4)
  const packedMoments = payload.subarray(4 + headBytes, 4 + headBytes + head.moments)
  const raw = zstdDecompressSync(packedMoments, { maxOutputLength: momentBytes })
  if (raw.byteLength !== momentBytes) throw new RangeError('moments of another length')
  const numbers = unshuffle(raw.subarray(0, ticks * MOMENT_FIELDS * 8), ticks)
  const sumsAt = ticks * MOMENT_FIELDS * 8
  const moments = Array.from({ length: ticks }, (_, index): TickMoment => {
    const field = (number: number): number => numbers[number * ticks + index]!
    const checksum = raw.toString('hex', sumsAt + index * 8, sumsAt + index * 8 + 8)
    return {
      atMs: field(0),
      tick: field(1),
      step: field(2),
      flags: field(3),
      entryMs: field(4),
      entrySeq: field(5),
      checksum,
    }
  })
  const layerValues = new Float32Array(ticks * layerColumns)
  new Uint8Array(layerValues.buffer).set(raw.subarray(sumsAt + ticks * 8))
  const columnAt = (place: number): PackedColumn => {
    const column = head.columns[place] as ColumnHead | undefined
    if (column === undefined) throw new RangeError('no such column')
    let from = places[place]!
    const planes = column.planes.map((length) => {
      const plane = payload.subarray(from, from + length)
      from += length
      return plane
    })
    return { head: column, planes }
  }
  return {
    layerId: head.layer_id,
    ticks,
    rows,
    names: head.names,
    moments,
    layerValues,
    layerColumns,
    values: (place, column) => unpackValues(columnAt(place), { ticks, rows }, column),
    bytes: (place, column) => unpackBytes(columnAt(place), { ticks, rows }, column),
  }
}
