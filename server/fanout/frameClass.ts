/*
 * frameClass: viewers who get the same bytes: one run, precision, metric, bin size and pace; and the encoders they share.
 * In: viewers and the layers each wants. Out: layers that are due, encoded once; small steps of work.
 * Invariant: a layer nobody of the class wants has no encoder; a step is short, however many viewers there are.
 * Source: docs/architecture.md "frame stream".
 */
import type { Precision } from '../../lib/frames/viewFrame.ts'
import { joinFrames } from '../../lib/frames/frameBatch.ts'
import type { KnownRun } from '../state/runBook.ts'
import { createLayerEncoder, type EncodedFrame, type LayerEncoder } from './layerEncoder.ts'
import type { FrameMessage, Verdict, Viewer } from './viewer.ts'

const KEYFRAME_MS = 1_000
/** Slower paces are those of hidden tabs and of pages that draw nothing: what they wait is their wish and no latency. */
const WATCHED_HZ = 5
/** Viewers served in one step: about a third of a millisecond. */
const VIEWERS_PER_STEP = 64
/** Frames of a round travel together up to this size. */
const MESSAGE_BYTES = 65_536

export interface ClassView {
  readonly run: KnownRun
  readonly precision: Precision
  readonly metric: string
  /** Rows per cell; 1 unless binned. */
  readonly binSize: number
  readonly maxHz: number
  /** Frames go out when telemetry was merged, not on the next tick. */
  readonly immediate: boolean
}

export interface FrameClass {
  readonly id: number
  readonly key: string
  readonly view: ClassView
  readonly everyMs: number
  /** Monotonic ms of the next round. */
  nextMs: number
  viewers(): number
  join(viewer: Viewer, layers: ReadonlySet<number> | null): void
  leave(viewer: Viewer): void
  /** Begins a round when none is under way: layers that changed, or whose keyframe is due. False when one is under way. */
  beginRound(nowMs: number): boolean
  /** One small piece of the round; false when there is nothing to do. */
  step(nowMs: number): boolean
  /** Sends one viewer the picture it does not hold yet; false when there was none. */
  catchUp(viewer: Viewer, layer: number, nowMs: number): boolean
  /** The run changed its shape: nothing that was sent is worth anything. */
  reopen(): void
}

export interface FrameClassOptions {
  readonly id: number
  readonly key: string
  readonly view: ClassView
  readonly onVerdict: (verdict: Verdict, frame: EncodedFrame) => void
  readonly onEncoded: () => void
  /** Every viewer of the class was served these frames; not called when none took them, nor for a pace nobody watches at. */
  readonly onWritten: (run: KnownRun, frames: readonly EncodedFrame[]) => void
}

/** Creates a class without viewers. */
export function createFrameClass({ id, key, view, onVerdict, onEncoded, onWritten }: FrameClassOptions): FrameClass {
  const members = new Map<Viewer, ReadonlySet<number> | null>()
  let encoders = new Map<number, LayerEncoder>()
  /** How many want one layer; those who want all count apart. */
  let wantedBy = new Map<number, number>()
  let wantAll = 0
  /** Layers of the round under way, newest picture taken when their turn comes. */
  let queue: number[] = []
  let encoded: EncodedFrame[] = []
  let encodedBytes = 0
  let sending: {
    readonly frames: readonly EncodedFrame[]
    readonly message: FrameMessage
    readonly viewers: readonly Viewer[]
    at: number
    taken: boolean
  } | null = null

  const isWanted = (layer: number): boolean => wantAll > 0 || (wantedBy.get(layer) ?? 0) > 0
  const count = (layers: ReadonlySet<number> | null, by: 1 | -1): void => {
    if (layers === null) wantAll += by
    else for (const layer of layers) wantedBy.set(layer, (wantedBy.get(layer) ?? 0) + by)
  }
  const encoderOf = (layer: number): LayerEncoder => {
    let encoder = encoders.get(layer)
    if (encoder === undefined) {
      encoder = createLayerEncoder({
        ...view,
        layer,
        classId: id,
        keyframeMs: Math.max(KEYFRAME_MS, 1_000 / view.maxHz),
      })
      encoders.set(layer, encoder)
    }
    return encoder
  }

  const offer = (viewer: Viewer, frame: EncodedFrame, nowMs: number): void => {
    let verdict = viewer.offer(frame)
    if (verdict === 'behind') {
      // Its line was busy for a moment: the same picture, whole, instead of a hole until the next keyframe.
      const whole = encoders.get(frame.layer)?.catchUp(nowMs)
      if (whole !== null && whole !== undefined) verdict = viewer.offer(whole)
    }
    onVerdict(verdict, frame)
  }

  const post = (): void => {
    if (encoded.length === 0) return
    const message = encoded.length === 1 ? encoded[0]! : { bytes: joinFrames(encoded.map((frame) => frame.bytes)) }
    sending = { frames: encoded, message, viewers: [...members.keys()], at: 0, taken: false }
    encoded = []
    encodedBytes = 0
  }

  return {
    id,
    key,
    view,
    everyMs: view.maxHz === 60 ? 0 : 1_000 / view.maxHz,
    nextMs: 0,
    viewers: () => members.size,
    join(viewer, layers) {
      const before = members.get(viewer)
      if (before !== undefined) count(before, -1)
      members.set(viewer, layers)
      count(layers, 1)
      viewer.want(layers)
      for (const layer of encoders.keys()) if (!isWanted(layer)) encoders.delete(layer)
    },
    leave(viewer) {
      const layers = members.get(viewer)
      if (layers === undefined) return
      members.delete(viewer)
      count(layers, -1)
      for (const layer of encoders.keys()) if (!isWanted(layer)) encoders.delete(layer)
    },
    beginRound(nowMs) {
      if (queue.length > 0 || sending !== null) return false
      for (let layer = 0; layer < view.run.tables.length; layer++)
        if (isWanted(layer) && encoderOf(layer).due(nowMs)) queue.push(layer)
      if (queue.length > 0) for (const viewer of members.keys()) viewer.beginRound()
      return true
    },
    step(nowMs) {
      if (sending !== null) {
        const { frames, message, viewers } = sending
        const end = Math.min(viewers.length, sending.at + VIEWERS_PER_STEP)
        for (; sending.at < end; sending.at++) {
          const viewer = viewers[sending.at]!
          if (!members.has(viewer)) continue
          if (viewer.take(frames, message)) {
            sending.taken = true
            for (const frame of frames) onVerdict('sent', frame)
          } else for (const frame of frames) offer(viewer, frame, nowMs)
        }
        if (sending.at < viewers.length) return true
        if (sending.taken && view.maxHz >= WATCHED_HZ) onWritten(view.run, frames)
        sending = null
        return true
      }
      const layer = queue.shift()
      if (layer === undefined) return false
      const frame = isWanted(layer) ? encoderOf(layer).encode(nowMs) : null
      if (frame !== null) {
        onEncoded()
        encoded.push(frame)
        encodedBytes += frame.bytes.byteLength
      }
      if (queue.length === 0 || encodedBytes >= MESSAGE_BYTES) post()
      return true
    },
    catchUp(viewer, layer, nowMs) {
      if (!members.has(viewer) || !viewer.wants(layer) || viewer.holds(layer)) return false
      const frame = encoders.get(layer)?.catchUp(nowMs) ?? null
      if (frame === null) return false
      onVerdict(viewer.offer(frame), frame)
      return true
    },
    reopen() {
      encoders = new Map()
      queue = []
      encoded = []
      encodedBytes = 0
      sending = null
      wantedBy = new Map([...wantedBy].filter(([layer]) => layer < view.run.tables.length))
      for (const viewer of members.keys()) viewer.reset()
    },
  }
}
