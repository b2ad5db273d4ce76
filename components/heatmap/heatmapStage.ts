/*
 * Heatmap stage: one canvas that draws itself again when something it shows has changed; the same on the page and in its worker.
 * In: a canvas, the pictures, facts and looks in any order. Out: pixels; how long each drawing took.
 * Invariant: at most one drawing per frame of the screen, none while hidden, none after it was dropped; ages grow on the canvas while
 * nothing arrives and nobody asks.
 * Source: docs/adr/0004-columns-on-the-hot-path.md; docs/architecture.md "the browser".
 */
import type { PaintReport } from '../../lib/contracts/socketEvents.ts'
import { createPaintMeter } from '../../lib/live/paintMeter.ts'
import type { Pictures } from '../../lib/live/pictures.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { penOf, type CanvasTheme } from './canvasTheme.ts'
import { drawCells } from './drawCells.ts'
import { createFieldRenderer } from './drawField.ts'
import type { HeatmapLayout } from './heatmapLayout.ts'
import type { SceneBase } from './heatmapScene.ts'
import { sceneOf, type AgeFacts, type RunFacts, type SceneMoment } from './sceneFacts.ts'

/** How it is to be drawn. Times are the server's: `offsetMs` leads there from this machine's clock; `pausedMs` stands. */
export interface HeatmapLook extends Pick<SceneMoment, 'mode' | 'cursor' | 'hover'> {
  readonly layout: HeatmapLayout
  readonly theme: CanvasTheme
  readonly ratio: number
  readonly scrollTop: number
  readonly offsetMs: number
  readonly pausedMs: number | null
  readonly hidden: boolean
}

export type StageOrder =
  | { readonly kind: 'run'; readonly facts: RunFacts | null }
  | { readonly kind: 'ages'; readonly facts: AgeFacts }
  | { readonly kind: 'base'; readonly base: SceneBase | null }
  | { readonly kind: 'look'; readonly look: HeatmapLook }

export interface HeatmapStage {
  receive(order: StageOrder): void
  /** Pictures changed. */
  changed(): void
  drop(): void
}

export interface HeatmapStageOptions {
  readonly canvas: HTMLCanvasElement | OffscreenCanvas
  readonly pictures: Pick<Pictures, 'shown' | 'series'>
  readonly clock: Clock
  /** Calls back with the next frame of the screen; answers its undo. */
  readonly nextFrame: (callback: () => void) => () => void
  readonly binBudgetMs: number
  readonly onDrawn: OnDrawn
}

/** How long a drawing took, and every few seconds how long pictures took until they were drawn. */
export type OnDrawn = (tookMs: number, painted: PaintReport | null) => void

const PAINT_EVERY_MS = 5_000
/** Ages are written into the cells of small runs; of large ones only their states are seen. */
const AGE_CELLS_MS = 250
const AGE_FIELD_MS = 1_000

/** Creates a stage that has nothing to show yet. */
export function createHeatmapStage(options: HeatmapStageOptions): HeatmapStage {
  const { canvas, pictures, clock } = options
  const pen = penOf(canvas)
  const field = createFieldRenderer(options.binBudgetMs)
  let run: RunFacts | null = null
  let ages: AgeFacts = { summaries: [], statusMs: null }
  let base: SceneBase | null = null
  let look: HeatmapLook | null = null
  let undo: (() => void) | null = null
  let dropped = false
  let meter = createPaintMeter()
  let toldMs = clock.monotonicMs()
  let drawnMs = Number.NEGATIVE_INFINITY

  const fit = ({ layout, ratio }: HeatmapLook): void => {
    const width = Math.round(layout.width * ratio)
    const height = Math.round(layout.height * ratio)
    // Setting a size clears the canvas, even to the same one.
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
  }
  const draw = (now: HeatmapLook): boolean => {
    if (!pen) return false
    const { layout, theme, ratio, mode, cursor, hover, pausedMs } = now
    fit(now)
    pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    const nowMs = pausedMs ?? clock.wallMs() + now.offsetMs
    const moment = { mode, cursor, hover, nowMs, paused: pausedMs !== null, base }
    const scene = run && sceneOf({ ...run, ...ages }, pictures, moment)
    // A layout of another run comes with the next look.
    if (!scene || layout.seeds.length !== scene.layers.length) pen.clearRect(0, 0, layout.width, layout.height)
    else if (layout.kind === 'field') return field.draw(pen, theme, scene, layout, ratio, now.scrollTop)
    else drawCells(pen, theme, scene, layout, ratio)
    return false
  }
  const measure = ({ pausedMs, offsetMs }: HeatmapLook, doneMs: number): PaintReport | null => {
    if (pausedMs === null) meter.drawn(pictures.shown(), clock.wallMs() + offsetMs)
    else meter.rest()
    if (!run || doneMs - toldMs < PAINT_EVERY_MS) return null
    toldMs = doneMs
    return meter.take(run.descriptor)
  }
  const paint = (): void => {
    undo = null
    if (!look || look.hidden) return
    const fromMs = clock.monotonicMs()
    drawnMs = fromMs
    const isPart = draw(look)
    if (isPart) ask()
    const doneMs = clock.monotonicMs()
    options.onDrawn(doneMs - fromMs, isPart ? null : measure(look, doneMs))
  }
  const ask = (): void => {
    if (!dropped && look && !look.hidden) undo ??= options.nextFrame(paint)
  }

  // Hatching must not wait for a frame, nor for the page.
  const undoAge = clock.every(AGE_CELLS_MS, () => {
    if (look?.layout.kind !== 'field' || clock.monotonicMs() - drawnMs >= AGE_FIELD_MS) ask()
  })

  return {
    receive(order) {
      if (order.kind === 'run') {
        if (order.facts?.descriptor.run_id !== run?.descriptor.run_id) meter = createPaintMeter()
        run = order.facts
      }
      if (order.kind === 'ages') ages = order.facts
      if (order.kind === 'base') base = order.base
      if (order.kind === 'look') {
        look = order.look
        if (look.hidden) meter.rest()
      }
      ask()
    },
    changed: ask,
    drop() {
      dropped = true
      undoAge()
      undo?.()
      undo = null
      // Pixels are freed with the size, not when the collector gets there.
      canvas.width = 0
      canvas.height = 0
    },
  }
}
