/*
 * compression: zlib and zstd with every bound set before a byte is inflated.
 * In: compressed bytes of strangers. Out: plain bytes, or a refusal by code.
 * Invariant: output is limited by size and by ratio, the decoder's window by a constant; what a header claims about its content
 * is never used to allocate.
 * Source: docs/protocol.md "bounds"; seed-design.md 5.3.
 */
import { constants, deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { AppError } from '../contracts/appError.ts'

export type Compression = 'zlib' | 'zstd'

export interface InflateLimits {
  readonly maxBytes?: number
  /** Inflated over compressed bytes; small outputs (freeBytes) are exempt, they can not hurt. */
  readonly maxRatio?: number
  readonly freeBytes?: number
}

export const INFLATE_LIMITS = Object.freeze({ maxBytes: 8_388_608, maxRatio: 100, freeBytes: 65_536 })

/** log2 of the largest window a zstd frame may ask for: 8 MB. */
const MAX_WINDOW_LOG = 23
const ZSTD_MAGIC = 0xfd2f_b528

const refuseInflate = (text: string, cause?: unknown): AppError =>
  new AppError('CONTRACT_INFLATE', text, { path: 'data' }, cause)
const refuseEncoding = (text: string, cause?: unknown): AppError =>
  new AppError('CONTRACT_ENCODING', text, { path: 'enc' }, cause)

/** Reads the content size a zstd frame claims; null when it claims none, and for anything that is not a zstd frame. */
function claimedZstdBytes(bytes: Uint8Array): number | null {
  if (bytes.byteLength < 6) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return null
  const descriptor = view.getUint8(4)
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes
  const fieldBytes = sizeFlag === 0 ? Number(singleSegment) : 1 << sizeFlag
  if (fieldBytes === 0 || bytes.byteLength < at + fieldBytes) return null
  if (fieldBytes === 1) return view.getUint8(at)
  if (fieldBytes === 2) return view.getUint16(at, true) + 256
  return fieldBytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true))
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

function inflate(bytes: Uint8Array, compression: Compression, maxOutputLength: number): Uint8Array {
  if (compression === 'zlib') return inflateSync(bytes, { maxOutputLength })
  return zstdDecompressSync(bytes, { maxOutputLength, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } })
}

/**
 * Inflates bytes under a size and a ratio bound.
 * @throws CONTRACT_INFLATE when a bound is broken or a size claim is false, CONTRACT_ENCODING when the bytes are not of that kind.
 */
export function inflateBounded(bytes: Uint8Array, compression: Compression, limits: InflateLimits = {}): Uint8Array {
  const { maxBytes = INFLATE_LIMITS.maxBytes, maxRatio = INFLATE_LIMITS.maxRatio } = limits
  const { freeBytes = INFLATE_LIMITS.freeBytes } = limits
  const bound = Math.min(maxBytes, Math.max(freeBytes, bytes.byteLength * maxRatio))
  const claimed = compression === 'zstd' ? claimedZstdBytes(bytes) : null
  if (claimed !== null && claimed > bound)
    throw refuseInflate(`the frame claims ${claimed} B, ${bound} are accepted for ${bytes.byteLength} B`)
  try {
    return inflate(bytes, compression, bound)
  } catch (error) {
    if (isTooLarge(error)) throw refuseInflate(`inflates to more than ${bound} B from ${bytes.byteLength} B`, error)
    throw refuseEncoding(`the bytes are not ${compression}`, error)
  }
}

/** Compresses with zlib (level 6) or zstd (level 1: the level that pays for JSON above 1 KB). */
export function deflateBytes(bytes: Uint8Array, compression: Compression): Uint8Array {
  if (compression === 'zlib') return deflateSync(bytes)
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
}

/** Recognises what foreign publishers compress: the zlib header of the default level, 78 9c. */
export function looksLikeZlib(bytes: Uint8Array): boolean {
  return bytes[0] === 0x78 && bytes[1] === 0x9c
}
