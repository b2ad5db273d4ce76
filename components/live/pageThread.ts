/* A picture thread as this page starts them: in a worker where the browser can draw there. */
import { createPictureThread, type PictureThread, type ThreadPort } from './pictureThread.ts'

const canDrawAside = (): boolean =>
  typeof Worker !== 'undefined' &&
  typeof OffscreenCanvas !== 'undefined' &&
  'transferControlToOffscreen' in HTMLCanvasElement.prototype &&
  new OffscreenCanvas(1, 1).getContext('2d') !== null

const startWorker = (): ThreadPort | null =>
  canDrawAside() ? new Worker(new URL('../heatmap/pictureWorker.ts', import.meta.url), { type: 'module' }) : null

/** Creates a thread that has not started. */
export function createPageThread(): PictureThread {
  return createPictureThread({ startWorker, loadPageWay: () => import('../heatmap/localStage.ts') })
}
