/*
 * headedBytes: one binary answer: a JSON head with its length, then planes of numbers behind it.
 * In: a head and planes. Out: bytes, and both again from the bytes.
 * Invariant: the body begins on a multiple of 8, so that any typed array can lie on it; a length that does not fit is refused.
 * Source: docs/protocol.md "layers: rows, grid, baseline".
 */
import { AppError } from '../contracts/appError.ts'

const MAX_HEAD_BYTES = 4_194_304

const bodyAt = (headBytes: number): number => (4 + headBytes + 7) & ~7

/** Puts head and planes together. */
export function encodeHeaded(head: unknown, planes: readonly ArrayBufferView[]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(head))
  let at = bodyAt(text.byteLength)
  const bytes = new Uint8Array(at + planes.reduce((sum, plane) => sum + plane.byteLength, 0))
  new DataView(bytes.buffer).setUint32(0, text.byteLength, true)
  bytes.set(text, 4)
  for (const plane of planes) {
    bytes.set(new Uint8Array(plane.buffer, plane.byteOffset, plane.byteLength), at)
    at += plane.byteLength
  }
  return bytes
}

/** Takes an answer apart; the body is a view, not a copy. @throws CONTRACT_FRAME */
export function decodeHeaded(bytes: ArrayBuffer): { readonly head: unknown; readonly body: ArrayBuffer } {
  const length = bytes.byteLength < 4 ? -1 : new DataView(bytes).getUint32(0, true)
  if (length < 0 || length > MAX_HEAD_BYTES || bodyAt(length) > bytes.byteLength)
    throw new AppError('CONTRACT_FRAME', 'the head does not fit its bytes', { path: 'head' })
  try {
    const head: unknown = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)))
    return { head, body: bytes.slice(bodyAt(length)) }
  } catch (error) {
    throw new AppError('CONTRACT_FRAME', 'the head is not JSON', { path: 'head' }, error)
  }
}
