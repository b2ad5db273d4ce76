/*
 * Picture worker: decodes frames, keeps the pictures and draws the heatmap, away from the page's own thread.
 * In: orders of the page. Out: pictures handed over (transferred), how long drawings took.
 * Invariant: it holds nothing the page did not send it; a dropped canvas is released at once, everything else with the worker.
 * Source: docs/architecture.md "the browser"; docs/performance.md "heatmap".
 */
import { decompress } from 'fzstd'
import { createPictureHost } from '../../lib/live/pictureLink.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createHeatmapStage, type HeatmapStage, type OnDrawn } from './heatmapStage.ts'
import type { ThreadNews, ThreadOrder } from './threadProtocol.ts'

/** The part of a worker's scope that is used; the page's types do not know it. */
interface WorkerScope {
  postMessage(message: ThreadNews, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent<ThreadOrder>) => void): void
  requestAnimationFrame?: (callback: () => void) => number
  cancelAnimationFrame?: (id: number) => void
}
const scope = globalThis as unknown as WorkerScope

const FRAME_MS = 16
const TELL_EVERY_MS = 200

const nextFrame = (callback: () => void): (() => void) => {
  if (!scope.requestAnimationFrame) return systemClock.after(FRAME_MS, callback)
  const id = scope.requestAnimationFrame(callback)
  return () => scope.cancelAnimationFrame?.(id)
}

/** Tells the page of drawings a few times a second: the slowest of them. */
function createTeller(id: number): OnDrawn {
  let slowestMs = 0
  let report: Parameters<OnDrawn>[1] = null
  let waiting = false
  return (tookMs, painted) => {
    report ??= painted
    slowestMs = Math.max(slowestMs, tookMs)
    if (waiting) return
    waiting = true
    systemClock.after(TELL_EVERY_MS, () => {
      scope.postMessage({ kind: 'drawn', id, tookMs: slowestMs, painted: report }, [])
      report = null
      waiting = false
      slowestMs = 0
    })
  }
}

const stages = new Map<number, HeatmapStage>()
const host = createPictureHost({
  post: (news, transfer) => scope.postMessage(news, transfer),
  inflate: (bytes, rawBytes) => decompress(bytes, new Uint8Array(rawBytes)),
  onChange: () => stages.forEach((stage) => stage.changed()),
})

scope.addEventListener('message', ({ data: order }) => {
  switch (order.kind) {
    case 'canvas': {
      const { id, canvas } = order
      const stage = createHeatmapStage({
        canvas,
        pictures: host.keeper.book,
        clock: systemClock,
        nextFrame,
        binBudgetMs: Number.POSITIVE_INFINITY,
        onDrawn: createTeller(id),
      })
      return void stages.set(id, stage)
    }
    case 'stage':
      return stages.get(order.id)?.receive(order.order)
    case 'drop':
      stages.get(order.id)?.drop()
      return void stages.delete(order.id)
    case 'open':
    case 'metric':
    case 'class':
    case 'freeze':
    case 'frames':
    case 'backfill':
      return host.receive(order)
    default: {
      const never: never = order
      return never
    }
  }
})
