/*
 * segmentIndex: what is known of the blocks of a segment without reading them, in a file beside it.
 * In: entries with the place of their block. Out: a file to append to; the entries of a file by the place of their block.
 * Invariant: it says nothing that the blocks do not say and can always be done without; each entry stands behind its length and checksum,
 * and reading ends at the first that is not whole; an entry of a block that was cut off is cut off with it.
 * Source: docs/history.md "files".
 */
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'

/** 'MSX1' read as a little-endian u32. */
const MAGIC = 0x3158534d
const HEAD_BYTES = 24

export interface IndexEntry {
  readonly payload: Buffer
  /** Where the entry ends in its file. */
  readonly endAt: number
}

/** Every whole entry of a file by the place of its block; none when there is no such file. */
export function readIndex(file: string): ReadonlyMap<number, IndexEntry> {
  const entries = new Map<number, IndexEntry>()
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch {
    return entries
  }
  for (let at = 0; at + HEAD_BYTES <= bytes.byteLength && bytes.readUInt32LE(at) === MAGIC;) {
    const endAt = at + HEAD_BYTES + bytes.readUInt32LE(at + 8)
    if (endAt > bytes.byteLength || crc32(bytes.subarray(at + 8, endAt)) !== bytes.readUInt32LE(at + 4)) break
    entries.set(bytes.readDoubleLE(at + 16), { payload: bytes.subarray(at + HEAD_BYTES, endAt), endAt })
    at = endAt
  }
  return entries
}

/** One entry; `blockAt` is the place of its block's payload. */
export function encodeEntry(blockAt: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + payload.byteLength)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(payload.byteLength, 8)
  bytes.writeDoubleLE(blockAt, 16)
  bytes.set(payload, HEAD_BYTES)
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4)
  return bytes
}

export interface IndexWriter {
  /** Never throws: an index that can not be written is done without. */
  add(blockAt: number, encode: () => Uint8Array): void
  end(): void
}

/** Goes on in the index of a segment whose blocks end at `blocksEnd`: what says anything of later ones is cut off. */
export function openIndexWriter(file: string, blocksEnd: number): IndexWriter {
  let fd = -1
  let size = 0
  try {
    for (const [blockAt, { endAt }] of readIndex(file)) if (blockAt < blocksEnd) size = Math.max(size, endAt)
    fd = openSync(file, 'a+')
    ftruncateSync(fd, size)
  } catch {
    fd = -1
  }
  return {
    add(blockAt, encode) {
      if (fd < 0) return
      try {
        const bytes = encodeEntry(blockAt, encode())
        for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at, bytes.byteLength - at)
        size += bytes.byteLength
      } catch {
        try {
          ftruncateSync(fd, size)
        } catch {
          // What is behind a torn entry is read from the blocks.
        }
      }
    },
    end() {
      if (fd >= 0) closeSync(fd)
      fd = -1
    },
  }
}
