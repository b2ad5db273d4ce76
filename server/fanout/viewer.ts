/*
 * viewer: one open page: what it wants to see, which frame it holds per layer, and whether its line is free.
 * In: frames. Out: frames sent or skipped, counted.
 * Invariant: frames are skipped for a slow line, never queued; after a skip nothing but a keyframe is sent for that layer.
 * Source: docs/architecture.md "frame stream"; seed-design.md 5.1.
 */
import type { EncodedFrame } from './layerEncoder.ts'

/** A message of one frame or several; the same object for every viewer, so that what is made of it is made once. */
export interface FrameMessage {
  readonly bytes: Uint8Array
}

/** The part of a Socket.IO connection that fan-out needs. */
export interface ViewerLine {
  send(message: FrameMessage): void
  /** Packets that wait inside Engine.IO. The websocket's own bufferedAmount stays flat for a stalled reader and says nothing. */
  backlog(): number
}

/** sent · skipped: the line is not free · behind: it does not hold what this delta builds on · unwanted: out of its sight. */
export type Verdict = 'sent' | 'skipped' | 'behind' | 'unwanted'

export interface Viewer {
  readonly id: string
  readonly line: ViewerLine
  /** A new class: nothing is held. */
  reset(): void
  /** Layers it wants to see, null for all; what is held of the others is let go. */
  want(layers: ReadonlySet<number> | null): void
  wants(layer: number): boolean
  holds(layer: number): boolean
  /** Looks at the line once per round: a layer more or less makes no line slow. */
  beginRound(): void
  offer(frame: EncodedFrame): Verdict
  /** Takes all frames as one message, or none: false when one of them is not for it. */
  take(frames: readonly EncodedFrame[], message: FrameMessage): boolean
  skipped(): number
}

/** Bytes of one round that one viewer may be sent before the rest of the round waits for the next one. */
const ROUND_BYTES = 2 * 1024 * 1024

/** Creates a viewer that holds nothing yet and wants every layer. */
export function createViewer(id: string, line: ViewerLine): Viewer {
  const held = new Map<number, number>()
  let wanted: ReadonlySet<number> | null = null
  let free = true
  let roundBytes = 0
  let skipped = 0
  const wants = (layer: number): boolean => wanted === null || wanted.has(layer)
  return {
    id,
    line,
    reset: () => held.clear(),
    want(layers) {
      wanted = layers
      for (const layer of held.keys()) if (!wants(layer)) held.delete(layer)
    },
    wants,
    holds: (layer) => held.has(layer),
    beginRound() {
      free = line.backlog() === 0
      roundBytes = 0
    },
    offer(frame) {
      if (!wants(frame.layer)) return 'unwanted'
      if (!free || roundBytes > ROUND_BYTES) {
        skipped++
        held.delete(frame.layer)
        return 'skipped'
      }
      if (frame.base !== 0 && held.get(frame.layer) !== frame.base) return 'behind'
      held.set(frame.layer, frame.frame)
      roundBytes += frame.bytes.byteLength
      line.send(frame)
      return 'sent'
    },
    take(frames, message) {
      if (!free || roundBytes > ROUND_BYTES) return false
      for (const { layer, base } of frames) if (!wants(layer) || (base !== 0 && held.get(layer) !== base)) return false
      for (const { layer, frame } of frames) held.set(layer, frame)
      roundBytes += message.bytes.byteLength
      line.send(message)
      return true
    },
    skipped: () => skipped,
  }
}
