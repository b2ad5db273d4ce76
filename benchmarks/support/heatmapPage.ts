/*
 * heatmapPage: runs inside the browser: draws a field of many cells with the product's own renderer, every cell changing.
 * In: layers, seeds, milliseconds. Out: frames per second, milliseconds of main thread per frame; the same for an idle page.
 * Invariant: the pictures alternate between two prepared ones, so that only drawing is measured; every picture is new to it.
 * Source: docs/performance.md "heatmap".
 */
import { readCanvasTheme } from '../../components/heatmap/canvasTheme.ts'
import { createFieldRenderer } from '../../components/heatmap/drawField.ts'
import { layoutHeatmap } from '../../components/heatmap/heatmapLayout.ts'
import type { HeatmapScene } from '../../components/heatmap/heatmapScene.ts'
import { SEED_COLUMNS } from '../../lib/contracts/metrics.ts'
import { createLayerMirror } from '../../lib/frames/layerMirror.ts'

export interface DrawFigures {
  readonly fps: number
  readonly medianMs: number
  readonly p99Ms: number
  /** Pictures whose every layer was shown; the renderer spreads large ones over frames. */
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

/** One round: an idle page, then the field. */
export async function measure(
  layers: number,
  seeds: number,
  ms: number,
): Promise<{ idleFps: number; drawn: DrawFigures }> {
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  document.body.replaceChildren(canvas)
  const pen = canvas.getContext('2d')
  if (pen === null) throw new Error('no canvas here')
  const theme = readCanvasTheme(document.documentElement)
  const renderer = createFieldRenderer(3)
  const layout = layoutHeatmap(
    WIDTH,
    HEIGHT,
    Array.from({ length: layers }, () => seeds),
    false,
  )
  const { scene, flip } = createField(layers, seeds)
  const idle = await animate(ms / 2, () => undefined)
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
  return {
    idleFps: idle.fps,
    drawn: { fps, medianMs: at(times, 0.5), p99Ms: at(times, 0.99), wholePerS: (whole * 1_000) / ms },
  }
}

Object.assign(globalThis, { measureHeatmap: measure })
