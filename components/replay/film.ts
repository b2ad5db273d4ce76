/*
 * Film: a stretch of the past as a video, made in this browser: the heatmap drawn by the page's own code, with time and events burnt in.
 * In: a run, a stretch, a length, the history. Out: a video file (webm, or mp4 where the browser writes only that).
 * Invariant: every picture of the film is the recorded one of its moment; captions name run, moment and speed; giving up leaves nothing behind.
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

const WIDTH = 1_280
const HEIGHT = 720
const HEAD_PX = 56
const FOOT_PX = 128
const FPS = 15
const LINES = 4
/** A caption stays in the film for so long, whatever the speed. */
const CAPTION_S = 3
const TYPES = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'] as const
const TOLD: ReadonlySet<LiveRecord['kind']> = new Set(['transition', 'command', 'fault', 'alert', 'incident'])

export interface FilmOrder extends Bounds {
  readonly runId: string
  readonly metric: string
  readonly mode: 'value' | 'state'
  /** Length of the film. */
  readonly seconds: number
}

/** Which kind of video this browser can write; null when none. */
export function filmType(): string | null {
  if (typeof MediaRecorder === 'undefined' || !('captureStream' in HTMLCanvasElement.prototype)) return null
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? null
}

/** Records a film; `onProgress` is told the share that is done. @throws when the history or the recorder fails, or it was given up */
export async function recordFilm(
  order: FilmOrder,
  live: LiveSession,
  source: ReplaySource,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (share: number) => void },
): Promise<Blob> {
  const type = filmType()
  if (type === null)
    throw new Error('This browser can not write a video. The bundle of the same stretch can still be had.')
  // Standing time: every picture is applied at once, none waits for the next slice.
  const pictures = createLocalPictures({ ...systemClock, monotonicMs: () => 0 }, (bytes, rawBytes) =>
    decompress(bytes, new Uint8Array(rawBytes)),
  )
  const session = createReplaySession(live, pictures)
  const past = await source.open(order.runId, signal)
  session.open(past.run)
  if (!session.show(order.runId, order.metric)) throw new Error('The run has no such metric.')
  const theme = readCanvasTheme(document.documentElement)
  const sheet = Object.assign(document.createElement('canvas'), { width: WIDTH, height: HEIGHT })
  const heat = document.createElement('canvas')
  const pen = sheet.getContext('2d')
  if (!pen) throw new Error('This browser gives no canvas to draw on.')
  const rows = past.run.descriptor.layers.map((layer) => layer.seeds)
  const layout = layoutHeatmap(WIDTH, HEIGHT - HEAD_PX - FOOT_PX, rows, true)
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

  const frames = Math.max(2, Math.round(order.seconds * FPS))
  const stepMs = (order.toMs - order.fromMs) / (frames - 1)
  const speed = (order.toMs - order.fromMs) / (order.seconds * 1_000)
  let window: ReplayWindow | null = null
  let told: readonly LiveRecord[] = []
  const ahead = Math.max(stepMs * 64, 1_000)

  const stream = sheet.captureStream(0)
  const track = stream.getVideoTracks()[0] as CanvasCaptureMediaStreamTrack | undefined
  if (!track) throw new Error('This browser can not take a video of a canvas.')
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: 6_000_000 })
  const parts: Blob[] = []
  recorder.addEventListener('dataavailable', ({ data }) => data.size > 0 && parts.push(data))
  const ended = new Promise<void>((resolve, reject) => {
    recorder.addEventListener('stop', () => resolve())
    recorder.addEventListener('error', () => reject(new Error('The browser could not write the video.')))
  })
  try {
    for (let index = 0; index < frames; index++) {
      signal.throwIfAborted()
      const atMs = Math.floor(order.fromMs + index * stepMs)
      if (window === null || atMs >= window.toMs) {
        const toMs: number = Math.min(Math.ceil(atMs + ahead), Math.floor(order.toMs) + 1)
        const ask = { runId: order.runId, metric: order.metric, fromMs: atMs, toMs: Math.max(atMs + 1, toMs) }
        // While more is fetched the film stands still, not the clock of the recorder.
        if (recorder.state === 'recording') recorder.pause()
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
      if (recorder.state === 'inactive') recorder.start(1_000)
      else if (recorder.state === 'paused') recorder.resume()
      track.requestFrame()
      onProgress((index + 1) / frames)
      await systemClock.sleep(1_000 / FPS, signal)
    }
    recorder.stop()
    await ended
    return new Blob(parts, { type: type.split(';')[0] ?? type })
  } finally {
    if (recorder.state !== 'inactive') recorder.stop()
    track.stop()
    stage.drop()
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
  pen.fillRect(0, 0, WIDTH, HEIGHT)
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
    const left = WIDTH - 360
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
    const y = HEIGHT - FOOT_PX + 18 + index * 26
    pen.fillStyle = line.tone === 'crit' ? theme.crit : line.tone === 'warn' ? theme.warn : theme.text2
    pen.fillText(`${formatUtc(record.at_ms)}  ${line.subject}  ${line.text}`.slice(0, 130), 20, y)
  })
  pen.fillStyle = theme.warn
  pen.fillRect(0, HEIGHT - 4, WIDTH * share, 4)
}
