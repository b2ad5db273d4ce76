/*
 * The live store: the newest picture of the shown run, its recent series, the last status, and what has happened.
 * In: view frames, status, records, history answers. Out: mirrors to draw, versions to compare, topics to subscribe to.
 * Invariant: pausing freezes what is drawn and loses nothing; frames of another view never reach this one's mirrors.
 * Source: docs/architecture.md "columns on the hot path"; features A1, A11, B8.
 */
import type { HelloAnswer, HistoryAnswer } from '../contracts/socketEvents.ts'
import type { CoverageGap, LiveRecord, LiveStatus, RunSnapshot } from '../contracts/liveRecords.ts'
import type { MetricColumn } from '../contracts/metrics.ts'
import { columnIndex } from '../contracts/columnIndex.ts'
import type { LayerMirror } from '../frames/layerMirror.ts'
import type { Precision } from '../frames/viewFrame.ts'
import type { Pictures } from './pictures.ts'
import { createRecordLog, type RecordLog, type RunView } from './recordLog.ts'
import type { SeriesRing } from './seriesRing.ts'
import { createTopics, type Topics } from './topics.ts'

export type LiveTopic = 'frames' | 'status' | 'records' | 'runs' | 'connection' | 'view' | 'pause'

/** Seeds per run up to which each seed gets a sparkline: larger runs draw fields, which have none. */
export const SPARKLINE_SEEDS = 64

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
  /** The last status before it. */
  readonly status: LiveStatus | null
  readonly waitingFrames: number
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
  /** Takes one message of frames; its buffer may be handed to another thread. */
  applyFrames(message: Uint8Array): void
  applyHistory(answer: HistoryAnswer): void
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

/** Creates an empty store over pictures that are made on this thread or in a worker. */
export function createLiveStore(pictures: Pictures): LiveStore {
  const topics = createTopics<LiveTopic>()
  const log = createRecordLog()
  let status: LiveStatus | null = null
  let view: ShownView | null = null
  let pause: PauseState | null = null
  let ownGaps: readonly OwnGap[] = []

  pictures.listen(() => topics.emit('frames'))

  const currentRun = (): RunView | null => (view ? (log.runs.get(view.runId) ?? null) : null)

  const openPictures = (): void => {
    const run = currentRun()
    if (!run || !view) return pictures.open(null)
    const { layers, seed_columns: columns } = run.descriptor
    const { precision, metricIndex } = view
    pictures.open({
      rows: layers.map((layer) => layer.seeds),
      columnCount: columns.length,
      precision,
      metricIndex,
      withSeries: precision === 'exact' && totalSeeds(run) <= SPARKLINE_SEEDS,
    })
  }
  const fits = (run: RunView): boolean => pictures.live().length === run.descriptor.layers.length

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
      return pictures.lost
    },
    get framesApplied() {
      return pictures.applied
    },
    mirrors: () => pictures.shown(),
    ingestMs(layer) {
      const mirror = pictures.live()[layer]
      return mirror && mirror.frame > 0 ? mirror.ingestMs : null
    },
    series: (layer) => pictures.series(layer),
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
        openPictures()
        pause = null
        topics.emit('pause')
      } else if (!sameMetric) {
        // Quantised cells carry one metric: the old one's bytes must not be read on the new one's scale.
        if (view?.precision === 'cells') openPictures()
        else pictures.setMetric(view?.metricIndex ?? 0)
      }
      topics.emit('view')
      topics.emit('frames')
    },
    setViewClass: (classId) => pictures.setClass(classId),
    setPaused(paused, nowMs) {
      if (paused === (pause !== null)) return
      pause = paused
        ? {
            atMs: nowMs,
            offset: log.offset,
            status,
            get waitingFrames() {
              return pictures.waiting
            },
          }
        : null
      pictures.freeze(paused)
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
      else if (run && !fits(run)) openPictures()
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
      const shown = currentRun()
      if (shown && view?.runId === run.descriptor.run_id && !fits(shown)) openPictures()
      topics.emit('runs')
      topics.emit('records')
    },
    applyFrames: (message) => pictures.push(message),
    applyHistory(answer) {
      const run = currentRun()
      if (!run || answer.metric !== view?.metric.name) return
      pictures.backfill(
        answer.layers.map((past) => ({
          layer: run.descriptor.layers.findIndex((layer) => layer.layer_id === past.layer_id),
          atMs: past.at_ms,
          values: past.seeds,
          states: past.states,
        })),
      )
    },
  }
}
