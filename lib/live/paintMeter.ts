/*
 * paintMeter: how long pictures took from the server's writing of their frame until they were drawn here, summed per layer.
 * In: the pictures at the end of each drawing. Out: a report every few seconds, in the buckets of all latencies.
 * Invariant: only what was drawn is counted, once; memory is bounded; every layer has its turn to be told; what seems drawn before it
 * was written is skew, not zero.
 * Source: docs/architecture.md "latency".
 */
import type { RunDescriptor } from '../contracts/runDescriptor.ts'
import type { PaintReport } from '../contracts/socketEvents.ts'
import type { LayerMirror } from '../frames/layerMirror.ts'
import { bucketOf } from '../primitives/latencyBuckets.ts'

/** Layers of one report; the others wait for the next one. */
const TOLD_LAYERS = 64
/** As many as a view names at most. */
const MAX_LAYERS = 1_024
const MAX_COUNT = 10_000
const MAX_BUCKETS = 96
/** Two clocks that were compared over a network are not told apart below this. */
const RESOLUTION_MS = 1

type Drawn = Pick<LayerMirror, 'frame' | 'serverMs' | 'ingestMs'>

interface Sum {
  readonly counts: Map<number, number>
  slowestMs: number
  slowestAtMs: number
  skewed: number
  skewMs: number
}

export interface PaintMeter {
  /** These pictures have just been drawn; `serverNowMs` is the server's clock as this page estimates it. */
  drawn(pictures: readonly Drawn[], serverNowMs: number): void
  /** Drawing stands still: what comes next was not late, it was not to be drawn. */
  rest(): void
  /** Takes sums that no report has told, of those layers first that waited longest; null when there are none. */
  take(run: Pick<RunDescriptor, 'run_id' | 'layers'>): PaintReport | null
}

/** Creates an empty meter. */
export function createPaintMeter(): PaintMeter {
  /** Frame last drawn per layer. */
  let last: number[] = []
  let rests = true
  const sums = new Map<number, Sum>()

  const add = (layer: number, { serverMs, ingestMs }: Drawn, nowMs: number): void => {
    let sum = sums.get(layer)
    if (sum === undefined) {
      if (sums.size >= MAX_LAYERS) return
      sum = { counts: new Map(), slowestMs: 0, slowestAtMs: 0, skewed: 0, skewMs: 0 }
      sums.set(layer, sum)
    }
    const ms = nowMs - serverMs
    if (ms < -RESOLUTION_MS) {
      sum.skewed = Math.min(MAX_COUNT, sum.skewed + 1)
      sum.skewMs = Math.max(sum.skewMs, -ms)
      return
    }
    const bucket = bucketOf(Math.max(0, ms))
    const before = sum.counts.get(bucket) ?? 0
    if (before >= MAX_COUNT || (before === 0 && sum.counts.size >= MAX_BUCKETS)) return
    sum.counts.set(bucket, before + 1)
    if (ms < sum.slowestMs) return
    sum.slowestMs = ms
    sum.slowestAtMs = ingestMs
  }

  return {
    drawn(pictures, serverNowMs) {
      pictures.forEach((picture, layer) => {
        const before = last[layer] ?? 0
        // The first picture of a layer waited for its viewer.
        if (!rests && before > 0 && picture.frame > before) add(layer, picture, serverNowMs)
        last[layer] = picture.frame
      })
      last.length = pictures.length
      rests = false
    },
    rest() {
      rests = true
    },
    take({ run_id, layers }) {
      const taken = [...sums].slice(0, TOLD_LAYERS)
      for (const [layer] of taken) sums.delete(layer)
      const told = taken.flatMap(([layer, sum]) => {
        const named = layers[layer]
        if (named === undefined) return []
        return [
          {
            layer_id: named.layer_id,
            counts: [...sum.counts],
            slowest: { ms: Math.min(600_000, Math.max(0, sum.slowestMs)), at_ms: Math.max(0, sum.slowestAtMs) },
            skewed: sum.skewed,
            skew_ms: Math.min(86_400_000, sum.skewMs),
          },
        ]
      })
      return told.length === 0 ? null : { run_id, layers: told }
    },
  }
}
