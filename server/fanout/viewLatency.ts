/*
 * viewLatency: the last two stages: a merged report until its frame is written, and the frame until browsers say they drew it.
 * In: frames as they are written, the sums that viewers report. Out: counts in the main thread's book.
 * Invariant: a repetition is no latency; what a viewer reports is bounded, and can only ever change the stage `paint`.
 * Source: docs/architecture.md "latency".
 */
import type { LatencyStage } from '../../lib/contracts/latencyStages.ts'
import type { PaintReport } from '../../lib/contracts/socketEvents.ts'
import { bucketFloorMs } from '../../lib/primitives/latencyBuckets.ts'
import type { LatencyRecorder } from '../ingest/latencyRecorder.ts'
import type { KnownRun } from '../state/runBook.ts'
import type { EncodedFrame } from './layerEncoder.ts'

export interface ViewLatency {
  written(run: KnownRun, frames: readonly EncodedFrame[]): void
  painted(run: KnownRun, report: PaintReport): void
}

/** Creates the recording of the main thread. */
export function createViewLatency(recorder: LatencyRecorder, nowMs: () => number): ViewLatency {
  /** Series by layer, -1 = not asked for yet. */
  const frameSeries = new WeakMap<KnownRun, Int32Array>()
  const { writer } = recorder
  const seriesOf = (stage: LatencyStage, run: KnownRun, layer: number): number =>
    recorder.seriesOf(stage, 'view', run.descriptor.run_id, run.descriptor.layers[layer]!.layer_id)

  return {
    written(run, frames) {
      const atMs = nowMs()
      let series = frameSeries.get(run)
      if (series === undefined || series.length < run.tables.length)
        frameSeries.set(run, (series = new Int32Array(run.tables.length).fill(-1)))
      for (const { layer, news } of frames) {
        if (news === null || run.descriptor.layers[layer] === undefined) continue
        if (series[layer] === -1) series[layer] = seriesOf('frame', run, layer)
        writer.mark(news.entryMs, news.entrySeq, news.topic, news.atMs)
        writer.record(series[layer]!, atMs - news.mergedMs)
      }
    },
    painted(run, { layers }) {
      for (const { layer_id, counts, slowest, skewed, skew_ms } of layers) {
        const layer = run.layerIndex.get(layer_id)
        if (layer === undefined) continue
        const series = seriesOf('paint', run, layer)
        for (const [bucket, count] of counts)
          writer.add(series, bucket, count, (bucketFloorMs(bucket) + bucketFloorMs(bucket + 1)) / 2)
        if (skewed > 0) writer.skew(series, -skew_ms, skewed)
        // Which entry a drawn picture came in is not known to its viewer: the time of the telemetry is.
        writer.mark(Number.NaN, Number.NaN, Number.NaN, slowest.at_ms)
        if (counts.length > 0) writer.sample(series, slowest.ms)
      }
    },
  }
}
