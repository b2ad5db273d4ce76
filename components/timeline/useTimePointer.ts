/*
 * useTimePointer: what a pointer does on a picture of the timeline: a press goes to the moment, dragging chooses a stretch.
 * In: the stretch of the picture. Out: handlers; the stretch under way, the moment pointed at.
 * Invariant: a drag that is given up or too short chooses nothing; every act has a button or key beside it.
 * Source: docs/ux.md "pages: timeline".
 */
'use client'
import { useState, type PointerEvent } from 'react'
import type { Bounds } from '../../lib/live/conductor.ts'
import { dragged, type TimelineWindow } from './timelineWindow.ts'
import { msAt, timeAxis } from './timeAxis.ts'

const CLICK_PX = 5

export function useTimePointer(
  stretch: Bounds,
  {
    onMoment,
    onWindow,
  }: { readonly onMoment: (ms: number) => void; readonly onWindow: (window: TimelineWindow) => void },
) {
  const [from, setFrom] = useState<{ readonly ms: number; readonly x: number } | null>(null)
  const [pointedMs, setPointed] = useState<number | null>(null)
  const read = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect()
    const x = event.clientX - box.left
    return { x, y: event.clientY - box.top, ms: msAt(timeAxis(stretch, box.width), x), height: box.height }
  }
  return {
    pointedMs,
    span: from !== null && pointedMs !== null ? ([from.ms, pointedMs] as const) : null,
    handlers: {
      onPointerDown(event: PointerEvent<HTMLElement>) {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        const { ms, x } = read(event)
        setFrom({ ms, x })
        setPointed(ms)
      },
      onPointerMove(event: PointerEvent<HTMLElement>) {
        setPointed(read(event).ms)
      },
      onPointerUp(event: PointerEvent<HTMLElement>) {
        if (from === null) return
        const { ms, x } = read(event)
        setFrom(null)
        if (Math.abs(x - from.x) <= CLICK_PX) return onMoment(ms)
        const window = dragged(from.ms, ms)
        if (window) onWindow(window)
      },
      onPointerCancel() {
        setFrom(null)
      },
      onPointerLeave() {
        if (from === null) setPointed(null)
      },
    },
  }
}
