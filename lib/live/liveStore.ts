/*
 * The live store: the newest picture of the shown run, its recent series, the last status, and what has happened.
 * In: view frames, status, records, history answers. Out: mirrors to draw, versions to compare, topics to subscribe to.
 * Invariant: pausing freezes what is drawn and loses nothing; frames of another view never reach this one's mirrors.
 * Source: docs/architecture.md "columns on the hot path"; features A1, A11, B8.
 */
import type { HelloAnswer, HistoryAnswer } from '../contracts/socketEvents.ts'
import type { CoverageGap, LiveRecord, LiveStatus, RunSnapshot } from '../contracts/liveRecords.ts'
import { columnIndex, type MetricColumn } from '../contracts/metrics.ts'
import { splitFrames } from '../frames/frameBatch.ts'
import { applyViewFrame, createLayerMirror, type LayerMirror } from '../frames/layerMirror.ts'
import { decodeViewFrame, type Inflate, type Precision } from '../frames/viewFrame.ts'
import { createRecordLog, type RecordLog, type RunView } from './recordLog.ts'
import { SeriesRing } from './seriesRing.ts'
import { createTopics, type Topics } from './topics.ts'

export type LiveTopic = 'frames' | 'status' | 'records' | 'runs' | 'connection' | 'view' | 'pause'

/** Seeds per run up to which each seed gets a sparkline: larger runs draw fields, which have none. */
export const SPARKLINE_SEEDS = 64
const SERIES_SAMPLES = 320
const SERIES_EVERY_MS = 1_000
const WAITING_FRAMES = 128

export interface ShownView {
  readonly runId: string
  readonly metric: MetricColumn
  readonly metricIndex: number
  readonly precision: Precision
}

export interface PauseState {
  /** Server time at which the picture stopped. */
  readonly atMs: number
  readonly offset: number
  waitingFrames: number
}

/** A gap that only this browser knows of: it was asleep, or cut off. */
export interface OwnGap {
  readonly from_ms: number
  readonly to_ms: number
  readonly cause: 'browser_asleep' | 'disconnected'
  readonly lost: null
}

export interface LiveStore {
  readonly topics: Topics<LiveTopic>
  readonly log: RecordLog
  readonly status: LiveStatus | null
  readonly view: ShownView | null
  readonly pause: PauseState | null
  readonly ownGaps: readonly OwnGap[]
  /** Frames that could not be applied or were malformed, since the page opened. */
  readonly framesLost: number
  readonly framesApplied: number
  /** Mirrors to draw, by layer index: frozen ones while paused. Empty before a view is set. */
  mirrors(): readonly LayerMirror[]
  /** Newest ingest time per layer index of the LIVE picture; null when none arrived. */
  ingestMs(layer: number): number | null
  series(layer: number): SeriesRing | null
  run(): RunView | null
  /** Records of the shown run up to the pause, oldest first. */
  events(): readonly LiveRecord[]
  gaps(): readonly (CoverageGap | OwnGap)[]
  setView(view: ShownView | null): void
  setViewClass(classId: number | null): void
  setPaused(paused: boolean, nowMs: number): void
  addOwnGap(gap: OwnGap): void
  applyHello(answer: HelloAnswer): void
  applyStatus(status: LiveStatus): void
  applyRecords(batch: { readonly epoch: string; readonly records: readonly LiveRecord[] }): 'ok' | 'hole'
  applyRun(run: RunSnapshot): void
  /** The frames of one message; a malformed one is counted and gives none. */
  splitFrames(bytes: Uint8Array): readonly Uint8Array[]
  applyFrame(bytes: Uint8Array): void
  applyHistory(answer: HistoryAnswer): void
}

const copyMirror = (mirror: LayerMirror): LayerMirror => {
  const copy = createLayerMirror(mirror.layer, mirror.rows, mirror.columnCount, mirror.precision)
  copy.state.set(mirror.state)
  copy.cells.set(mirror.cells)
  copy.values.set(mirror.values)
  const { frame, step, tick, ingestMs, serverMs, sourceFlags, version } = mirror
  return Object.assign(copy, { frame, step, tick, ingestMs, serverMs, sourceFlags, version })
}

/** Builds the view of a run and metric; exact up to `exactMaxSeeds` seeds. Null when the run lacks the metric. */
export function toShownView(run: RunView, metricName: string, exactMaxSeeds: number): ShownView | null {
  const metricIndex = columnIndex(run.descriptor.seed_columns, metricName)
  const metric = run.descriptor.seed_columns[metricIndex]
  if (!metric) return null
  const precision = totalSeeds(run) <= exactMaxSeeds ? 'exact' : 'cells'
  return { runId: run.descriptor.run_id, metric, metricIndex, precision }
}

/** Counts the seeds of a run. */
export function totalSeeds(run: RunView): number {
  return run.descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
}

/** Reads one seed's metric from a mirror; NaN when unmeasured or not in the picture. */
export function mirrorValue(mirror: LayerMirror, column: number, row: number): number {
  return mirror.columns[column]?.[row] ?? Number.NaN
}

/** Creates an empty store. `inflate` unpacks compressed frame bodies. */
export function createLiveStore({ inflate }: { readonly inflate: Inflate }): LiveStore {
  const topics = createTopics<LiveTopic>()
  const log = createRecordLog()
  let status: LiveStatus | null = null
  let view: ShownView | null = null
  let viewClass: number | null = null
  let waiting: Uint8Array[] = []
  let live: LayerMirror[] = []
  let frozen: LayerMirror[] | null = null
  let series: (SeriesRing | null)[] = []
  let pause: PauseState | null = null
  let ownGaps: readonly OwnGap[] = []
  let framesLost = 0
  let framesApplied = 0

  const currentRun = (): RunView | null => (view ? (log.runs.get(view.runId) ?? null) : null)

  const rebuildMirrors = (): void => {
    const run = currentRun()
    if (!run || !view) {
      live = []
      series = []
      return
    }
    const { layers, seed_columns: columns } = run.descriptor
    const precision = view.precision
    live = layers.map((layer, index) => createLayerMirror(index, layer.seeds, columns.length, precision))
    const withSeries = precision === 'exact' && totalSeeds(run) <= SPARKLINE_SEEDS
    series = layers.map((layer) => (withSeries ? new SeriesRing(layer.seeds, SERIES_SAMPLES) : null))
  }

  const sample = (mirror: LayerMirror): void => {
    const ring = series[mirror.layer]
    if (!ring || !view || mirror.ingestMs - ring.newestMs < SERIES_EVERY_MS) return
    const column = view.metricIndex
    ring.append(
      mirror.ingestMs,
      (row) => mirrorValue(mirror, column, row),
      (row) => mirror.state[row] ?? 255,
    )
  }

  const applyNow = (bytes: Uint8Array): void => {
    try {
      const frame = decodeViewFrame(bytes, inflate)
      const mirror = live[frame.layer]
      if (frame.classId !== viewClass || !mirror) return
      if (applyViewFrame(mirror, frame) === 'gap') framesLost += 1
      else framesApplied += 1
      sample(mirror)
      if (pause) pause.waitingFrames += 1
    } catch {
      // Malformed bytes keep the old picture, whose age then grows: counted, and healed by the next keyframe.
      framesLost += 1
    }
  }

  return {
    topics,
    log,
    get status() {
      return status
    },
    get view() {
      return view
    },
    get pause() {
      return pause
    },
    get ownGaps() {
      return ownGaps
    },
    get framesLost() {
      return framesLost
    },
    get framesApplied() {
      return framesApplied
    },
    mirrors: () => frozen ?? live,
    ingestMs(layer) {
      const mirror = live[layer]
      return mirror && mirror.frame > 0 ? mirror.ingestMs : null
    },
    series: (layer) => series[layer] ?? null,
    run: currentRun,
    events() {
      const events = currentRun()?.events ?? []
      return pause ? events.filter((record) => record.offset <= (pause?.offset ?? 0)) : events
    },
    gaps: () => [...(currentRun()?.gaps ?? []), ...ownGaps],
    setView(next) {
      const sameShape = view !== null && next !== null && view.runId === next.runId && view.precision === next.precision
      const sameMetric = sameShape && view?.metric.name === next?.metric.name
      view = next
      if (!sameShape) {
        rebuildMirrors()
        frozen = null
        pause = null
        topics.emit('pause')
      } else if (!sameMetric) {
        for (const ring of series) ring?.clear()
        // Quantised cells carry one metric: the old one's bytes must not be read on the new one's scale.
        if (view?.precision === 'cells') rebuildMirrors()
        if (frozen && view?.precision === 'cells') frozen = null
      }
      topics.emit('view')
      topics.emit('frames')
    },
    setViewClass(classId) {
      viewClass = classId
      if (classId === null) {
        waiting = []
        return
      }
      const held = waiting
      waiting = []
      for (const bytes of held) applyNow(bytes)
      if (held.length > 0) topics.emit('frames')
    },
    setPaused(paused, nowMs) {
      if (paused === (pause !== null)) return
      pause = paused ? { atMs: nowMs, offset: log.offset, waitingFrames: 0 } : null
      frozen = paused ? live.map(copyMirror) : null
      topics.emit('pause')
      topics.emit('frames')
      topics.emit('records')
    },
    addOwnGap(gap) {
      ownGaps = [...ownGaps, gap].slice(-64)
      topics.emit('records')
    },
    applyHello(answer) {
      status = answer.status
      log.applyResume(answer.records)
      const run = currentRun()
      if (!run && view) view = null
      // A new server numbers frames and shapes anew; a run of the same shape keeps its picture until the keyframe.
      else if (run && live.length !== run.descriptor.layers.length) rebuildMirrors()
      for (const topic of ['runs', 'status', 'records', 'view'] as const) topics.emit(topic)
    },
    applyStatus(next) {
      status = next
      topics.emit('status')
    },
    applyRecords(batch) {
      const answer = log.applyBatch(batch.epoch, batch.records)
      topics.emit('records')
      return answer
    },
    applyRun(run) {
      log.applyRun(run)
      if (view?.runId === run.descriptor.run_id && live.length !== run.descriptor.layers.length) rebuildMirrors()
      topics.emit('runs')
      topics.emit('records')
    },
    splitFrames(bytes) {
      try {
        return splitFrames(bytes)
      } catch {
        framesLost += 1
        return []
      }
    },
    applyFrame(bytes) {
      if (viewClass === null) {
        // The answer to `view` may be overtaken by the first keyframe.
        if (waiting.length < WAITING_FRAMES) waiting.push(bytes.slice())
        return
      }
      applyNow(bytes)
      topics.emit('frames')
    },
    applyHistory(answer) {
      const run = currentRun()
      if (!run || answer.metric !== view?.metric.name) return
      for (const layer of answer.layers) {
        const index = run.descriptor.layers.findIndex((candidate) => candidate.layer_id === layer.layer_id)
        series[index]?.backfill(layer.at_ms, layer.seeds, layer.states)
      }
      topics.emit('frames')
    },
  }
}
