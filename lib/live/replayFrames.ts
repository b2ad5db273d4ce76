/*
 * Replay frames: the binary answer of the history taken apart into frames with their times.
 * In: head and body of GET /api/replay/frames. Out: entries ascending in time, as views of the body.
 * Invariant: lengths in the bytes are never trusted; a body that ends inside a frame is refused, not cut.
 * Source: docs/protocol.md "history and replay".
 */
import { AppError } from '../contracts/appError.ts'
import type { FrameEntry } from './replayWindows.ts'

const PREFIX_BYTES = 16

const refuse = (why: string): never => {
  throw new AppError('CONTRACT_FRAME', `replay frames: ${why}`, { path: 'body' })
}

/** Splits the body of an answer of `count` frames. @throws CONTRACT_FRAME */
export function splitReplayFrames(body: ArrayBuffer, count: number): readonly FrameEntry[] {
  const view = new DataView(body)
  const entries: FrameEntry[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    if (at + PREFIX_BYTES > body.byteLength) return refuse('shorter than its count')
    const atMs = view.getFloat64(at, true)
    const bytes = view.getUint32(at + 12, true)
    const from = at + PREFIX_BYTES
    if (!Number.isFinite(atMs) || from + bytes > body.byteLength) return refuse('a frame longer than its answer')
    entries.push({ atMs, bytes: new Uint8Array(body, from, bytes) })
    at = (from + bytes + 7) & ~7
  }
  return entries.toSorted((a, b) => a.atMs - b.atMs)
}
