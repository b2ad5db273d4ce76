/*
 * Heatmap stage: one canvas that draws itself again when something it shows has changed; the same on the page and in its worker.
 * In: a canvas, the pictures, facts and looks in any order. Out: pixels; how long each drawing took.
 * Invariant: at most one drawing per frame of the screen, none while hidden, none after it was dropped.
 * Source: docs/adr/0004-columns-on-the-hot-path.md; docs/architecture.md "the browser".
 */
import type { Pictures } from '../../lib/live/pictures.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { penOf, type CanvasTheme } from './canvasTheme.ts'
import { drawCells } from './drawCells.ts'
import { createFieldRenderer } from './drawField.ts'
import type { HeatmapLayout } from './heatmapLayout.ts'
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
  readonly onDrawn: (tookMs: number) => void
}

/** Creates a stage that has nothing to show yet. */
export function createHeatmapStage(options: HeatmapStageOptions): HeatmapStage {
  const { canvas, pictures, clock } = options
  const pen = penOf(canvas)
  const field = createFieldRenderer(options.binBudgetMs)
  let run: RunFacts | null = null
  let ages: AgeFacts = { summaries: [], statusMs: null }
  let look: HeatmapLook | null = null
  let undo: (() => void) | null = null
  let dropped = false

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
    const moment = { mode, cursor, hover, nowMs, paused: pausedMs !== null }
    const scene = run && sceneOf({ ...run, ...ages }, pictures, moment)
    // A layout of another run comes with the next look.
    if (!scene || layout.seeds.length !== scene.layers.length) pen.clearRect(0, 0, layout.width, layout.height)
    else if (layout.kind === 'field') return field.draw(pen, theme, scene, layout, ratio, now.scrollTop)
    else drawCells(pen, theme, scene, layout, ratio)
    return false
  }
  const paint = (): void => {
    undo = null
    if (!look || look.hidden) return
    const fromMs = clock.monotonicMs()
    if (draw(look)) ask()
    options.onDrawn(clock.monotonicMs() - fromMs)
  }
  const ask = (): void => {
    if (!dropped && look && !look.hidden) undo ??= options.nextFrame(paint)
  }

  return {
    receive(order) {
      if (order.kind === 'run') run = order.facts
      else if (order.kind === 'ages') ages = order.facts
      else look = order.look
      ask()
    },
    changed: ask,
    drop() {
      dropped = true
      undo?.()
      undo = null
      // Pixels are freed with the size, not when the collector gets there.
      canvas.width = 0
      canvas.height = 0
    },
  }
}
