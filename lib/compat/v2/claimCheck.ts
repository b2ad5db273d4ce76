/*
 * claimCheck: a batch whose payload lies in a file on the publisher's disk.
 * In: a TelemetryBatch as parsed, or the bytes of its file. Out: the claim, the JSON bytes.
 * Invariant: an id is a UUID before it is ever part of a path; the file's first bytes decide its compression, bounded.
 * Source: docs/protocol.md "the v2 client"; seed-design.md 2.2.
 */
import { constants, gunzipSync } from 'node:zlib'
import { inflateBounded, INFLATE_LIMITS, looksLikeZlib } from '../../bus/compression.ts'
import { AppError } from '../../contracts/appError.ts'
import { isRaw, type Raw } from './liftMessage.ts'

export interface ClaimCheck {
  readonly id: string
  /** Bytes of the JSON text, as the publisher says; null when it does not say. */
  readonly sizeBytes: number | null
  readonly source: string
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Finds the claim of a batch; null when its messages are inside. @throws CONTRACT_INVALID for an id that is no UUID */
export function claimOf(batch: Raw): ClaimCheck | null {
  const metadata = batch['metadata']
  const messages = batch['messages']
  if (!isRaw(metadata) || metadata['claim_check_id'] === undefined) return null
  if (Array.isArray(messages) && messages.length > 0) return null
  const id = metadata['claim_check_id']
  if (typeof id !== 'string' || !UUID.test(id.toLowerCase()))
    throw new AppError('CONTRACT_INVALID', 'TelemetryBatch metadata.claim_check_id: not a UUID', {
      path: 'metadata.claim_check_id',
    })
  const size = metadata['claim_check_size']
  return {
    id: id.toLowerCase(),
    sizeBytes: Number.isSafeInteger(size) && (size as number) >= 0 ? (size as number) : null,
    source: typeof batch['source'] === 'string' ? batch['source'].slice(0, 256) : '',
  }
}

function gunzipBounded(bytes: Uint8Array): Uint8Array {
  const { maxBytes, maxRatio, freeBytes } = INFLATE_LIMITS
  const maxOutputLength = Math.min(maxBytes, Math.max(freeBytes, bytes.byteLength * maxRatio))
  try {
    return gunzipSync(bytes, { maxOutputLength, finishFlush: constants.Z_FINISH })
  } catch (error) {
    const tooLarge = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    if (tooLarge)
      throw new AppError('CONTRACT_INFLATE', `inflates to more than ${maxOutputLength} B`, { path: 'data' }, error)
    throw new AppError('CONTRACT_ENCODING', 'the bytes are not gzip', { path: 'data' }, error)
  }
}

/**
 * Gives the JSON bytes inside `bytes`, whatever their label says: zlib, zstd, gzip or plain, told by their first bytes.
 * @throws CONTRACT_INFLATE, CONTRACT_ENCODING
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  if (looksLikeZlib(bytes)) return inflateBounded(bytes, 'zlib')
  if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd)
    return inflateBounded(bytes, 'zstd')
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipBounded(bytes) : bytes
}
