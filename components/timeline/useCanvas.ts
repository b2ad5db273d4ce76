/*
 * useCanvas: a canvas that is as large as its box and drawn again when its size, the theme or what it shows changes.
 * In: how to draw. Out: refs for box and canvas; a way to ask for a drawing.
 * Invariant: at most one drawing per frame of the screen; nothing is drawn into a box without room.
 * Source: docs/ux.md "visual tokens".
 */
'use client'
import { useCallback, useEffect, useRef, type RefObject } from 'react'
import { onThemeChange, readCanvasTheme, type CanvasTheme, type Pen } from '../heatmap/canvasTheme.ts'
import type { Sheet } from './drawLanes.ts'

export type Draw = (pen: Pen, theme: CanvasTheme, sheet: Sheet) => void

export function useCanvas(draw: Draw): {
  readonly canvas: RefObject<HTMLCanvasElement | null>
  readonly ask: () => void
} {
  const canvas = useRef<HTMLCanvasElement>(null)
  const latest = useRef(draw)
  const asked = useRef(0)
  const paint = useCallback((): void => {
    asked.current = 0
    const element = canvas.current
    const pen = element?.getContext('2d')
    if (!element || !pen) return
    const { clientWidth: width, clientHeight: height } = element
    if (width < 1 || height < 1) return
    const ratio = devicePixelRatio
    if (element.width !== Math.round(width * ratio)) element.width = Math.round(width * ratio)
    if (element.height !== Math.round(height * ratio)) element.height = Math.round(height * ratio)
    latest.current(pen, readCanvasTheme(document.documentElement), { width, height, ratio })
  }, [])
  const ask = useCallback((): void => {
    asked.current ||= requestAnimationFrame(paint)
  }, [paint])
  useEffect(() => {
    latest.current = draw
    ask()
  }, [draw, ask])
  useEffect(() => {
    const element = canvas.current
    if (!element) return undefined
    const observer = new ResizeObserver(paint)
    observer.observe(element)
    const undo = onThemeChange(ask)
    return () => {
      observer.disconnect()
      undo()
      cancelAnimationFrame(asked.current)
      asked.current = 0
    }
  }, [paint, ask])
  return { canvas, ask }
}
