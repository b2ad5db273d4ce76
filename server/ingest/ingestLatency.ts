/*
 * ingestLatency: how long each merged message took to come here, per stage: three subtractions and two readings of the clock.
 * In: a delivery when it is read, the moment it is merged. Out: queue, deliver, handle, total and ack in the thread's book.
 * Invariant: n of a stage is the number of messages merged; an entry older than its reader was replayed and is not measured.
 * Source: docs/architecture.md "latency"; docs/performance.md "latency".
 */
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { latencyTopicOf, type LatencyStage, type LatencyTopic } from '../../lib/contracts/latencyStages.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import type { EntryMarks } from './entryMarks.ts'
import type { LatencyRecorder } from './latencyRecorder.ts'
import type { Run } from './runTable.ts'

const STAGES = ['queue', 'deliver', 'handle', 'total'] as const satisfies readonly LatencyStage[]
const WIDTH = STAGES.length
/** The id of an entry has whole milliseconds: it was accepted within this one, on average at its middle. */
const ID_MIDDLE_MS = 0.5

export interface IngestLatency {
  /** What is merged from now on came with this delivery, read now or when it was told. */
  begin(delivery: Delivery, readMs?: number): void
  /** When the current delivery was read, server wall ms. */
  readMs(): number
  /** A layer's report was merged into its table, whose marks are written. Called between begin and end of the table. */
  merged(run: Run, layer: number, publishedMs: number): void
  /** An event or outcome was merged; `issuedMs` of the command it answers, NaN when it answers none. */
  told(run: Run | undefined, layerId: string | null, publishedMs: number, issuedMs: number): void
  /** Entries from before this bus time are replayed. */
  startAt(busMs: number): void
  replayed(): number
}

export interface IngestLatencyOptions {
  /** Null: nothing is counted, only tables are marked. */
  readonly recorder: LatencyRecorder | null
  readonly nowMs: () => number
  readonly toWallMs: (busMs: number) => number
  readonly mark: EntryMarks['mark']
}

/** Creates the latency of one ingest. */
export function createIngestLatency({ recorder, nowMs, toWallMs, mark }: IngestLatencyOptions): IngestLatency {
  /** Series by run and topic: [layer][stage], -1 = not asked for yet. A run takes its numbers with it. */
  const seriesOf = new WeakMap<Run, Partial<Record<LatencyTopic, Int32Array>>>()
  const place = new Float64Array(Math.max(...Object.values(TABLE_META)) + 1)
  let startBusMs = Number.NEGATIVE_INFINITY
  let replayed = 0
  let topicName = ''
  let topic: LatencyTopic = 'foreign'
  let readMs = 0
  let acceptedBusMs = 0
  let isReplay = false
  let delivery: Delivery | null = null

  const rowOf = (run: Run, layer: number): number => {
    let byTopic = seriesOf.get(run)
    if (byTopic === undefined) seriesOf.set(run, (byTopic = {}))
    let series = byTopic[topic]
    if (series === undefined || series.length < run.tables.length * WIDTH) {
      // An assumed run grows; known layers keep their place.
      const grown = new Int32Array(run.tables.length * WIDTH).fill(-1)
      if (series !== undefined) grown.set(series)
      byTopic[topic] = series = grown
    }
    const at = layer * WIDTH
    if (series[at] === -1) {
      const { run_id, layers } = run.descriptor
      STAGES.forEach((stage, index) => {
        series[at + index] = recorder!.seriesOf(stage, topic, run_id, layers[layer]!.layer_id)
      })
    }
    return at
  }

  const record = (run: Run, layer: number, publishedMs: number, mergedMs: number): void => {
    const { writer } = recorder!
    const at = rowOf(run, layer)
    const series = seriesOf.get(run)![topic]!
    writer.record(series[at]!, acceptedBusMs - publishedMs)
    writer.record(series[at + 1]!, readMs - toWallMs(acceptedBusMs))
    writer.record(series[at + 2]!, mergedMs - readMs)
    writer.record(series[at + 3]!, mergedMs - publishedMs)
  }

  return {
    begin(next, atMs = nowMs()) {
      delivery = next
      readMs = atMs
      acceptedBusMs = Number.isInteger(next.acceptedAtMs) ? next.acceptedAtMs + ID_MIDDLE_MS : next.acceptedAtMs
      isReplay = next.acceptedAtMs < startBusMs
      if (next.topic === topicName) return
      topicName = next.topic
      topic = latencyTopicOf(topicName)
    },
    readMs: () => readMs,
    merged(run, layer, publishedMs) {
      const mergedMs = nowMs()
      const { meta } = run.tables[layer]!
      meta[TABLE_META.mergedMs] = isReplay ? Number.NaN : mergedMs
      if (isReplay) replayed++
      if (recorder === null || isReplay) return
      const atMs = meta[TABLE_META.ingestMs]!
      recorder.writer.mark(meta[TABLE_META.entryMs]!, meta[TABLE_META.entrySeq]!, meta[TABLE_META.entryTopic]!, atMs)
      record(run, layer, publishedMs, mergedMs)
    },
    told(run, layerId, publishedMs, issuedMs) {
      if (isReplay) return void replayed++
      const layer = layerId === null ? undefined : run?.layerIndex.get(layerId)
      // What names no layer of a known run has no series: a label is never guessed.
      if (recorder === null || delivery === null || run === undefined || layer === undefined) return
      mark(place, delivery)
      const atMs = toWallMs(acceptedBusMs)
      recorder.writer.mark(place[TABLE_META.entryMs]!, place[TABLE_META.entrySeq]!, place[TABLE_META.entryTopic]!, atMs)
      record(run, layer, publishedMs, nowMs())
      if (issuedMs !== issuedMs) return
      const series = recorder.seriesOf('ack', topic, run.descriptor.run_id, run.descriptor.layers[layer]!.layer_id)
      recorder.writer.record(series, acceptedBusMs - issuedMs)
    },
    startAt: (busMs) => void (startBusMs = busMs),
    replayed: () => replayed,
  }
}
