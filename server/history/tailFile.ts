/*
 * tailFile: the ticks that are not in a chunk yet, as they came: what a killed server had seen is there when it is back.
 * In: ticks, one by one. Out: an open file; and from a file as many ticks as are whole.
 * Invariant: each tick stands behind its length and checksum; reading ends at the first that is not whole and never throws for it.
 * Source: docs/history.md "files".
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { HistoryTick } from './historyTick.ts'

const MAGIC = 0x3154534d
const HEAD_BYTES = 80
const MAX_PAYLOAD = 64 * 1_048_576

/** What a tail says of the layers its ticks are of, in its first line. */
export interface TailShape {
  readonly layers: readonly { readonly layer_id: string; readonly rows: number }[]
  readonly columns: readonly string[]
  readonly layer_columns: number
}

/** The first line of a tail. */
export function tailHead(shape: TailShape): Buffer {
  const text = Buffer.from(JSON.stringify(shape))
  const length = Buffer.alloc(8)
  length.writeUInt32LE(MAGIC, 0)
  length.writeUInt32LE(text.byteLength, 4)
  return Buffer.concat([length, text])
}

/** One tick as it stands in a tail. */
export function encodeTick(tick: HistoryTick): Buffer {
  const values = tick.layerValues.byteLength + tick.seeds.byteLength
  const bytes = Buffer.alloc(HEAD_BYTES + values)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(values, 8)
  bytes.writeUInt16LE(tick.layer, 12)
  bytes.writeUInt32LE(tick.layerValues.length, 16)
  const moment = [tick.atMs, tick.tick, tick.step, tick.flags, tick.entryMs, tick.entrySeq]
  moment.forEach((value, at) => bytes.writeDoubleLE(value, 24 + at * 8))
  bytes.write(tick.checksum, 72, 'hex')
  bytes.set(
    new Uint8Array(tick.layerValues.buffer, tick.layerValues.byteOffset, tick.layerValues.byteLength),
    HEAD_BYTES,
  )
  bytes.set(
    new Uint8Array(tick.seeds.buffer, tick.seeds.byteOffset, tick.seeds.byteLength),
    HEAD_BYTES + tick.layerValues.byteLength,
  )
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

const floatsAt = (bytes: Buffer, at: number, count: number): Float32Array => {
  const values = new Float32Array(count)
  new Uint8Array(values.buffer).set(bytes.subarray(at, at + count * 4))
  return values
}

export interface TailReader {
  readonly ticks: readonly HistoryTick[]
  /** Null until the first line is whole. */
  shape(): TailShape | null
  /** Bytes behind the last whole tick. */
  tornBytes(): number
  /** Reads what was added; false when the file is not there. */
  refresh(): boolean
}

/** Reads a tail that may still grow. */
export function createTailReader(file: string): TailReader {
  const ticks: HistoryTick[] = []
  let shape: TailShape | null = null
  let valid = 0
  let torn = 0

  const take = (bytes: Buffer): number => {
    let at = 0
    if (shape === null) {
      if (bytes.byteLength < 8 || bytes.readUInt32LE(0) !== MAGIC) return 0
      const end = 8 + bytes.readUInt32LE(4)
      if (end > bytes.byteLength) return 0
      shape = JSON.parse(bytes.toString('utf8', 8, end)) as TailShape
      at = end
    }
    for (;;) {
      const next = takeTick(bytes, at)
      if (next === null) return at
      ticks.push(next.tick)
      at = next.end
    }
  }
  return {
    ticks,
    shape: () => shape,
    tornBytes: () => torn,
    refresh() {
      let fd: number
      try {
        fd = openSync(file, 'r')
      } catch {
        return false
      }
      try {
        const { size } = fstatSync(fd)
        const bytes = Buffer.alloc(Math.max(0, size - valid))
        const read = bytes.byteLength === 0 ? 0 : readSync(fd, bytes, 0, bytes.byteLength, valid)
        const taken = take(bytes.subarray(0, read))
        valid += taken
        torn = read - taken
        return true
      } finally {
        closeSync(fd)
      }
    },
  }
}

/** One tick out of the bytes; null when it is not whole. */
function takeTick(bytes: Buffer, at: number): { readonly tick: HistoryTick; readonly end: number } | null {
  if (at + HEAD_BYTES > bytes.byteLength || bytes.readUInt32LE(at) !== MAGIC) return null
  const length = bytes.readUInt32LE(at + 8)
  const end = at + HEAD_BYTES + length
  if (length > MAX_PAYLOAD || end > bytes.byteLength) return null
  if (bytes.readUInt32LE(at + 4) !== crc32(bytes.subarray(at + 8, end))) return null
  const layerCount = bytes.readUInt32LE(at + 16)
  if (layerCount * 4 > length) return null
  const number = (field: number): number => bytes.readDoubleLE(at + 24 + field * 8)
  const tick: HistoryTick = {
    layer: bytes.readUInt16LE(at + 12),
    atMs: number(0),
    tick: number(1),
    step: number(2),
    flags: number(3),
    entryMs: number(4),
    entrySeq: number(5),
    checksum: bytes.toString('hex', at + 72, at + 80),
    layerValues: floatsAt(bytes, at + HEAD_BYTES, layerCount),
    seeds: floatsAt(bytes, at + HEAD_BYTES + layerCount * 4, (length >> 2) - layerCount),
  }
  return { tick, end }
}
