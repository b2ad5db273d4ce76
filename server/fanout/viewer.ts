/*
 * viewer: one open page: what it wants to see, which frame it holds per layer, and whether its line is free.
 * In: frames. Out: frames sent or skipped, counted.
 * Invariant: frames are skipped for a slow line, never queued; after a skip nothing but a keyframe is sent for that layer.
 * Source: docs/architecture.md "frame stream"; seed-design.md 5.1.
 */
import type { EncodedFrame } from './layerEncoder.ts'

/** The part of a Socket.IO connection that fan-out needs. */
export interface ViewerLine {
  send(frame: EncodedFrame): void
  /** Packets that wait inside Engine.IO. The websocket's own bufferedAmount stays flat for a stalled reader and says nothing. */
  backlog(): number
}

export interface Viewer {
  readonly id: string
  readonly line: ViewerLine
  /** A new view: nothing is held. */
  reset(): void
  /** Looks at the line once per round: a layer more or less makes no line slow. */
  beginRound(): void
  offer(frame: EncodedFrame): 'sent' | 'skipped' | 'waiting'
  skipped(): number
}

/** Bytes of one round that one viewer may be sent before the rest of the round waits for the next keyframe. */
const ROUND_BYTES = 2 * 1024 * 1024

/** Creates a viewer that holds nothing yet. */
export function createViewer(id: string, line: ViewerLine): Viewer {
  const held = new Map<number, number>()
  let free = true
  let roundBytes = 0
  let skipped = 0
  return {
    id,
    line,
    reset: () => held.clear(),
    beginRound() {
      free = line.backlog() === 0
      roundBytes = 0
    },
    offer(frame) {
      if (!free || roundBytes > ROUND_BYTES) {
        skipped++
        held.delete(frame.layer)
        return 'skipped'
      }
      if (frame.base !== 0 && held.get(frame.layer) !== frame.base) return 'waiting'
      held.set(frame.layer, frame.frame)
      roundBytes += frame.bytes.byteLength
      line.send(frame)
      return 'sent'
    },
    skipped: () => skipped,
  }
}
