/*
 * Picture thread: where this page makes and draws its pictures: in a worker, or on its own thread where there is none or it died.
 * In: how to start a worker, how to load the page's own way. Out: pictures for the session, stages for canvases.
 * Invariant: the same orders give the same pixels on both ways; a worker that fails is replaced, and the next keyframe heals the
 * picture; stopping releases the worker and everything in it.
 * Source: docs/architecture.md "the browser".
 */
import type { HeatmapStage, StageOrder, OnDrawn } from '../heatmap/heatmapStage.ts'
import type { ThreadNews, ThreadOrder } from '../heatmap/threadProtocol.ts'
import type { PictureShape } from '../../lib/live/pictureBook.ts'
import { createPictureReplica } from '../../lib/live/pictureLink.ts'
import type { Pictures } from '../../lib/live/pictures.ts'

/** The part of a Worker that is used; tests pass their own. */
export interface ThreadPort {
  postMessage(message: ThreadOrder, transfer: Transferable[]): void
  addEventListener(type: 'message', listener: (event: { readonly data: ThreadNews }) => void): void
  addEventListener(type: 'error' | 'messageerror', listener: () => void): void
  terminate(): void
}

export interface PageWay {
  createPagePictures(): Pictures
  createPageStage(
    canvas: HTMLCanvasElement,
    pictures: Pick<Pictures, 'shown' | 'series'>,
    onDrawn: OnDrawn,
  ): HeatmapStage
}

export type Stage = Pick<HeatmapStage, 'receive' | 'drop'>

export interface PictureThread {
  readonly pictures: Pictures
  /** Who draws now; canvases belong to one of them and are opened anew when it changes. */
  readonly drawnBy: () => 'worker' | 'page' | 'nobody'
  readonly subscribe: (listener: () => void) => () => void
  start(): void
  stop(): void
  /** Opens a stage on a canvas nobody has drawn on; null while nobody draws. */
  open(canvas: HTMLCanvasElement, onDrawn: OnDrawn): Stage | null
}

export interface PictureThreadOptions {
  /** Null where the browser has no worker that can draw. */
  readonly startWorker: () => ThreadPort | null
  readonly loadPageWay: () => Promise<PageWay>
}

/** Pictures that go on when who makes them changes. */
function createSwitch(): Pictures & { use(next: Pictures | null): void } {
  let current: Pictures | null = null
  let shape: PictureShape | null = null
  let classId: number | null = null
  let frozen = false
  /** Of those who made pictures before: what was lost stays lost. */
  let before = { lost: 0, applied: 0 }
  let changed = (): void => undefined
  return {
    live: () => current?.live() ?? [],
    shown: () => current?.shown() ?? [],
    series: (layer) => current?.series(layer) ?? null,
    get lost() {
      return before.lost + (current?.lost ?? 0)
    },
    get applied() {
      return before.applied + (current?.applied ?? 0)
    },
    get waiting() {
      return current?.waiting ?? 0
    },
    open(next) {
      shape = next
      frozen = false
      current?.open(next)
    },
    setMetric(metricIndex) {
      shape = shape && { ...shape, metricIndex }
      current?.setMetric(metricIndex)
    },
    setClass(next) {
      classId = next
      current?.setClass(next)
    },
    freeze(on) {
      frozen = on
      current?.freeze(on)
    },
    push: (message) => current?.push(message),
    backfill: (past) => current?.backfill(past),
    listen(listener) {
      changed = listener
      current?.listen(listener)
    },
    use(next) {
      if (current) before = { lost: before.lost + current.lost, applied: before.applied + current.applied }
      current = next
      if (!next) return
      next.listen(changed)
      next.open(shape)
      if (frozen) next.freeze(true)
      next.setClass(classId)
      changed()
    },
  }
}

/** Creates a thread that has not started. */
export function createPictureThread({ startWorker, loadPageWay }: PictureThreadOptions): PictureThread {
  const pictures = createSwitch()
  const listeners = new Set<() => void>()
  const meters = new Map<number, OnDrawn>()
  let port: ThreadPort | null = null
  let page: PageWay | null = null
  let running = false
  let nextId = 1

  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const usePage = async (): Promise<void> => {
    port = null
    pictures.use(null)
    tell()
    const way = await loadPageWay()
    if (!running || port !== null) return
    page = way
    pictures.use(way.createPagePictures())
    tell()
  }
  const useWorker = (started: ThreadPort): void => {
    port = started
    const replica = createPictureReplica((order, transfer) => started.postMessage(order, transfer))
    started.addEventListener('message', ({ data: news }) => {
      if (port !== started) return
      if (news.kind === 'drawn') meters.get(news.id)?.(news.tookMs, news.painted)
      else replica.receive(news)
    })
    const fail = (): void => {
      if (port !== started) return
      started.terminate()
      void usePage()
    }
    started.addEventListener('error', fail)
    started.addEventListener('messageerror', fail)
    pictures.use(replica)
    tell()
  }
  const tryWorker = (): ThreadPort | null => {
    try {
      return startWorker()
    } catch {
      // Refused by the page's policy, or out of resources: the page draws itself.
      return null
    }
  }

  return {
    pictures,
    drawnBy: () => (port ? 'worker' : page ? 'page' : 'nobody'),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start() {
      if (running) return
      running = true
      const started = tryWorker()
      if (started) useWorker(started)
      else void usePage()
    },
    stop() {
      running = false
      port?.terminate()
      port = null
      page = null
      meters.clear()
      pictures.use(null)
      tell()
    },
    open(canvas, onDrawn) {
      if (page) return page.createPageStage(canvas, pictures, onDrawn)
      const to = port
      if (!to) return null
      const id = nextId++
      const offscreen = canvas.transferControlToOffscreen()
      to.postMessage({ kind: 'canvas', id, canvas: offscreen }, [offscreen])
      meters.set(id, onDrawn)
      return {
        receive: (order: StageOrder) => to.postMessage({ kind: 'stage', id, order }, []),
        drop() {
          meters.delete(id)
          to.postMessage({ kind: 'drop', id }, [])
        },
      }
    },
  }
}
