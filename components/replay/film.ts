/*
 * Film: a stretch of the past as a video, made in this browser.
 * In: a run, a stretch, a length, the history. Out: a video file (webm, or mp4 where the browser writes only that).
 * Invariant: every picture of the film is the recorded one of its moment; giving up leaves nothing behind.
 * Source: docs/ux.md "film".
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { ReplaySource } from '../../lib/live/replaySource.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { openFilmSheet, type FilmOrder, type FilmProgress } from './filmSheet.ts'

const FPS = 15
const TYPES = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'] as const

/** Which kind of video this browser can write; null when none. */
export function filmType(): string | null {
  if (typeof MediaRecorder === 'undefined' || !('captureStream' in HTMLCanvasElement.prototype)) return null
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? null
}

/** Records a film. @throws when the history or the recorder fails, or it was given up */
export async function recordFilm(
  order: FilmOrder,
  live: LiveSession,
  source: ReplaySource,
  { signal, onProgress }: FilmProgress,
): Promise<Blob> {
  const type = filmType()
  if (type === null)
    throw new Error('This browser can not write a video. The bundle of the same stretch can still be had.')
  const sheet = await openFilmSheet(order, { fps: FPS, isReadBack: false }, live, source, signal)
  const stream = sheet.canvas.captureStream(0)
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
    for (let index = 0; index < sheet.frames; index++) {
      signal.throwIfAborted()
      // While more is fetched the film stands still, not the clock of the recorder.
      await sheet.draw(index, () => recorder.state === 'recording' && recorder.pause())
      if (recorder.state === 'inactive') recorder.start(1_000)
      else if (recorder.state === 'paused') recorder.resume()
      track.requestFrame()
      onProgress((index + 1) / sheet.frames)
      await systemClock.sleep(1_000 / FPS, signal)
    }
    recorder.stop()
    await ended
    return new Blob(parts, { type: type.split(';')[0] ?? type })
  } finally {
    if (recorder.state !== 'inactive') recorder.stop()
    track.stop()
    sheet.drop()
  }
}
