/*
 * blockFile: the form of a history file: blocks behind each other, each with a head, a payload and a foot that holds its hash.
 * In: payloads with what an index needs of them. Out: bytes to append; heads of all blocks of a file; payloads that were checked.
 * Invariant: bytes are only ever appended; a torn end costs the block it is in and nothing before it; no length is trusted.
 * Source: docs/history.md "files".
 */
import { createHash } from 'node:crypto'
import { fstatSync, readSync } from 'node:fs'

/** 'MSH1' read as a little-endian u32: the letters and the version. */
const MAGIC = 0x3148534d
const END = 0x4548534d
export const BLOCK_HEAD_BYTES = 64
export const BLOCK_FOOT_BYTES = 16
const MAX_PAYLOAD = 512 * 1_048_576
const HASH_BYTES = 12

/** chunk: columns of a layer over some ticks. events: records. gap: one gap. */
export const BLOCK_KIND = Object.freeze({ chunk: 1, events: 2, gap: 3 })
/** Kinds of records counted in the head of a block of events. */
export const BLOCK_COUNTS = 8

export interface BlockHead {
  readonly kind: number
  /** The payload is zstd. */
  readonly packed: boolean
  /** Place of the layer in the file's own list; 0 for other kinds. */
  readonly layer: number
  /** Ticks of a chunk, records of a block of events. */
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  /** events: how many of each kind. chunk: rows, then bytes of its ticks and columns as they were in memory. */
  readonly counts: readonly number[]
}

export interface BlockRef extends BlockHead {
  /** Of the payload in its file. */
  readonly at: number
  readonly bytes: number
}

const hashOf = (head: Uint8Array, payload: Uint8Array): Buffer =>
  createHash('sha256').update(head).update(payload).digest().subarray(0, HASH_BYTES)

/** Puts a block together. */
export function encodeBlock(head: BlockHead, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(BLOCK_HEAD_BYTES + payload.byteLength + BLOCK_FOOT_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt8(head.kind, 4)
  bytes.writeUInt8(head.packed ? 1 : 0, 5)
  bytes.writeUInt16LE(head.layer, 6)
  bytes.writeUInt32LE(payload.byteLength, 8)
  bytes.writeUInt32LE(head.count, 12)
  bytes.writeDoubleLE(head.fromMs, 16)
  bytes.writeDoubleLE(head.toMs, 24)
  head.counts.slice(0, BLOCK_COUNTS).forEach((count, at) => bytes.writeUInt32LE(count >>> 0, 32 + at * 4))
  bytes.set(payload, BLOCK_HEAD_BYTES)
  const foot = BLOCK_HEAD_BYTES + payload.byteLength
  bytes.set(hashOf(bytes.subarray(0, BLOCK_HEAD_BYTES), payload), foot)
  bytes.writeUInt32LE(END, foot + HASH_BYTES)
  return bytes
}

function decodeHead(bytes: Buffer, at: number): BlockRef | null {
  if (bytes.readUInt32LE(0) !== MAGIC) return null
  const length = bytes.readUInt32LE(8)
  if (length > MAX_PAYLOAD) return null
  return {
    kind: bytes.readUInt8(4),
    packed: bytes.readUInt8(5) === 1,
    layer: bytes.readUInt16LE(6),
    count: bytes.readUInt32LE(12),
    fromMs: bytes.readDoubleLE(16),
    toMs: bytes.readDoubleLE(24),
    counts: Array.from({ length: BLOCK_COUNTS }, (_, place) => bytes.readUInt32LE(32 + place * 4)),
    at: at + BLOCK_HEAD_BYTES,
    bytes: length,
  }
}

const readAt = (fd: number, at: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const got = readSync(fd, bytes, read, length - read, at + read)
    if (got === 0) break
    read += got
  }
  return bytes.subarray(0, read)
}

/** Lists the blocks of an open file from `from` on, and where the last whole one ends. Reads heads and feet only. */
export function walkBlocks(fd: number, from: number): { readonly blocks: BlockRef[]; readonly validBytes: number } {
  const size = fstatSync(fd).size
  const blocks: BlockRef[] = []
  let at = from
  while (at + BLOCK_HEAD_BYTES + BLOCK_FOOT_BYTES <= size) {
    const head = decodeHead(readAt(fd, at, BLOCK_HEAD_BYTES), at)
    if (head === null) break
    const foot = head.at + head.bytes
    if (foot + BLOCK_FOOT_BYTES > size) break
    if (readAt(fd, foot + HASH_BYTES, 4).readUInt32LE(0) !== END) break
    blocks.push(head)
    at = foot + BLOCK_FOOT_BYTES
  }
  return { blocks, validBytes: at }
}

/** Reads a payload and holds it against its hash; null when it is not what was written. */
export function readBlock(fd: number, { at, bytes }: Pick<BlockRef, 'at' | 'bytes'>): Buffer | null {
  const whole = readAt(fd, at - BLOCK_HEAD_BYTES, BLOCK_HEAD_BYTES + bytes + BLOCK_FOOT_BYTES)
  if (whole.byteLength !== BLOCK_HEAD_BYTES + bytes + BLOCK_FOOT_BYTES) return null
  const payload = whole.subarray(BLOCK_HEAD_BYTES, BLOCK_HEAD_BYTES + bytes)
  const found = hashOf(whole.subarray(0, BLOCK_HEAD_BYTES), payload)
  return found.equals(whole.subarray(BLOCK_HEAD_BYTES + bytes, BLOCK_HEAD_BYTES + bytes + HASH_BYTES)) ? payload : null
}

/** The beginning of a payload, unchecked. */
export function peekBlock(fd: number, { at, bytes }: Pick<BlockRef, 'at' | 'bytes'>, most: number): Buffer {
  return readAt(fd, at, Math.min(bytes, most))
}

/** The whole bytes of a block as they stand in its file: head, payload, foot. */
export function readRawBlock(fd: number, { at, bytes }: Pick<BlockRef, 'at' | 'bytes'>): Buffer {
  return readAt(fd, at - BLOCK_HEAD_BYTES, BLOCK_HEAD_BYTES + bytes + BLOCK_FOOT_BYTES)
}
