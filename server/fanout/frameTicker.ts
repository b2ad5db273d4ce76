/*
 * frameTicker: one tick for everybody: dirty layers are encoded once per class and offered to the viewers of that class.
 * In: shared tables, viewers with their views, the bell of the ingest. Out: frames; counts of frames sent and skipped; time per turn.
 * Invariant: work exists only for classes somebody looks at; one turn never takes more than its budget by more than one step;
 * classes take turns; the latest picture wins.
 * Source: docs/architecture.md "telemetry flow".
 */
import type { Clock } from '../../lib/primitives/clock.ts'
import type { KnownRun } from '../state/runBook.ts'
import { createFrameClass, type ClassView, type FrameClass } from './frameClass.ts'
import type { EncodedFrame } from './layerEncoder.ts'
import type { Verdict, Viewer } from './viewer.ts'

export const TICK_MS = 1_000 / 60
/** A turn stays well below the 10 ms that a person or a command could notice. */
const TURN_BUDGET_MS = 4
const BLOCK_MS = 10
/** Frame rates classes exist in: viewers are rounded down to one, so that deltas are shared. */
const RATES = [60, 30, 20, 15, 10, 5, 2, 1, 0.5, 0.2]

export interface ViewRequest extends ClassView {
  /** Indexes of the layers this viewer wants; null for all. */
  readonly layers: ReadonlySet<number> | null
}

export interface FrameTicker {
  start(): void
  stop(): void
  /** Replaces the viewer's view; answers its class, null for none. A change of layers alone keeps what is held of the others. */
  setView(viewer: Viewer, view: ViewRequest | null): number | null
  remove(viewer: Viewer): void
  /** Telemetry was merged: classes of immediate pace begin a round now. */
  merged(): void
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

export interface FrameTickerOptions {
  readonly clock: Clock
  /** CPU time this thread has used, ms: on a shared machine the wall clock blames us for others. */
  readonly cpuMs?: () => number
  /** Told when the first viewer of immediate pace came (true) and when the last one went. */
  readonly onImmediate?: (wanted: boolean) => void
  /** Frames went out to all viewers of a class. Must be cheap. */
  readonly onWritten?: (run: KnownRun, frames: readonly EncodedFrame[]) => void
}

const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** Creates a ticker that does not tick yet. */
export function createFrameTicker({
  clock,
  cpuMs = threadCpuMs,
  onImmediate = () => undefined,
  onWritten = () => undefined,
}: FrameTickerOptions): FrameTicker {
  const classes = new Map<string, FrameClass>()
  const classOf = new Map<Viewer, FrameClass>()
  /** Pictures owed to viewers who just came or just want more. */
  let owed: { readonly group: FrameClass; readonly viewer: Viewer; readonly layers: number[] }[] = []
  let undoTick: (() => void) | null = null
  let undoTurn: (() => void) | null = null
  let nextClassId = 1
  let immediate = 0
  let [framesSent, framesSkipped, framesEncoded, bytesSent] = [0, 0, 0, 0]
  let [blocks, stalls, longestTurnMs, longestTurnCpuMs] = [0, 0, 0, 0]

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

  const onVerdict = (verdict: Verdict, frame: EncodedFrame): void => {
    if (verdict === 'skipped') framesSkipped++
    if (verdict !== 'sent') return
    framesSent++
    bytesSent += frame.bytes.byteLength
  }

  const payOne = (nowMs: number): boolean => {
    const debt = owed[0]
    if (debt === undefined) return false
    const layer = debt.layers.shift()
    if (layer === undefined) owed.shift()
    else debt.group.catchUp(debt.viewer, layer, nowMs)
    return true
  }

  /** Works in small steps, class by class, until the budget of this turn is used; the rest goes on after I/O had its chance. */
  const work = (): void => {
    undoTurn = null
    const end = clock.monotonicMs() + TURN_BUDGET_MS
    const nowMs = clock.wallMs()
    const isOver = (): boolean => {
      if (clock.monotonicMs() < end) return false
      undoTurn ??= clock.after(0, () => timed(work))
      return true
    }
    while (payOne(nowMs)) if (isOver()) return
    for (let busy = true; busy;) {
      busy = false
      for (const group of classes.values()) {
        if (!group.step(nowMs)) continue
        busy = true
        if (!isOver()) continue
        // The next turn begins with another class.
        classes.delete(group.key)
        classes.set(group.key, group)
        return
      }
    }
  }

  const tick = (): void => {
    const monoMs = clock.monotonicMs()
    const nowMs = clock.wallMs()
    for (const group of classes.values()) {
      if (monoMs < group.nextMs || !group.beginRound(nowMs)) continue
      // Half a tick of tolerance: a timer that fires a little early must not cost a whole period.
      group.nextMs = Math.max(group.nextMs + group.everyMs, monoMs + group.everyMs - TICK_MS / 2)
    }
    if (undoTurn === null) work()
  }

  const merged = (): void => {
    const nowMs = clock.wallMs()
    for (const group of classes.values()) if (group.view.immediate) group.beginRound(nowMs)
    if (undoTurn === null) work()
  }

  const leave = (viewer: Viewer): void => {
    const group = classOf.get(viewer)
    if (group === undefined) return
    classOf.delete(viewer)
    group.leave(viewer)
    if (group.viewers() > 0) return
    classes.delete(group.key)
    if (group.view.immediate && --immediate === 0) onImmediate(false)
  }

  const open = (view: ClassView): FrameClass => {
    const { run, precision, metric, binSize, maxHz } = view
    const pace = view.immediate ? 'immediate' : maxHz
    const key = `${run.descriptor.run_id} ${run.index} ${precision} ${metric} ${binSize} ${pace}`
    const known = classes.get(key)
    if (known !== undefined) return known
    const id = nextClassId++
    const group = createFrameClass({ id, key, view, onVerdict, onEncoded: () => void framesEncoded++, onWritten })
    classes.set(key, group)
    if (view.immediate && ++immediate === 1) onImmediate(true)
    return group
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
      owed = []
      if (immediate > 0) onImmediate(false)
      immediate = 0
    },
    setView(viewer, view) {
      if (view === null) {
        leave(viewer)
        viewer.reset()
        return null
      }
      const { layers, ...shared } = view
      const maxHz = view.immediate ? 60 : (RATES.find((rate) => rate <= view.maxHz) ?? RATES.at(-1)!)
      // Exact pictures carry every column: the metric makes no difference.
      const metric = view.precision === 'exact' ? '' : view.metric
      const group = open({ ...shared, maxHz, metric })
      if (classOf.get(viewer) !== group) {
        leave(viewer)
        viewer.reset()
        classOf.set(viewer, group)
      }
      group.join(viewer, layers)
      // After the answer to `view` went out: the page then knows the class of what follows.
      clock.after(0, () => timed(() => welcome(group, viewer)))
      return group.id
    },
    remove: leave,
    merged: () => timed(merged),
    reshape(run) {
      for (const group of classes.values()) if (group.view.run === run) group.reopen()
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

  /** Who comes late, or wants a layer more, gets what the others hold. */
  function welcome(group: FrameClass, viewer: Viewer): void {
    viewer.beginRound()
    owed.push({ group, viewer, layers: group.view.run.tables.map((_, layer) => layer) })
    if (undoTurn === null) work()
  }
}
