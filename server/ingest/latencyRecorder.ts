/*
 * latencyRecorder: from a stage, a topic class and a layer to the series they are counted in; the hot path then has only numbers.
 * In: labels, once per run; milliseconds, per message. Out: counts in a shared book; every series' labels, told before it counts.
 * Invariant: series are bounded; layers beyond the bound are counted together and never lost; a series is given to a new run only
 * after two slices, so that what is counted is never told under another's name.
 * Source: docs/architecture.md "latency".
 */
import {
  LATENCY_STAGES,
  LATENCY_TOPICS,
  type LatencyStage,
  type LatencyTopic,
} from '../../lib/contracts/latencyStages.ts'
import { LatencyWriter } from '../../lib/primitives/latencyBook.ts'

export interface SeriesLabel {
  readonly stage: LatencyStage
  readonly topic: LatencyTopic
  /** Null: layers that found no series of their own, together. */
  readonly runId: string | null
  readonly layerId: string | null
}

export type LatencyNote =
  /** A thread began: what its series meant before is over. */
  | { readonly kind: 'began' }
  | { readonly kind: 'series'; readonly series: number; readonly label: SeriesLabel }
  | { readonly kind: 'run-gone'; readonly runId: string }

export interface LatencyRecorder {
  readonly writer: LatencyWriter
  /** Finds or opens a series; always the same one for the same labels. Never throws. */
  seriesOf(stage: LatencyStage, topic: LatencyTopic, runId: string, layerId: string): number
  /** Its series may be given to others, later. */
  forget(runId: string): void
}

export interface LatencyRecorderOptions {
  readonly buffer: SharedArrayBuffer
  readonly nowMs: () => number
  readonly note: (note: LatencyNote) => void
}

/** Two slices and a turn. */
const QUARANTINE_MS = 15_000

/** Creates the recorder of one thread. */
export function createLatencyRecorder({ buffer, nowMs, note }: LatencyRecorderOptions): LatencyRecorder {
  const writer = new LatencyWriter(buffer)
  // One series per stage and topic is kept back for what finds no place.
  const shared = LATENCY_STAGES.length * LATENCY_TOPICS.length
  const own = writer.seriesCount - shared
  const byRun = new Map<string, Map<string, number>>()
  const sharedTold = new Set<number>()
  let free: { readonly series: number; readonly fromMs: number }[] = []
  let next = 0

  const take = (): number | null => {
    if (next < own) return next++
    const oldest = free[0]
    if (oldest === undefined || nowMs() < oldest.fromMs) return null
    free.shift()
    return oldest.series
  }
  const sharedOf = (stage: LatencyStage, topic: LatencyTopic): number => {
    const series = own + LATENCY_STAGES.indexOf(stage) * LATENCY_TOPICS.length + LATENCY_TOPICS.indexOf(topic)
    if (!sharedTold.has(series)) note({ kind: 'series', series, label: { stage, topic, runId: null, layerId: null } })
    sharedTold.add(series)
    return series
  }

  return {
    writer,
    seriesOf(stage, topic, runId, layerId) {
      let mine = byRun.get(runId)
      if (mine === undefined) byRun.set(runId, (mine = new Map()))
      const key = `${stage} ${topic} ${layerId}`
      const known = mine.get(key)
      if (known !== undefined) return known
      const series = take()
      // Not remembered: a place may become free later.
      if (series === null) return sharedOf(stage, topic)
      mine.set(key, series)
      note({ kind: 'series', series, label: { stage, topic, runId, layerId } })
      return series
    },
    forget(runId) {
      const mine = byRun.get(runId)
      if (mine === undefined) return
      byRun.delete(runId)
      const fromMs = nowMs() + QUARANTINE_MS
      free = [...free, ...[...mine.values()].map((series) => ({ series, fromMs }))]
      note({ kind: 'run-gone', runId })
    },
  }
}
