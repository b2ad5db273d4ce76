/*
 * pictureDelta: the body of a view frame: a whole picture, the changed cells of it, or a byte-wise difference that compresses well.
 * In: two pictures of one length, cells of 1 or 4 bytes. Out: a body and its encoding; a body applied in place.
 * Invariant: applyBody(previous, encodeBody(current, previous)) = current, bit by bit (NaN payloads included); a body is checked as a
 * whole before the first byte of the picture changes.
 * Source: docs/architecture.md "frame stream".
 */
import { AppError } from '../contracts/appError.ts'

/** full: the picture. sparse: bitmap of changed cells, then their new values. dense: per byte, new minus old modulo 256. */
export const BODY = Object.freeze({ full: 0, sparse: 1, dense: 2 })

/** Below this a bitmap is shorter than any compressed form with its tables. */
const DENSE_FROM_CELLS = 512

const changedBitmap = (current: Uint8Array, previous: Uint8Array, cellBytes: 1 | 4) => {
  const cells = current.byteLength / cellBytes
  const bitmap = new Uint8Array((cells + 7) >> 3)
  let changed = 0
  for (let cell = 0, at = 0; cell < cells; cell++, at += cellBytes) {
    let differs = current[at] !== previous[at]
    if (cellBytes === 4)
      differs ||=
        current[at + 1] !== previous[at + 1] ||
        current[at + 2] !== previous[at + 2] ||
        current[at + 3] !== previous[at + 3]
    if (!differs) continue
    bitmap[cell >> 3]! |= 1 << (cell & 7)
    changed++
  }
  return { bitmap, changed }
}

/** Chooses the shortest of the three forms; dense only where a compressor follows. */
export function encodeBody(
  current: Uint8Array,
  previous: Uint8Array | null,
  cellBytes: 1 | 4,
  compressed: boolean,
): { encoding: number; raw: Uint8Array } {
  if (previous === null || previous.byteLength !== current.byteLength)
    return { encoding: BODY.full, raw: current.slice() }
  const cells = current.byteLength / cellBytes
  const { bitmap, changed } = changedBitmap(current, previous, cellBytes)
  // A compressor does better on small differences of bytes than on a bitmap; float32 differences are noise to it.
  if (compressed && cellBytes === 1 && cells >= DENSE_FROM_CELLS && changed > 0) {
    const raw = new Uint8Array(current.byteLength)
    for (let at = 0; at < raw.length; at++) raw[at] = current[at]! - previous[at]!
    return { encoding: BODY.dense, raw }
  }
  const length = bitmap.byteLength + changed * cellBytes
  if (length >= current.byteLength) return { encoding: BODY.full, raw: current.slice() }
  const raw = new Uint8Array(length)
  raw.set(bitmap)
  let to = bitmap.byteLength
  for (let cell = 0; cell < cells; cell++) {
    if ((bitmap[cell >> 3]! & (1 << (cell & 7))) === 0) continue
    const at = cell * cellBytes
    raw.set(current.subarray(at, at + cellBytes), to)
    to += cellBytes
  }
  return { encoding: BODY.sparse, raw }
}

const bitsSet = (bytes: Uint8Array): number => {
  let count = 0
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

/** Applies a body in place. @throws CONTRACT_FRAME when its length does not fit; the picture is then unchanged. */
export function applyBody(picture: Uint8Array, encoding: number, body: Uint8Array, cellBytes: 1 | 4): void {
  if (encoding === BODY.sparse) return applySparse(picture, body, cellBytes)
  if (body.byteLength !== picture.byteLength)
    throw new AppError('CONTRACT_FRAME', 'body does not cover its picture', { path: 'body' })
  if (encoding === BODY.full) picture.set(body)
  else for (let at = 0; at < picture.length; at++) picture[at] = picture[at]! + body[at]!
}

function applySparse(picture: Uint8Array, body: Uint8Array, cellBytes: 1 | 4): void {
  const cells = picture.byteLength / cellBytes
  const bitmap = body.subarray(0, (cells + 7) >> 3)
  const spare = (8 - (cells & 7)) & 7
  if (
    bitmap.byteLength !== (cells + 7) >> 3 ||
    body.byteLength !== bitmap.byteLength + bitsSet(bitmap) * cellBytes ||
    (spare !== 0 && bitmap[bitmap.length - 1]! >> (8 - spare) !== 0)
  )
    throw new AppError('CONTRACT_FRAME', 'sparse body does not match its bitmap', { path: 'body' })
  let from = bitmap.byteLength
  for (let index = 0; index < bitmap.length; index++) {
    const bits = bitmap[index]!
    if (bits === 0) continue
    for (let bit = 0; bit < 8; bit++) {
      if ((bits & (1 << bit)) === 0) continue
      const at = (index * 8 + bit) * cellBytes
      for (let byte = 0; byte < cellBytes; byte++) picture[at + byte] = body[from++]!
    }
  }
}
