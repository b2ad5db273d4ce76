/*
 * Picture book: the pictures of the shown run's layers, the frozen ones of a pause, and the recent series of small runs.
 * In: a shape, the word that a layer's picture is new, history answers. Out: mirrors and series to draw.
 * Invariant: freezing copies what is shown at that moment and loses nothing of what comes after; a series takes one sample a second.
 * Source: docs/architecture.md "the browser"; features A11, B8.
 */
import { copyLayerMirror, createLayerMirror, type LayerMirror } from '../frames/layerMirror.ts'
import type { Precision } from '../frames/viewFrame.ts'
import { SeriesRing } from './seriesRing.ts'

const SERIES_SAMPLES = 320
const SERIES_EVERY_MS = 1_000

/** What the pictures of a view look like. */
export interface PictureShape {
  /** Seeds per layer. */
  readonly rows: readonly number[]
  readonly columnCount: number
  readonly precision: Precision
  readonly metricIndex: number
  /** Whether every seed gets a recent line. */
  readonly withSeries: boolean
}

/** History of one layer, oldest first, as the server answers it. */
export interface PastSeries {
  readonly layer: number
  readonly atMs: readonly number[]
  readonly values: readonly (readonly (number | null)[])[]
  readonly states: readonly (readonly number[])[]
}

export interface PictureBook {
  /** The newest pictures, by layer index. */
  live(): readonly LayerMirror[]
  /** What is to be drawn: the frozen pictures of a pause, else the newest. */
  shown(): readonly LayerMirror[]
  series(layer: number): SeriesRing | null
  /** Everything anew: nothing is known of any layer. Null: nothing is shown. */
  open(shape: PictureShape | null): void
  /** Another metric of the same pictures: its series begins anew. */
  setMetric(metricIndex: number): void
  freeze(on: boolean): void
  /** A layer has a new picture: its series may take a sample. */
  note(mirror: LayerMirror): void
  backfill(past: PastSeries): void
}

/** Creates a book that shows nothing. */
export function createPictureBook(): PictureBook {
  let live: readonly LayerMirror[] = []
  let frozen: readonly LayerMirror[] | null = null
  let rings: readonly (SeriesRing | null)[] = []
  let metricIndex = 0
  return {
    live: () => live,
    shown: () => frozen ?? live,
    series: (layer) => rings[layer] ?? null,
    open(shape) {
      frozen = null
      metricIndex = shape?.metricIndex ?? 0
      live = shape?.rows.map((rows, layer) => createLayerMirror(layer, rows, shape.columnCount, shape.precision)) ?? []
      rings = shape?.rows.map((rows) => (shape.withSeries ? new SeriesRing(rows, SERIES_SAMPLES) : null)) ?? []
    },
    setMetric(next) {
      metricIndex = next
      for (const ring of rings) ring?.clear()
    },
    freeze(on) {
      frozen = on ? live.map(copyLayerMirror) : null
    },
    note(mirror) {
      const ring = rings[mirror.layer]
      if (!ring || mirror.ingestMs - ring.newestMs < SERIES_EVERY_MS) return
      const column = mirror.columns[metricIndex]
      ring.append(
        mirror.ingestMs,
        (row) => column?.[row] ?? Number.NaN,
        (row) => mirror.state[row] ?? 255,
      )
    },
    backfill: ({ layer, atMs, values, states }) => rings[layer]?.backfill(atMs, values, states),
  }
}
