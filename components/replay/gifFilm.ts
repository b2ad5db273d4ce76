/*
 * GIF film: a stretch of the past as a moving GIF: the same pictures as the video's, with the same captions burnt in.
 * In: a run, a stretch, a length, the history. Out: a GIF file.
 * Invariant: loaded only when one is asked for; ten pictures a second, each shown for exactly 100 ms, which every viewer keeps; two
 * pictures wait at most; giving up ends the worker and leaves nothing behind.
 * Source: docs/ux.md "film".
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { ReplaySource } from '../../lib/live/replaySource.ts'
import { FILM_HEIGHT, FILM_WIDTH, openFilmSheet, type FilmOrder, type FilmProgress } from './filmSheet.ts'
import type { GifNews, GifOrder } from './gifWorker.ts'

/** Of a tenth of a second: GIF counts hundredths, and viewers slow down what is shorter than two. */
const FPS = 10

/** Asks the worker one thing and waits for its word; whoever gives up does not wait. */
function askWorker(
  worker: Worker,
  signal: AbortSignal,
): (order: GifOrder, transfer?: ArrayBuffer[]) => Promise<GifNews> {
  return (order, transfer = []) =>
    new Promise((resolve, reject) => {
      const ears = new AbortController()
      const end = (settle: () => void): void => {
        ears.abort()
        settle()
      }
      const { signal: heard } = ears
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<GifNews>) =>
          end(() => (data.kind === 'failed' ? reject(new Error(data.text)) : resolve(data))),
        { signal: heard },
      )
      worker.addEventListener('error', () => end(() => reject(new Error('The browser could not write the GIF.'))), {
        signal: heard,
      })
      signal.addEventListener('abort', () => end(() => reject(signal.reason as Error)), { signal: heard })
      worker.postMessage(order, transfer)
    })
}

/** Makes a GIF; `onProgress` is told the share that is done. @throws when the history or the worker fails, or it was given up */
export async function makeGif(
  order: FilmOrder,
  live: LiveSession,
  source: ReplaySource,
  { signal, onProgress }: FilmProgress,
): Promise<Blob> {
  const worker = new Worker(new URL('gifWorker.ts', import.meta.url), { type: 'module' })
  const ask = askWorker(worker, signal)
  const sheet = await openFilmSheet(order, { fps: FPS, isReadBack: true }, live, source, signal).catch(
    (error: unknown) => {
      worker.terminate()
      throw error
    },
  )
  try {
    await ask({ kind: 'begin', width: FILM_WIDTH, height: FILM_HEIGHT })
    let taken: Promise<unknown> = Promise.resolve()
    for (let index = 0; index < sheet.frames; index++) {
      signal.throwIfAborted()
      await sheet.draw(index)
      const { data } = sheet.pen.getImageData(0, 0, FILM_WIDTH, FILM_HEIGHT)
      await taken
      taken = ask({ kind: 'picture', pixels: data, delayMs: 1_000 / FPS }, [data.buffer])
      // Heard with the next picture, or not at all when drawing that one fails first.
      taken.catch(() => undefined)
      onProgress((index + 1) / sheet.frames)
    }
    await taken
    const news = await ask({ kind: 'end' })
    if (news.kind !== 'done') throw new Error('The browser could not write the GIF.')
    return new Blob([news.bytes], { type: 'image/gif' })
  } finally {
    worker.terminate()
    sheet.drop()
  }
}
