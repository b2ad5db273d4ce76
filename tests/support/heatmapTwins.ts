/*
 * heatmapTwins: runs inside the browser: the same orders drawn by a worker and by the page itself, pixel beside pixel.
 * In: a case by name. Out: the size compared, how many pixels are drawn, how many differ.
 * Invariant: both sides get the same bytes and looks in the same order; time stands, so that an age is the same on both.
 * Source: docs/architecture.md "the browser".
 */
import { readCanvasTheme } from '../../components/heatmap/canvasTheme.ts'
import { layoutHeatmap } from '../../components/heatmap/heatmapLayout.ts'
import type { HeatmapLook } from '../../components/heatmap/heatmapStage.ts'
import { createPictureThread, type ThreadPort } from '../../components/live/pictureThread.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { joinFrames } from '../../lib/frames/frameBatch.ts'
import { encodeViewFrame } from '../../lib/frames/viewFrame.ts'

export interface TwinCase {
  readonly layers: number
  readonly seeds: number
  readonly precision: 'exact' | 'cells'
  readonly mode: 'value' | 'state'
  readonly metric: string
  readonly width: number
  readonly height: number
  readonly ratio: number
  readonly theme: 'dark' | 'light'
  /** Server ms after the newest picture: 0 = fresh. */
  readonly ageMs: number
}

export interface TwinVerdict {
  readonly width: number
  readonly height: number
  readonly drawn: number
  readonly different: number
  readonly drawnBy: readonly string[]
}

const NOW_MS = 1_700_000_000_000

/** Three rounds of pictures of every layer: a keyframe, then differences; unmeasured, unknown and never among them. */
function messages(given: TwinCase): Uint8Array[] {
  const { layers, seeds, precision, ageMs } = given
  const columnCount = precision === 'exact' ? SEED_COLUMNS.length : 0
  const pictureOf = (layer: number, round: number): Uint8Array => {
    const mix = (row: number, column: number): number => (row * 31 + layer * 17 + column * 7 + round * (row % 3)) % 256
    if (precision === 'cells')
      return Uint8Array.from({ length: seeds * 2 }, (_, at) =>
        at < seeds ? [mix(at, 0) % 11, 254, 255][at % 13 === 12 ? 1 : at % 17 === 16 ? 2 : 0]! : mix(at - seeds, 1),
      )
    const values = new Float32Array(seeds * columnCount)
    SEED_COLUMNS.forEach((column, at) => {
      for (let row = 0; row < seeds; row++) {
        const share = mix(row, at) / 255
        const value = column.name === 'state' ? mix(row, at) % 12 : column.min + share * (column.max - column.min)
        values[at * seeds + row] = mix(row, at) % 9 === 8 ? Number.NaN : value
      }
    })
    return new Uint8Array(values.buffer)
  }
  return [1, 2, 3].map((frame) =>
    joinFrames(
      Array.from({ length: layers }, (_, layer) => {
        const before = frame === 1 ? null : { frame: frame - 1, picture: pictureOf(layer, frame - 1) }
        const ingestMs = NOW_MS - ageMs - (3 - frame) * 1_000
        const head = {
          classId: 1,
          runIndex: 0,
          layer,
          frame,
          step: frame * 20,
          tick: frame,
          ingestMs,
          serverMs: ingestMs,
        }
        const shape = { rows: seeds, columnCount, binSize: 1, precision, sourceFlags: 0 }
        return encodeViewFrame({ ...head, ...shape }, pictureOf(layer, frame), before)
      }),
    ),
  )
}

const descriptorOf = ({ layers, seeds }: TwinCase): RunDescriptor =>
  ({
    layers: Array.from({ length: layers }, (_, layer) => ({ layer_id: `layer_${layer}`, seeds })),
    seed_columns: [...SEED_COLUMNS],
    blueprints: [{ index: 1, blueprint_id: 'gated' }],
  }) as unknown as RunDescriptor

const shownPixels = async (canvas: HTMLCanvasElement): Promise<ImageData> => {
  // What a worker draws reaches the page with a frame of the screen.
  for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve))
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!
  copy.drawImage(canvas, 0, 0)
  return copy.getImageData(0, 0, canvas.width, canvas.height)
}

/** Draws a case on one of the two ways. */
async function draw(given: TwinCase, startWorker: () => ThreadPort | null) {
  const thread = createPictureThread({
    startWorker,
    loadPageWay: () => import('../../components/heatmap/localStage.ts'),
  })
  thread.start()
  while (thread.drawnBy() === 'nobody') await new Promise((resolve) => thread.subscribe(() => resolve(null)))
  const canvas = document.createElement('canvas')
  document.body.append(canvas)
  const metricIndex = SEED_COLUMNS.findIndex((column) => column.name === given.metric)
  const { pictures } = thread
  let drawn = (): void => undefined
  const stage = thread.open(canvas, () => drawn())!
  const rows = Array.from({ length: given.layers }, () => given.seeds)
  const columnCount = SEED_COLUMNS.length
  pictures.open({ rows, columnCount, precision: given.precision, metricIndex, withSeries: given.seeds <= 8 })
  pictures.setClass(1)
  for (const message of messages(given)) pictures.push(message)
  while (pictures.applied < given.layers * 3) await new Promise((resolve) => setTimeout(resolve, 5))
  const layout = layoutHeatmap(given.width, given.height, rows, true)
  const look: HeatmapLook = {
    layout,
    theme: readCanvasTheme(document.documentElement),
    ratio: given.ratio,
    scrollTop: 0,
    mode: given.mode,
    cursor: { layer: 0, column: 1 },
    hover: { layer: 1, column: 0 },
    offsetMs: 0,
    pausedMs: NOW_MS,
    hidden: false,
  }
  const finished = new Promise<void>((resolve) => (drawn = resolve))
  stage.receive({
    kind: 'run',
    facts: { descriptor: descriptorOf(given), metric: SEED_COLUMNS[metricIndex]!, metricIndex },
  })
  stage.receive({ kind: 'ages', facts: { summaries: rows.map(() => null), statusMs: null } })
  stage.receive({ kind: 'look', look })
  await finished
  const pixels = await shownPixels(canvas)
  const by = thread.drawnBy()
  stage.drop()
  thread.stop()
  canvas.remove()
  return { pixels, by }
}

/** Draws a case on both ways and compares them. */
export async function compareTwins(given: TwinCase): Promise<TwinVerdict> {
  document.documentElement.dataset['theme'] = given.theme
  const url = new URL('../../components/heatmap/pictureWorker.ts', import.meta.url)
  const aside = await draw(given, () => new Worker(url, { type: 'module' }))
  const here = await draw(given, () => null)
  const [a, b] = [new Uint32Array(aside.pixels.data.buffer), new Uint32Array(here.pixels.data.buffer)]
  const { width, height } = here.pixels
  const same = width === aside.pixels.width && height === aside.pixels.height
  return {
    width,
    height,
    drawn: b.filter((pixel) => pixel !== 0).length,
    different: same ? a.filter((pixel, at) => pixel !== b[at]).length : Number.NaN,
    drawnBy: [aside.by, here.by],
  }
}

Object.assign(globalThis, { compareTwins })
