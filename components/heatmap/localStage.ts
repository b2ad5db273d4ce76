/* localStage: what a page without a worker needs to make pictures and draw them itself; loaded only there. */
import { decompress } from 'fzstd'
import { createLocalPictures, type Pictures } from '../../lib/live/pictures.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { PAGE_BIN_BUDGET_MS } from './drawField.ts'
import { createHeatmapStage, type HeatmapStage, type OnDrawn } from './heatmapStage.ts'

/** Pictures made on the page's own thread. */
export function createPagePictures(): Pictures {
  return createLocalPictures(systemClock, (bytes, rawBytes) => decompress(bytes, new Uint8Array(rawBytes)))
}

/** A stage on the page's own thread. */
export function createPageStage(
  canvas: HTMLCanvasElement,
  pictures: Pick<Pictures, 'shown' | 'series'>,
  onDrawn: OnDrawn,
): HeatmapStage {
  const nextFrame = (callback: () => void) => {
    const id = requestAnimationFrame(callback)
    return () => cancelAnimationFrame(id)
  }
  return createHeatmapStage({
    canvas,
    pictures,
    clock: systemClock,
    nextFrame,
    binBudgetMs: PAGE_BIN_BUDGET_MS,
    onDrawn,
  })
}
