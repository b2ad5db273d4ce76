/*
 * TimeStrip: what is kept of a run as a strip to scrub on: covered stretches, gaps hatched with their cause, the moment shown.
 * In: the player. Out: a slider by pointer and keyboard; the strip drawn on a canvas.
 * Invariant: a gap is never drawn as covered; the slider says its moment in words; dragging asks for the newest place only.
 * Source: docs/ux.md "time travel"; features B2, B5.
 */
'use client'
import { useEffect, useRef, type KeyboardEvent, type PointerEvent } from 'react'
import type { ReplayPlayer } from '../../lib/live/replayPlayer.ts'
import type { PastGap } from '../../lib/live/replaySource.ts'
import type { Bounds } from '../../lib/live/conductor.ts'
import { formatAge, formatUtc } from '../../lib/live/formatValue.ts'
import { onThemeChange, patternOf, readCanvasTheme, type CanvasTheme, type Pen } from '../heatmap/canvasTheme.ts'
import { gapWords } from './gapWords.ts'
import { usePlayer } from './usePlayer.ts'

const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1_000,
  ArrowRight: 1_000,
  ArrowDown: -1_000,
  ArrowUp: 1_000,
  PageDown: -60_000,
  PageUp: 60_000,
}
const HANDLE_PX = 3

/** Draws the strip: ground, gaps, the moment. */
export function drawStrip(
  pen: Pen,
  theme: CanvasTheme,
  { width, height, ratio }: { readonly width: number; readonly height: number; readonly ratio: number },
  { bounds, gaps, atMs }: { readonly bounds: Bounds; readonly gaps: readonly PastGap[]; readonly atMs: number },
): void {
  const spanMs = Math.max(1, bounds.toMs - bounds.fromMs)
  const x = (ms: number): number => Math.min(1, Math.max(0, (ms - bounds.fromMs) / spanMs)) * width
  const top = 5
  const thick = height - 2 * top
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  pen.fillStyle = theme.bar
  pen.fillRect(0, top, width, thick)
  for (const gap of gaps) {
    const from = x(gap.fromMs)
    const wide = Math.max(2, x(gap.toMs) - from)
    pen.fillStyle = theme.panel
    pen.fillRect(from, top, wide, thick)
    pen.fillStyle = patternOf(pen, 'hatch', theme.warn, ratio)
    pen.fillRect(from, top, wide, thick)
  }
  const at = Math.min(width - HANDLE_PX, Math.max(0, x(atMs) - HANDLE_PX / 2))
  pen.fillStyle = theme.panel
  pen.fillRect(at - 2, 0, HANDLE_PX + 4, height)
  pen.fillStyle = theme.warn
  pen.fillRect(at, 0, HANDLE_PX, height)
}

export function TimeStrip({ player, label }: { readonly player: ReplayPlayer; readonly label: string }) {
  const { bounds, gaps } = usePlayer(player)
  const canvas = useRef<HTMLCanvasElement>(null)
  const slider = useRef<HTMLDivElement>(null)
  const dragging = useRef(false)

  useEffect(() => {
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen) return undefined
    let asked = 0
    let theme = readCanvasTheme(document.documentElement)
    const paint = (): void => {
      asked = 0
      const { clientWidth: width, clientHeight: height } = element
      const now = player.get()
      if (width < 1 || height < 1 || now.bounds === null) return
      const ratio = devicePixelRatio
      if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio)
      if (element.height !== Math.round(height * ratio)) element.height = Math.round(height * ratio)
      drawStrip(pen, theme, { width, height, ratio }, { ...now, bounds: now.bounds })
      slider.current?.setAttribute('aria-valuenow', String(Math.round(now.atMs)))
      slider.current?.setAttribute('aria-valuetext', `${formatUtc(now.atMs)} UTC${inGapWords(now.gaps, now.atMs)}`)
    }
    const draw = (): void => {
      asked ||= requestAnimationFrame(paint)
    }
    const observer = new ResizeObserver(paint)
    observer.observe(element)
    const undo = [
      player.subscribe(draw),
      onThemeChange(() => {
        theme = readCanvasTheme(document.documentElement)
        draw()
      }),
    ]
    draw()
    return () => {
      observer.disconnect()
      cancelAnimationFrame(asked)
      for (const cancel of undo) cancel()
    }
  }, [player])

  const seek = (event: PointerEvent): void => {
    const box = slider.current?.getBoundingClientRect()
    if (!box || bounds === null || box.width === 0) return
    const place = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width))
    player.act({ kind: 'jump', atMs: bounds.fromMs + place * (bounds.toMs - bounds.fromMs) })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || bounds === null) return
    const byMs = STEPS[event.key]
    if (byMs !== undefined) player.act({ kind: 'shift', byMs })
    else if (event.key === 'Home') player.act({ kind: 'jump', atMs: bounds.fromMs })
    else if (event.key === 'End') player.act({ kind: 'jump', atMs: bounds.toMs })
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const words = stripWords(bounds, gaps)
  return (
    <div
      ref={slider}
      className="time-strip"
      // An input of type range can not be drawn on, nor scrubbed without its own thumb.
      // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={Math.round(bounds?.fromMs ?? 0)}
      aria-valuemax={Math.round(bounds?.toMs ?? 0)}
      aria-valuenow={Math.round(player.get().atMs)}
      title={words}
      onPointerDown={(event) => {
        dragging.current = true
        event.currentTarget.setPointerCapture(event.pointerId)
        seek(event)
      }}
      onPointerMove={(event) => dragging.current && seek(event)}
      onPointerUp={() => {
        dragging.current = false
      }}
      onPointerCancel={() => {
        dragging.current = false
      }}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  )
}

function inGapWords(gaps: readonly PastGap[], atMs: number): string {
  const inside = gaps.find((gap) => gap.fromMs <= atMs && atMs <= gap.toMs)
  return inside ? `, in a gap: ${gapWords(inside)}` : ''
}

function stripWords(bounds: Bounds | null, gaps: readonly PastGap[]): string {
  if (bounds === null) return 'What is kept is being asked for'
  const kept = `${formatAge(bounds.toMs - bounds.fromMs)} are kept, from ${formatUtc(bounds.fromMs)} to ${formatUtc(bounds.toMs)} UTC`
  const last = gaps.at(-1)
  return last === undefined ? `${kept}, without a gap` : `${kept}; ${gaps.length} gaps, the last: ${gapWords(last)}`
}
