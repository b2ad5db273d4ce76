/*
 * heatmapPage: runs inside the browser: a field of many cells on the product's two ways, in its worker and on the page, every cell changing.
 * In: layers, seeds, milliseconds. Out: frames per second, milliseconds of main thread per frame; the same for an idle page.
 * Invariant: pictures alternate between two prepared ones and every one is new; the worker gets the next message when it has handed over
 *   the picture before; copying the prepared message is the benchmark's own work and is not counted.
 * Source: docs/performance.md "heatmap".
 */
import { readCanvasTheme } from '../../components/heatmap/canvasTheme.ts'
import { createFieldRenderer, PAGE_BIN_BUDGET_MS } from '../../components/heatmap/drawField.ts'
import { layoutHeatmap } from '../../components/heatmap/heatmapLayout.ts'
import type { HeatmapScene } from '../../components/heatmap/heatmapScene.ts'
import type { ThreadNews } from '../../components/heatmap/threadProtocol.ts'
import { createPictureThread, type ThreadPort } from '../../components/live/pictureThread.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { joinFrames } from '../../lib/frames/frameBatch.ts'
import { createLayerMirror } from '../../lib/frames/layerMirror.ts'
import { encodeViewFrame } from '../../lib/frames/viewFrame.ts'

export interface DrawFigures {
  readonly fps: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Pictures whose every layer was new; the page spreads large ones over frames. */
  readonly wholePerS: number
}

const WIDTH = 1_200
const HEIGHT = 700

/** Calls back each animation frame for `ms`; answers frames per second and the sorted times of the calls. */
function animate(ms: number, work: () => void): Promise<{ readonly fps: number; readonly times: readonly number[] }> {
  return new Promise((resolve) => {
    const times: number[] = []
    let firstMs = 0
    const step = (nowMs: number): void => {
      firstMs ||= nowMs
      const from = performance.now()
      work()
      times.push(performance.now() - from)
      if (nowMs - firstMs < ms) requestAnimationFrame(step)
      else resolve({ fps: ((times.length - 1) * 1_000) / (nowMs - firstMs), times: times.toSorted((a, b) => a - b) })
    }
    requestAnimationFrame(step)
  })
}

const at = (sorted: readonly number[], share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0

function createField(layers: number, seeds: number): { readonly scene: HeatmapScene; readonly flip: () => void } {
  const mirrors = Array.from({ length: layers }, (_, layer) => createLayerMirror(layer, seeds, 0, 'cells'))
  const pictures = [0, 1].map((phase) =>
    mirrors.map((_, layer) =>
      Uint8Array.from({ length: seeds }, (_each, row) => (row * 7 + layer * 13 + phase * 31) % 255),
    ),
  )
  let phase = 0
  const metric = SEED_COLUMNS.find((column) => column.name === 'health_score')!
  const scene = {
    layers: mirrors.map((mirror, layer) => ({
      layerId: `load_${layer}`,
      mirror,
      age: { freshness: 'fresh', ageMs: 0, intervalMs: 16 },
      series: null,
    })),
    descriptor: { seed_columns: [...SEED_COLUMNS], layers: [], blueprints: [] },
    metric,
    metricIndex: SEED_COLUMNS.indexOf(metric),
    mode: 'value',
    nowMs: 0,
    cursor: null,
    hover: null,
  } as unknown as HeatmapScene
  return {
    scene,
    flip() {
      phase = 1 - phase
      mirrors.forEach((mirror, layer) => {
        mirror.cells.set(pictures[phase]![layer]!)
        mirror.version++
        mirror.frame++
      })
    },
  }
}

/** The page draws the field itself, as it does without a worker; decoding is not part of it. */
async function drawHere(layers: number, seeds: number, ms: number): Promise<DrawFigures> {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  document.body.replaceChildren(canvas)
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('no canvas here')
  const theme = readCanvasTheme(document.documentElement)
  const renderer = createFieldRenderer(PAGE_BIN_BUDGET_MS)
  const layout = layoutOf(layers, seeds)
  const { scene, flip } = createField(layers, seeds)
  let left = false
  let whole = 0
  flip()
  const { fps, times } = await animate(ms, () => {
    left = renderer.draw(pen, theme, scene, layout, 1, 0)
    if (left) return
    whole++
    // Outside the measured call, as a frame from the network would come.
    queueMicrotask(flip)
  })
  return { fps, medianMs: at(times, 0.5), p99Ms: at(times, 0.99), wholePerS: (whole * 1_000) / ms }
}

const layoutOf = (layers: number, seeds: number) =>
  layoutHeatmap(
    WIDTH,
    HEIGHT,
    Array.from({ length: layers }, () => seeds),
    false,
  )

/** Two messages that change every cell of every layer. */
function createMessages(layers: number, seeds: number): readonly Uint8Array[] {
  return [0, 1].map((phase) =>
    joinFrames(
      Array.from({ length: layers }, (_, layer) => {
        const picture = Uint8Array.from({ length: seeds * 2 }, (_each, cell) =>
          cell < seeds ? (cell + phase) % 11 : (cell * 7 + layer * 13 + phase * 31) % 255,
        )
        const head = { classId: 1, runIndex: 0, layer, frame: phase + 1, step: 1, tick: 1, ingestMs: 1, serverMs: 1 }
        const shape = { rows: seeds, columnCount: 0, binSize: 1, precision: 'cells', sourceFlags: 0 } as const
        return encodeViewFrame({ ...head, ...shape }, picture, null)
      }),
    ),
  )
}

/** A worker whose messages are timed: what they cost the page counts to the frame they come in. */
function startTimedWorker(count: (tookMs: number) => void): ThreadPort {
  const worker = new Worker(new URL('../../components/heatmap/pictureWorker.ts', import.meta.url), { type: 'module' })
  return {
    postMessage: (order, transfer) => worker.postMessage(order, transfer),
    terminate: () => worker.terminate(),
    addEventListener: (type: string, listener: (event: { readonly data: ThreadNews }) => void) =>
      worker.addEventListener(type, (event) => {
        const fromMs = performance.now()
        listener(event as MessageEvent<ThreadNews>)
        count(performance.now() - fromMs)
      }),
  }
}

/** The product's way: messages to the worker, pictures back, pixels drawn there. */
async function drawAside(layers: number, seeds: number, ms: number): Promise<DrawFigures> {
  let spentMs = 0
  const timed = (work: () => void): void => {
    const fromMs = performance.now()
    work()
    spentMs += performance.now() - fromMs
  }
  const thread = createPictureThread({
    startWorker: () => startTimedWorker((tookMs) => (spentMs += tookMs)),
    loadPageWay: () => import('../../components/heatmap/localStage.ts'),
  })
  thread.start()
  const canvas = document.createElement('canvas')
  document.body.replaceChildren(canvas)
  const stage = thread.open(canvas, () => undefined)!
  const layout = layoutOf(layers, seeds)
  const { pictures } = thread
  const { scene } = createField(layers, 1)
  const { metric, metricIndex } = scene
  const rows = Array.from({ length: layers }, () => seeds)
  pictures.open({ rows, columnCount: 0, precision: 'cells', metricIndex, withSeries: false })
  pictures.setClass(1)
  const descriptor = { ...scene.descriptor, layers: rows.map((_, layer) => ({ layer_id: `load_${layer}`, seeds })) }
  stage.receive({ kind: 'run', facts: { descriptor: descriptor as RunDescriptor, metric, metricIndex } })
  stage.receive({
    kind: 'look',
    look: {
      layout,
      theme: readCanvasTheme(document.documentElement),
      ratio: 1,
      scrollTop: 0,
      mode: 'value',
      cursor: null,
      hover: null,
      offsetMs: 0,
      pausedMs: 2,
      hidden: false,
    },
  })
  const messages = createMessages(layers, seeds)
  let whole = 0
  let busy = false
  const send = (): void => {
    if (busy) return
    busy = true
    const message = messages[whole % 2]!.slice()
    timed(() => pictures.push(message))
  }
  pictures.listen(() => {
    whole++
    busy = false
  })
  // Until the worker has its code and has drawn once.
  send()
  while (whole === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  whole = 0
  const times: number[] = []
  const { fps } = await animate(ms, () => {
    times.push(spentMs)
    spentMs = 0
    send()
  })
  stage.drop()
  thread.stop()
  const sorted = times.slice(1).toSorted((a, b) => a - b)
  return { fps, medianMs: at(sorted, 0.5), p99Ms: at(sorted, 0.99), wholePerS: (whole * 1_000) / ms }
}

/** One round: an idle page, the field drawn in the worker, then by the page. */
export async function measure(
  layers: number,
  seeds: number,
  ms: number,
): Promise<{ idleFps: number; aside: DrawFigures; here: DrawFigures }> {
  document.body.replaceChildren()
  const idle = await animate(ms / 2, () => undefined)
  const aside = await drawAside(layers, seeds, ms)
  const here = await drawHere(layers, seeds, ms)
  return { idleFps: idle.fps, aside, here }
}

Object.assign(globalThis, { measureHeatmap: measure })
