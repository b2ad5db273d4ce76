/*
 * recordingFile: the form of a recording: a magic with its version, then blocks, each with its length and checksum.
 * In: what is known of a run. Out: bytes to append; and back, as much as is whole, with words for what is not.
 * Invariant: bytes are only ever appended; a torn end costs the blocks behind the tear and nothing before it; lengths are never trusted.
 * Source: docs/protocol.md "runs and recordings".
 */
import { promisify } from 'node:util'
import { crc32, deflateRaw, inflateRaw } from 'node:zlib'
import { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { LifeNote } from '../ingest/lifeNotes.ts'

const pack = promisify(deflateRaw)
const unpack = promisify(inflateRaw)

/** Seven letters and the version. */
export const MAGIC = Buffer.from('MSCREC\u0000\u0001', 'latin1')
export const BLOCK_HEADER_BYTES = 12
const MAX_BLOCK_BYTES = 16 * 1_048_576
const MAX_UNPACKED_BYTES = 64 * 1_048_576

export const BLOCK = Object.freeze({ head: 1, lines: 2, picture: 3, end: 4 })

export interface RecordingHead {
  readonly descriptor: RunDescriptor
  readonly firstSeenMs: number
  /** Let go when the file reached its bound, over its whole life. */
  readonly notesLeftOut: number
  readonly picturesLeftOut: number
}

export interface PictureMoment {
  readonly step: number | null
  readonly tick: number | null
  readonly atMs: number
}
export interface RecordedLayer {
  readonly layerId: string
  readonly rows: number
}
/** values: layer after layer, each [column][row]. */
export interface RecordedPicture extends PictureMoment {
  readonly layers: readonly RecordedLayer[]
  readonly columns: readonly string[]
  readonly values: Float32Array
}

export interface Block {
  readonly kind: number
  readonly payload: Uint8Array
}

/** Puts a length and a checksum before a payload. */
export function frameBlock(kind: number, payload: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(BLOCK_HEADER_BYTES + payload.byteLength)
  framed.writeUInt32LE(payload.byteLength, 0)
  framed.writeUInt32LE(kind, 4)
  framed.writeUInt32LE(crc32(payload, kind), 8)
  framed.set(payload, BLOCK_HEADER_BYTES)
  return framed
}

const packJson = async (kind: number, value: unknown): Promise<Buffer> =>
  frameBlock(kind, await pack(Buffer.from(JSON.stringify(value)), { level: 3 }))

export const headBlock = (head: RecordingHead): Promise<Buffer> => packJson(BLOCK.head, head)
export const endBlock = (gone: boolean): Promise<Buffer> => packJson(BLOCK.end, { gone })

export interface RecordingLines {
  readonly records: readonly LiveRecord[]
  readonly notes: readonly LifeNote[]
}
export const linesBlock = (lines: RecordingLines): Promise<Buffer> => packJson(BLOCK.lines, lines)

const MOMENT_BYTES = 24
const orNaN = (value: number | null): number => value ?? Number.NaN
const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Packs a picture: its moment, bare, so that it can be found without unpacking; then a description and the values. */
export async function pictureBlock({ values, layers, columns, ...moment }: RecordedPicture): Promise<Buffer> {
  const words = Buffer.from(JSON.stringify({ layers, columns }))
  const whole = Buffer.allocUnsafe(4 + words.byteLength + values.byteLength)
  whole.writeUInt32LE(words.byteLength, 0)
  whole.set(words, 4)
  whole.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 4 + words.byteLength)
  const bare = Buffer.alloc(MOMENT_BYTES)
  bare.writeDoubleLE(moment.atMs, 0)
  bare.writeDoubleLE(orNaN(moment.step), 8)
  bare.writeDoubleLE(orNaN(moment.tick), 16)
  return frameBlock(BLOCK.picture, Buffer.concat([bare, await pack(whole, { level: 1 })]))
}

export interface WalkedFile {
  readonly blocks: readonly Block[]
  /** Up to here everything is whole. */
  readonly validBytes: number
  readonly fault: 'form' | 'version' | 'torn' | null
}

/** Walks the blocks of a file up to the first that is not whole. Never throws. */
export function walkBlocks(bytes: Buffer): WalkedFile {
  const isOurs = bytes.byteLength >= MAGIC.byteLength && bytes.subarray(0, 7).equals(MAGIC.subarray(0, 7))
  if (!isOurs) return { blocks: [], validBytes: 0, fault: 'form' }
  if (bytes[7] !== MAGIC[7]) return { blocks: [], validBytes: 0, fault: 'version' }
  const blocks: Block[] = []
  let at = MAGIC.byteLength
  while (at < bytes.byteLength) {
    if (at + BLOCK_HEADER_BYTES > bytes.byteLength) return { blocks, validBytes: at, fault: 'torn' }
    const length = bytes.readUInt32LE(at)
    const kind = bytes.readUInt32LE(at + 4)
    const from = at + BLOCK_HEADER_BYTES
    if (length > MAX_BLOCK_BYTES || from + length > bytes.byteLength) return { blocks, validBytes: at, fault: 'torn' }
    const payload = bytes.subarray(from, from + length)
    if (crc32(payload, kind) !== bytes.readUInt32LE(at + 8)) return { blocks, validBytes: at, fault: 'torn' }
    blocks.push({ kind, payload })
    at = from + length
  }
  return { blocks, validBytes: at, fault: null }
}

const unpackBytes = (payload: Uint8Array): Promise<Buffer> => unpack(payload, { maxOutputLength: MAX_UNPACKED_BYTES })
const unpackJson = async (payload: Uint8Array): Promise<unknown> =>
  JSON.parse((await unpackBytes(payload)).toString('utf8'))

/** @throws when the head is none */
export async function readHead(payload: Uint8Array): Promise<RecordingHead> {
  const said = (await unpackJson(payload)) as RecordingHead
  return { ...said, descriptor: RunDescriptor.parse(said.descriptor) }
}

/** Records are checked again; a note is as it was written, its block's checksum says so. */
export async function readLines(payload: Uint8Array): Promise<RecordingLines> {
  const said = (await unpackJson(payload)) as { records: readonly unknown[]; notes: readonly LifeNote[] }
  const records = said.records.flatMap((one) => {
    const parsed = LiveRecord.safeParse(one)
    return parsed.success ? [parsed.data] : []
  })
  return { records, notes: said.notes }
}

export const readEnd = async (payload: Uint8Array): Promise<boolean> =>
  ((await unpackJson(payload)) as { gone: boolean }).gone

/** When a picture was taken. @throws when it is shorter than that */
export function readMoment(payload: Uint8Array): PictureMoment {
  const bare = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  return { atMs: bare.readDoubleLE(0), step: orNull(bare.readDoubleLE(8)), tick: orNull(bare.readDoubleLE(16)) }
}

/** @throws when the description does not fit the bytes */
export async function readPicture(payload: Uint8Array): Promise<RecordedPicture> {
  const whole = await unpackBytes(payload.subarray(MOMENT_BYTES))
  const words = whole.readUInt32LE(0)
  const about = JSON.parse(whole.subarray(4, 4 + words).toString('utf8')) as Pick<RecordedPicture, 'layers' | 'columns'>
  const bytes = whole.subarray(4 + words)
  const rows = about.layers.reduce((sum, layer) => sum + layer.rows, 0)
  if (bytes.byteLength !== rows * about.columns.length * 4) throw new RangeError('a picture of another size')
  const values = new Float32Array(rows * about.columns.length)
  new Uint8Array(values.buffer).set(bytes)
  return { ...readMoment(payload), ...about, values }
}
