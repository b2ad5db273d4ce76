/*
 * Picture link: pictures made in another thread: what the page asks of it, what comes back, and both ends.
 * In: messages of frames (transferred). Out: in the worker a keeper; in the page a replica whose every picture is one the worker made.
 * Invariant: frames and changes of the view arrive in the order they were sent; pictures of an older view are thrown away;
 * after a pause both ends hold the same frozen pictures.
 * Source: docs/architecture.md "the browser".
 */
import type { LayerMirror } from '../frames/layerMirror.ts'
import { makeLazy } from '../frames/lazyMirrors.ts'
import { packMirrors } from '../frames/mirrorPack.ts'
import type { Inflate } from '../frames/viewFrame.ts'
import { createPictureBook, type PastSeries, type PictureShape } from './pictureBook.ts'
import { createPictureKeeper, type PictureKeeper } from './pictureKeeper.ts'
import type { Pictures } from './pictures.ts'

export type PictureOrder =
  | { readonly kind: 'open'; readonly generation: number; readonly shape: PictureShape | null }
  | { readonly kind: 'metric'; readonly metricIndex: number }
  | { readonly kind: 'class'; readonly classId: number | null }
  | { readonly kind: 'freeze'; readonly on: boolean; readonly turn: number }
  | { readonly kind: 'frames'; readonly message: Uint8Array }
  | { readonly kind: 'backfill'; readonly past: readonly PastSeries[] }

interface Counts {
  readonly lost: number
  readonly applied: number
  readonly waiting: number
}
export type PictureNews =
  | { readonly kind: 'pictures'; readonly generation: number; readonly pack: ArrayBuffer; readonly counts: Counts }
  /** The pictures are frozen: what was handed over up to here is what stays. */
  | { readonly kind: 'frozen'; readonly turn: number }

export type Post<T> = (message: T, transfer: ArrayBuffer[]) => void

export interface PictureHost {
  readonly keeper: PictureKeeper
  receive(order: PictureOrder): void
}

/** The worker's end. `onChange`: something to draw is new. */
export function createPictureHost(options: {
  readonly post: Post<PictureNews>
  readonly inflate: Inflate
  readonly onChange: () => void
}): PictureHost {
  const keeper = createPictureKeeper(options.inflate)
  let generation = 0

  const handOver = (changed: Iterable<LayerMirror>): void => {
    const pack = packMirrors([...changed])
    const { lost, applied, waiting } = keeper
    options.post({ kind: 'pictures', generation, pack, counts: { lost, applied, waiting } }, [pack])
    options.onChange()
  }
  return {
    keeper,
    receive(order) {
      switch (order.kind) {
        case 'open':
          generation = order.generation
          keeper.book.open(order.shape)
          return options.onChange()
        case 'metric':
          return keeper.book.setMetric(order.metricIndex)
        case 'class': {
          const changed = keeper.setClass(order.classId)
          return changed.length > 0 ? handOver(changed) : undefined
        }
        case 'freeze':
          keeper.freeze(order.on)
          if (order.on) options.post({ kind: 'frozen', turn: order.turn }, [])
          return options.onChange()
        case 'frames': {
          const { lost } = keeper
          const changed = new Set(keeper.split(order.message).map((frame) => keeper.apply(frame)))
          changed.delete(null)
          if (changed.size > 0 || keeper.lost !== lost) handOver(changed as Set<LayerMirror>)
          return undefined
        }
        case 'backfill':
          for (const one of order.past) keeper.book.backfill(one)
          return options.onChange()
        default: {
          const never: never = order
          return never
        }
      }
    },
  }
}

export interface PictureReplica extends Pictures {
  receive(news: PictureNews): void
}

/** The page's end. */
export function createPictureReplica(post: Post<PictureOrder>): PictureReplica {
  const book = createPictureBook()
  // A million seeds a second are not copied for a page that looks at none of them.
  let lazy = makeLazy([])
  let counts: Counts = { lost: 0, applied: 0, waiting: 0 }
  let generation = 0
  let turn = 0
  let changed = (): void => undefined
  return {
    live: () => book.live(),
    shown: () => book.shown(),
    series: (layer) => book.series(layer),
    get lost() {
      return counts.lost
    },
    get applied() {
      return counts.applied
    },
    get waiting() {
      return counts.waiting
    },
    open(shape) {
      generation++
      // A freezing that is still under way belongs to the pictures before.
      turn++
      book.open(shape)
      lazy = makeLazy(book.live())
      post({ kind: 'open', generation, shape }, [])
    },
    setMetric(metricIndex) {
      book.setMetric(metricIndex)
      post({ kind: 'metric', metricIndex }, [])
    },
    setClass: (classId) => post({ kind: 'class', classId }, []),
    freeze(on) {
      turn++
      counts = { ...counts, waiting: 0 }
      if (!on) book.freeze(false)
      post({ kind: 'freeze', on, turn }, [])
    },
    push(message) {
      // A view of a larger buffer would take all of it along.
      const own = message.byteLength === message.buffer.byteLength ? message : message.slice()
      post({ kind: 'frames', message: own }, [own.buffer as ArrayBuffer])
    },
    backfill(past) {
      for (const one of past) book.backfill(one)
      post({ kind: 'backfill', past }, [])
      changed()
    },
    listen: (listener) => void (changed = listener),
    receive(news) {
      if (news.kind === 'frozen') {
        // Everything the worker drew from has been handed over before this: both ends freeze the same pictures.
        if (news.turn === turn) book.freeze(true)
        return changed()
      }
      counts = news.counts
      if (news.generation === generation) lazy.take(news.pack).forEach((mirror) => book.note(mirror))
      changed()
    },
  }
}
