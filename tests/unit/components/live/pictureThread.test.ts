import { expect, test } from 'vitest'
import type { StageOrder } from '../../../../components/heatmap/heatmapStage.ts'
import type { ThreadNews, ThreadOrder } from '../../../../components/heatmap/threadProtocol.ts'
import { createPictureThread, type PageWay, type ThreadPort } from '../../../../components/live/pictureThread.ts'
import { createPictureHost } from '../../../../lib/live/pictureLink.ts'
import { createLocalPictures } from '../../../../lib/live/pictures.ts'
import { systemClock } from '../../../../lib/primitives/clock.ts'
import { cellsFrame, ROWS } from '../../lib/live/pictureFixture.ts'

const SHAPE = { rows: [ROWS], columnCount: 0, precision: 'cells', metricIndex: 0, withSeries: false } as const
const inflate = (bytes: Uint8Array) => bytes

/** A worker that obeys at once, remembers what it was asked, and can fail. */
function givenWorker() {
  const orders: ThreadOrder[] = []
  const listeners = new Map<string, (event: { readonly data: ThreadNews }) => void>()
  let terminated = 0
  const tell = (data: ThreadNews): void => listeners.get('message')?.({ data })
  const host = createPictureHost({ post: tell, inflate, onChange: () => undefined })
  const port: ThreadPort = {
    postMessage(order) {
      orders.push(order)
      if (order.kind !== 'canvas' && order.kind !== 'stage' && order.kind !== 'drop') host.receive(order)
    },
    addEventListener: (type: string, listener: (event: { readonly data: ThreadNews }) => void) =>
      void listeners.set(type, listener),
    terminate: () => void terminated++,
  }
  return {
    port,
    orders,
    tell,
    fail: () => listeners.get('error')?.({ data: { kind: 'frozen', turn: 0 } }),
    terminated: () => terminated,
  }
}

/** The page's own way, without a browser: it counts its stages. */
function givenPage() {
  let stages = 0
  const way: PageWay = {
    createPagePictures: () => createLocalPictures({ ...systemClock, monotonicMs: () => 0 }, inflate),
    createPageStage: () => {
      stages++
      return { receive: () => undefined, changed: () => undefined, drop: () => void stages-- }
    },
  }
  return { way, stages: () => stages }
}

const givenCanvas = () => ({ transferControlToOffscreen: () => ({}) }) as unknown as HTMLCanvasElement
const LOOK = { kind: 'run', facts: null } satisfies StageOrder

test('with a worker, frames and canvases go to it, and the page reads its pictures', () => {
  const worker = givenWorker()
  const thread = createPictureThread({ startWorker: () => worker.port, loadPageWay: () => Promise.reject(new Error()) })
  thread.pictures.open(SHAPE)
  expect(thread.drawnBy()).toBe('nobody')
  expect(thread.open(givenCanvas(), () => undefined)).toBe(null)
  thread.start()
  expect(thread.drawnBy()).toBe('worker')
  let changes = 0
  thread.pictures.listen(() => void changes++)
  thread.pictures.setClass(1)
  thread.pictures.push(cellsFrame({ frame: 1, fill: 10 }))
  expect(thread.pictures.shown()[0]!.cells[0]).toBe(10)
  expect(changes).toBe(1)
  const taken: number[] = []
  const stage = thread.open(givenCanvas(), (tookMs) => taken.push(tookMs))!
  stage.receive(LOOK)
  worker.tell({ kind: 'drawn', id: 1, painted: null, tookMs: 2.5 })
  stage.drop()
  worker.tell({ kind: 'drawn', id: 1, painted: null, tookMs: 9 })
  expect(taken).toEqual([2.5])
})

test('every canvas that was handed over is released when its page is left, and the worker with the last of them', () => {
  const worker = givenWorker()
  const thread = createPictureThread({ startWorker: () => worker.port, loadPageWay: () => Promise.reject(new Error()) })
  thread.start()
  for (let visit = 0; visit < 5; visit++) thread.open(givenCanvas(), () => undefined)!.drop()
  const ids = (kind: 'canvas' | 'drop') => worker.orders.flatMap((order) => (order.kind === kind ? [order.id] : []))
  expect(ids('canvas')).toEqual([1, 2, 3, 4, 5])
  expect(ids('drop')).toEqual(ids('canvas'))
  thread.stop()
  expect(worker.terminated()).toBe(1)
  expect(thread.drawnBy()).toBe('nobody')
  expect(thread.pictures.shown()).toEqual([])
})

test.each([
  ['the browser has none', () => null],
  [
    'the policy refuses it',
    () => {
      throw new Error('refused')
    },
  ],
])('where %s, the page makes and draws its pictures itself', async (_, startWorker) => {
  const page = givenPage()
  const thread = createPictureThread({ startWorker, loadPageWay: () => Promise.resolve(page.way) })
  thread.pictures.open(SHAPE)
  thread.pictures.setClass(1)
  thread.start()
  await Promise.resolve()
  expect(thread.drawnBy()).toBe('page')
  thread.pictures.push(cellsFrame({ frame: 1, fill: 10 }))
  expect(thread.pictures.shown()[0]!.cells[0]).toBe(10)
  const stage = thread.open(givenCanvas(), () => undefined)!
  expect(page.stages()).toBe(1)
  stage.drop()
  expect(page.stages()).toBe(0)
})

test('a worker that dies is replaced by the page: listeners are told, the view goes on, the next keyframe heals it', async () => {
  const worker = givenWorker()
  const page = givenPage()
  const thread = createPictureThread({
    startWorker: () => worker.port,
    loadPageWay: () => Promise.resolve(page.way),
  })
  const seen: string[] = []
  thread.subscribe(() => seen.push(thread.drawnBy()))
  thread.start()
  thread.pictures.open(SHAPE)
  thread.pictures.setClass(1)
  thread.pictures.push(cellsFrame({ frame: 1, fill: 10 }))
  worker.fail()
  await Promise.resolve()
  expect(worker.terminated()).toBe(1)
  expect(seen).toEqual(['worker', 'nobody', 'page'])
  expect(thread.pictures.shown()[0]!.frame).toBe(0)
  thread.pictures.push(cellsFrame({ frame: 2, fill: 20, base: 1 }))
  thread.pictures.push(cellsFrame({ frame: 3, fill: 30 }))
  expect(thread.pictures.lost).toBe(1)
  expect(thread.pictures.shown()[0]!.cells[0]).toBe(30)
  worker.tell({ kind: 'frozen', turn: 1 })
  expect(thread.pictures.shown()[0]!.cells[0]).toBe(30)
})

test('a page that is left while its own way still loads does not begin to draw', async () => {
  const page = givenPage()
  const thread = createPictureThread({ startWorker: () => null, loadPageWay: () => Promise.resolve(page.way) })
  thread.start()
  thread.stop()
  await Promise.resolve()
  expect(thread.drawnBy()).toBe('nobody')
})
