/*
 * frameTicker: one tick for everybody: dirty layers are encoded once per class and offered to the viewers of that class.
 * In: shared tables, viewers with their views. Out: frames; counts of frames sent and skipped; time spent per turn.
 * Invariant: work exists only for classes somebody looks at; one turn never takes more than its budget by more than one layer;
 * the latest picture wins.
 * Source: docs/architecture.md "telemetry flow".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Precision } from '../../lib/frames/viewFrame.ts'
import type { KnownRun } from '../state/runBook.ts'
import { createLayerEncoder, type EncodedFrame, type LayerEncoder } from './layerEncoder.ts'
import type { Viewer } from './viewer.ts'

export const TICK_MS = 1_000 / 60
/** A turn stays well below the 10 ms that a person or a command could notice. */
const TURN_BUDGET_MS = 4
const KEYFRAME_MS = 1_000
const BLOCK_MS = 10
/** Frame rates classes exist in: viewers are rounded down to one, so that deltas are shared. */
const RATES = [60, 30, 20, 15, 10, 5, 2, 1, 0.5, 0.2]

export interface ViewRequest {
  readonly run: KnownRun
  readonly precision: Precision
  readonly metric: string
  readonly maxHz: number
}

export interface FrameTicker {
  start(): void
  stop(): void
  /** Replaces the viewer's view; answers its class, null for none. */
  setView(viewer: Viewer, view: ViewRequest | null): number | null
  remove(viewer: Viewer): void
  /** A run changed its shape or is gone: its encoders are void. */
  reshape(run: KnownRun): void
  counters(): FanoutCounters
}

export interface FanoutCounters {
  readonly framesSent: number
  readonly framesSkipped: number
  readonly framesEncoded: number
  readonly bytesSent: number
  readonly classes: number
  /** Turns of telemetry work that computed longer than 10 ms. */
  readonly blocks: number
  /** Turns longer than 10 ms by the clock although they computed less: the machine gave the time to others. */
  readonly stalls: number
  readonly longestTurnMs: number
  readonly longestTurnCpuMs: number
}

interface FrameClass {
  readonly id: number
  readonly key: string
  readonly view: ViewRequest
  readonly everyMs: number
  encoders: LayerEncoder[]
  readonly viewers: Set<Viewer>
  nextMs: number
  /** Layers of the round under way, newest picture taken when their turn comes. */
  queue: number[]
}

export interface FrameTickerOptions {
  readonly clock: Clock
  /** CPU time this thread has used, ms: on a shared machine the wall clock blames us for others. */
  readonly cpuMs?: () => number
}

const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Creates a ticker that does not tick yet. */
export function createFrameTicker({ clock, cpuMs = threadCpuMs }: FrameTickerOptions): FrameTicker {
  const classes = new Map<string, FrameClass>()
  const classOf = new Map<Viewer, FrameClass>()
  let undoTick: (() => void) | null = null
  let undoTurn: (() => void) | null = null
  let nextClassId = 1
  let [framesSent, framesSkipped, framesEncoded, bytesSent] = [0, 0, 0, 0]
  let [blocks, stalls, longestTurnMs, longestTurnCpuMs] = [0, 0, 0, 0]

  const openEncoders = (view: ViewRequest, classId: number): LayerEncoder[] =>
    view.run.tables.map((_, layer) =>
      createLayerEncoder({ ...view, layer, classId, keyframeMs: Math.max(KEYFRAME_MS, 1_000 / view.maxHz) }),
    )

  const timed = (work: () => void): void => {
    const from = clock.monotonicMs()
    const fromCpu = cpuMs()
    work()
    const tookMs = clock.monotonicMs() - from
    const cpu = cpuMs() - fromCpu
    if (tookMs > longestTurnMs) longestTurnMs = tookMs
    if (cpu > longestTurnCpuMs) longestTurnCpuMs = cpu
    if (cpu > BLOCK_MS) blocks++
    else if (tookMs > BLOCK_MS) stalls++
  }

  const offer = (viewer: Viewer, frame: EncodedFrame): void => {
    const verdict = viewer.offer(frame)
    if (verdict === 'skipped') framesSkipped++
    if (verdict !== 'sent') return
    framesSent++
    bytesSent += frame.bytes.byteLength
  }

  const offerAll = (group: FrameClass, layer: number, nowMs: number): void => {
    const encoded = group.encoders[layer]?.encode(nowMs)
    if (encoded === null || encoded === undefined) return
    framesEncoded++
    for (const viewer of group.viewers) offer(viewer, encoded)
  }

  /** Works the queues until the budget of this turn is used; the rest goes on in the next turn, after I/O had its chance. */
  const work = (): void => {
    undoTurn = null
    const end = clock.monotonicMs() + TURN_BUDGET_MS
    const nowMs = clock.wallMs()
    for (const group of classes.values())
      while (group.queue.length > 0) {
        offerAll(group, group.queue.shift()!, nowMs)
        if (clock.monotonicMs() < end) continue
        undoTurn ??= clock.after(0, () => timed(work))
        return
      }
  }

  const tick = (): void => {
    const monoMs = clock.monotonicMs()
    const nowMs = clock.wallMs()
    for (const group of classes.values()) {
      if (group.queue.length > 0 || monoMs < group.nextMs) continue
      // Half a tick of tolerance: a timer that fires a little early must not cost a whole period.
      group.nextMs = Math.max(group.nextMs + group.everyMs, monoMs + group.everyMs - TICK_MS / 2)
      group.encoders.forEach((encoder, layer) => {
        if (encoder.due(nowMs)) group.queue.push(layer)
      })
      if (group.queue.length > 0) for (const viewer of group.viewers) viewer.beginRound()
    }
    if (undoTurn === null) work()
  }

  const leave = (viewer: Viewer): void => {
    const group = classOf.get(viewer)
    if (group === undefined) return
    classOf.delete(viewer)
    group.viewers.delete(viewer)
    if (group.viewers.size === 0) classes.delete(group.key)
  }

  return {
    start() {
      undoTick ??= clock.every(TICK_MS, () => timed(tick))
    },
    stop() {
      undoTick?.()
      undoTurn?.()
      undoTick = undoTurn = null
      classes.clear()
      classOf.clear()
    },
    setView(viewer, view) {
      leave(viewer)
      viewer.reset()
      if (view === null) return null
      const hz = RATES.find((rate) => rate <= view.maxHz) ?? RATES.at(-1)!
      // Exact pictures carry every column: the metric makes no difference.
      const metric = view.precision === 'exact' ? '' : view.metric
      const key = `${view.run.descriptor.run_id} ${view.run.index} ${view.precision} ${metric} ${hz}`
      let group = classes.get(key)
      if (group === undefined) {
        const id = nextClassId++
        const wanted = { ...view, metric, maxHz: hz }
        group = {
          id,
          key,
          view: wanted,
          everyMs: hz === 60 ? 0 : 1_000 / hz,
          encoders: openEncoders(wanted, id),
          viewers: new Set(),
          nextMs: 0,
          queue: [],
        }
        classes.set(key, group)
      }
      group.viewers.add(viewer)
      classOf.set(viewer, group)
      const joined = group
      // After the answer to `view` went out: the page then knows the class of what follows.
      clock.after(0, () => timed(() => catchUp(joined, viewer)))
      return group.id
    },
    remove: leave,
    reshape(run) {
      for (const group of classes.values()) {
        if (group.view.run !== run) continue
        group.queue = []
        group.encoders = openEncoders(group.view, group.id)
        for (const viewer of group.viewers) viewer.reset()
      }
    },
    counters: () => ({
      framesSent,
      framesSkipped,
      framesEncoded,
      bytesSent,
      classes: classes.size,
      blocks,
      stalls,
      longestTurnMs,
      longestTurnCpuMs,
    }),
  }

  function catchUp(group: FrameClass, viewer: Viewer): void {
    if (!group.viewers.has(viewer)) return
    viewer.beginRound()
    const nowMs = clock.wallMs()
    const end = clock.monotonicMs() + TURN_BUDGET_MS
    for (const encoder of group.encoders) {
      const frame = encoder.catchUp(nowMs)
      if (frame !== null) offer(viewer, frame)
      // What does not fit into this turn comes with the keyframe of the second.
      if (clock.monotonicMs() > end) return
    }
  }
}
