/*
 * Film sheet: the pictures of a film of the past, one after the other: the heatmap by the page's own code, time and events burnt in.
 * In: a run, a stretch, pictures per second, the history. Out: a canvas that holds the picture that was asked for last.
 * Invariant: every picture is the recorded one of its moment; captions name run, moment and speed; what is dropped draws nothing more.
 * Source: docs/ux.md "film".
 */
import { decompress } from 'fzstd'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import type { Bounds } from '../../lib/live/conductor.ts'
import { formatCount, formatMetric, formatUtc, unitText } from '../../lib/live/formatValue.ts'
import type { LiveSession } from '../../lib/live/liveSession.ts'
import { createLocalPictures } from '../../lib/live/pictures.ts'
import type { ReplaySource } from '../../lib/live/replaySource.ts'
import { createReplaySession } from '../../lib/live/replaySession.ts'
import type { ReplayWindow } from '../../lib/live/replayWindows.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { eventText } from '../events/eventText.ts'
import { ageFacts, runFacts } from '../heatmap/buildScene.ts'
import { readCanvasTheme, type CanvasTheme, type Pen } from '../heatmap/canvasTheme.ts'
import { alarmOf, colorAt, toCss } from '../heatmap/colorScale.ts'
import { layoutHeatmap } from '../heatmap/heatmapLayout.ts'
import { createHeatmapStage } from '../heatmap/heatmapStage.ts'

export const FILM_WIDTH = 1_280
export const FILM_HEIGHT = 720
const HEAD_PX = 56
const FOOT_PX = 128
const LINES = 4
/** A caption stays in the film for so long, whatever the speed. */
const CAPTION_S = 3
const TOLD: ReadonlySet<LiveRecord['kind']> = new Set(['transition', 'command', 'fault', 'alert', 'incident'])

export interface FilmOrder extends Bounds {
  readonly runId: string
  readonly metric: string
  readonly mode: 'value' | 'state'
  /** Length of the film. */
  readonly seconds: number
}

export interface FilmProgress {
  readonly signal: AbortSignal
  /** Is told the share that is done. */
  readonly onProgress: (share: number) => void
}

export interface FilmPace {
  /** Pictures per second. */
  readonly fps: number
  /** Whether somebody reads each picture back, pixel by pixel. */
  readonly isReadBack: boolean
}

export interface FilmSheet {
  readonly canvas: HTMLCanvasElement
  readonly pen: CanvasRenderingContext2D
  readonly frames: number
  /** Draws a picture; asks for more of the history when it must, and says so before. Only forwards. */
  draw(index: number, onWait?: () => void): Promise<void>
  drop(): void
}

/** Opens the past of a run. @throws when the history fails, the run has no such metric, or it was given up */
export async function openFilmSheet(
  order: FilmOrder,
  { fps, isReadBack }: FilmPace,
  live: LiveSession,
  source: ReplaySource,
  signal: AbortSignal,
): Promise<FilmSheet> {
  // Standing time: every picture is applied at once, none waits for the next slice.
  const pictures = createLocalPictures({ ...systemClock, monotonicMs: () => 0 }, (bytes, rawBytes) =>
    decompress(bytes, new Uint8Array(rawBytes)),
  )
  const session = createReplaySession(live, pictures)
  const past = await source.open(order.runId, signal)
  session.open(past.run)
  if (!session.show(order.runId, order.metric)) throw new Error('The run has no such metric.')
  const theme = readCanvasTheme(document.documentElement)
  const canvas = Object.assign(document.createElement('canvas'), {
    width: FILM_WIDTH,
    height: FILM_HEIGHT,
  })
  const heat = document.createElement('canvas')
  const pen = canvas.getContext('2d', { willReadFrequently: isReadBack })
  if (!pen) throw new Error('This browser gives no canvas to draw on.')
  const rows = past.run.descriptor.layers.map((layer) => layer.seeds)
  const layout = layoutHeatmap(FILM_WIDTH, FILM_HEIGHT - HEAD_PX - FOOT_PX, rows, true)
  const stage = createHeatmapStage({
    canvas: heat,
    pictures,
    clock: systemClock,
    // At once: the next line takes what is drawn.
    nextFrame: (callback) => {
      callback()
      return () => undefined
    },
    binBudgetMs: Number.POSITIVE_INFINITY,
    onDrawn: () => undefined,
  })
  stage.receive({ kind: 'run', facts: runFacts(session) })

  const frames = Math.max(2, Math.round(order.seconds * fps))
  const stepMs = (order.toMs - order.fromMs) / (frames - 1)
  const speed = (order.toMs - order.fromMs) / (order.seconds * 1_000)
  let window: ReplayWindow | null = null
  let told: readonly LiveRecord[] = []
  const ahead = Math.max(stepMs * 64, 1_000)

  return {
    canvas,
    pen,
    frames,
    async draw(index, onWait) {
      const atMs = Math.floor(order.fromMs + index * stepMs)
      if (window === null || atMs >= window.toMs) {
        const toMs: number = Math.min(Math.ceil(atMs + ahead), Math.floor(order.toMs) + 1)
        const ask = { runId: order.runId, metric: order.metric, fromMs: atMs, toMs: Math.max(atMs + 1, toMs) }
        onWait?.()
        window = await source.window({ ...ask, stepMs: Math.max(0, Math.floor(stepMs)) }, signal)
      }
      const records: readonly LiveRecord[] = window.records.filter(
        (record) => record.at_ms > atMs - stepMs && record.at_ms <= atMs,
      )
      session.move(atMs, window, records)
      told = [...told, ...records.filter((record) => TOLD.has(record.kind))].slice(-LINES)
      stage.receive({ kind: 'ages', facts: ageFacts(session) })
      stage.receive({
        kind: 'look',
        look: {
          layout,
          theme,
          ratio: 1,
          scrollTop: 0,
          mode: order.mode,
          cursor: null,
          hover: null,
          offsetMs: 0,
          pausedMs: atMs,
          hidden: false,
        },
      })
      const recent = told.filter((record) => atMs - record.at_ms <= CAPTION_S * 1_000 * speed)
      drawFilm(pen, theme, heat, { session, order, atMs, speed, recent, share: index / (frames - 1) })
    },
    drop: () => stage.drop(),
  }
}

function drawFilm(
  pen: Pen,
  theme: CanvasTheme,
  heat: HTMLCanvasElement,
  {
    session,
    order,
    atMs,
    speed,
    recent,
    share,
  }: {
    readonly session: LiveSession
    readonly order: FilmOrder
    readonly atMs: number
    readonly speed: number
    readonly recent: readonly LiveRecord[]
    readonly share: number
  },
): void {
  const metric = session.store.view?.metric
  pen.fillStyle = theme.panel
  pen.fillRect(0, 0, FILM_WIDTH, FILM_HEIGHT)
  pen.drawImage(heat, 0, HEAD_PX)
  pen.textBaseline = 'middle'
  pen.textAlign = 'left'
  pen.fillStyle = theme.text1
  pen.font = `600 22px ${theme.font}`
  pen.fillText(`${new Date(atMs).toISOString().slice(0, 10)} ${formatUtc(atMs)} UTC`, 20, HEAD_PX / 2)
  pen.font = `16px ${theme.font}`
  pen.fillStyle = theme.text2
  const step = session.store.mirrors().reduce((most, mirror) => Math.max(most, mirror.step), 0)
  pen.fillText(
    `${order.runId}, step ${formatCount(step)}, ${speed.toFixed(speed < 10 ? 1 : 0)}× real time`,
    380,
    HEAD_PX / 2,
  )
  if (metric && order.mode === 'value') {
    const left = FILM_WIDTH - 360
    pen.textAlign = 'right'
    pen.fillText(`${metric.label} ${formatMetric(metric.min, metric)}`, left - 8, HEAD_PX / 2)
    for (let x = 0; x < 180; x++) {
      pen.fillStyle = toCss(colorAt(theme.name, alarmOf(x / 179, metric.worst)))
      pen.fillRect(left + x, HEAD_PX / 2 - 7, 1, 14)
    }
    pen.textAlign = 'left'
    pen.fillStyle = theme.text2
    pen.fillText(`${formatMetric(metric.max, metric)} ${unitText(metric)}`, left + 188, HEAD_PX / 2)
  }
  recent.forEach((record, index) => {
    const line = eventText(record, null)
    const y = FILM_HEIGHT - FOOT_PX + 18 + index * 26
    pen.fillStyle = line.tone === 'crit' ? theme.crit : line.tone === 'warn' ? theme.warn : theme.text2
    pen.fillText(`${formatUtc(record.at_ms)}  ${line.subject}  ${line.text}`.slice(0, 130), 20, y)
  })
  pen.fillStyle = theme.warn
  pen.fillRect(0, FILM_HEIGHT - 4, FILM_WIDTH * share, 4)
}
