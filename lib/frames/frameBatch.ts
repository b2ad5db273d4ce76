/*
 * frameBatch: several view frames in one message: a round of many layers costs a page one event instead of one per layer.
 * In: view frames. Out: one message; the frames again, as views of its bytes.
 * Invariant: one frame alone travels as it is; lengths in the bytes are never trusted.
 * Source: docs/architecture.md "frame stream"; docs/performance.md "fan-out".
 */
import { AppError } from '../contracts/appError.ts'

/** 'MSB1' read as a little-endian u32. */
const BATCH_MAGIC = 0x3142534d
/** Layers of a run: RunDescriptor.layers. */
const MAX_FRAMES = 4_096

/** Magic, count, one u32 length per frame, then the frames back to back. */
export function joinFrames(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0]!
  const head = 8 + frames.length * 4
  const bytes = new Uint8Array(frames.reduce((sum, frame) => sum + frame.byteLength, head))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, BATCH_MAGIC, true)
  view.setUint32(4, frames.length, true)
  let at = head
  frames.forEach((frame, index) => {
    view.setUint32(8 + index * 4, frame.byteLength, true)
    bytes.set(frame, at)
    at += frame.byteLength
  })
  return bytes
}

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_FRAME', `frame batch: ${why}`, { path: 'frame' })
}

/** Gives the frames of a message; one frame alone gives itself. @throws CONTRACT_FRAME */
export function splitFrames(bytes: Uint8Array): Uint8Array[] {
  if (bytes.byteLength < 8) return [bytes]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== BATCH_MAGIC) return [bytes]
  const count = view.getUint32(4, true)
  if (count < 1 || count > MAX_FRAMES || 8 + count * 4 > bytes.byteLength) return refuse('count')
  const frames: Uint8Array[] = []
  let at = 8 + count * 4
  for (let index = 0; index < count; index++) {
    const end = at + view.getUint32(8 + index * 4, true)
    if (end > bytes.byteLength) return refuse('longer than its message')
    frames.push(bytes.subarray(at, end))
    at = end
  }
  return at === bytes.byteLength ? frames : refuse('shorter than its message')
}
