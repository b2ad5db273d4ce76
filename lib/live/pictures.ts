/*
 * Pictures: the pictures of the shown run as the page reads them, wherever they are made: in its worker or on its own thread.
 * In: a shape, the class of the view, messages of frames. Out: mirrors and series; the word that they changed.
 * Invariant: order is kept on both ways; what the page reads of a layer is one whole picture, the newest that was handed over.
 * Source: docs/architecture.md "the browser".
 */
import type { LayerMirror } from '../frames/layerMirror.ts'
import type { Inflate } from '../frames/viewFrame.ts'
import type { Clock } from '../primitives/clock.ts'
import { createFrameSlicer } from './frameSlicer.ts'
import type { PastSeries, PictureShape } from './pictureBook.ts'
import { createPictureKeeper } from './pictureKeeper.ts'
import type { SeriesRing } from './seriesRing.ts'

export interface Pictures {
  live(): readonly LayerMirror[]
  shown(): readonly LayerMirror[]
  series(layer: number): SeriesRing | null
  readonly lost: number
  readonly applied: number
  /** Frames applied since the pictures were frozen. */
  readonly waiting: number
  open(shape: PictureShape | null): void
  setMetric(metricIndex: number): void
  setClass(classId: number | null): void
  freeze(on: boolean): void
  /** Takes one message of frames; its buffer is the taker's from here on. */
  push(message: Uint8Array): void
  backfill(past: readonly PastSeries[]): void
  /** Told after pictures changed; one listener. */
  listen(listener: () => void): void
}

/** Pictures made on this thread, in short slices of time. */
export function createLocalPictures(clock: Clock, inflate: Inflate): Pictures {
  const keeper = createPictureKeeper(inflate)
  const { book } = keeper
  let changed = (): void => undefined
  const slicer = createFrameSlicer(clock, (frame) => {
    if (keeper.apply(frame) !== null) changed()
  })
  return {
    live: () => book.live(),
    shown: () => book.shown(),
    series: (layer) => book.series(layer),
    get lost() {
      return keeper.lost
    },
    get applied() {
      return keeper.applied
    },
    get waiting() {
      return keeper.waiting
    },
    open: (shape) => book.open(shape),
    setMetric: (metricIndex) => book.setMetric(metricIndex),
    setClass(classId) {
      if (keeper.setClass(classId).length > 0) changed()
    },
    freeze: (on) => keeper.freeze(on),
    push: (message) => keeper.split(message).forEach((frame) => slicer.push(frame)),
    backfill(past) {
      for (const one of past) book.backfill(one)
      changed()
    },
    listen: (listener) => void (changed = listener),
  }
}
