/*
 * GIF worker: writes a GIF away from the page's own thread.
 * In: a size, then pictures (transferred), then the end. Out: a word for each picture taken, so that few wait; the bytes at last.
 * Invariant: pictures are written in the order they came; a failure is told in words and ends it.
 * Source: docs/ux.md "film".
 */
import { createGifWriter, type GifWriter } from './gifWriter.ts'

export type GifOrder =
  | { readonly kind: 'begin'; readonly width: number; readonly height: number }
  | { readonly kind: 'picture'; readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly delayMs: number }
  | { readonly kind: 'end' }
export type GifNews =
  | { readonly kind: 'taken' }
  | { readonly kind: 'done'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly text: string }

/** The part of a worker's scope that is used; the page's types do not know it. */
interface WorkerScope {
  postMessage(message: GifNews, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent<GifOrder>) => void): void
}
const scope = globalThis as unknown as WorkerScope
let writer: GifWriter | null = null

function take(order: GifOrder): GifNews {
  switch (order.kind) {
    case 'begin':
      writer = createGifWriter(order.width, order.height)
      return { kind: 'taken' }
    case 'picture':
      writer?.add(order.pixels, order.delayMs)
      return { kind: 'taken' }
    case 'end':
      return { kind: 'done', bytes: writer?.finish() ?? new Uint8Array(0) }
  }
}

scope.addEventListener('message', ({ data }) => {
  try {
    const news = take(data)
    scope.postMessage(news, news.kind === 'done' ? [news.bytes.buffer] : [])
  } catch (error) {
    scope.postMessage({ kind: 'failed', text: error instanceof Error ? error.message : String(error) }, [])
  }
})
