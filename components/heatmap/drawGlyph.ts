/*
 * Draws a state glyph on a canvas.
 * In: state byte, place, size, theme. Out: pixels.
 * Invariant: the same shapes as the SVG glyphs; on white the light hues get an edge.
 * Source: features A4, H4.
 */
import type { CanvasTheme, Pen } from './canvasTheme.ts'
import { glyphOf } from './stateGlyph.ts'

const cache = new Map<string, Path2D>()
const pathOf = (d: string): Path2D => {
  const known = cache.get(d)
  if (known) return known
  const path = new Path2D(d)
  cache.set(d, path)
  return path
}

/** Draws a state glyph of `size` px with its top left corner at (x, y); grey when `muted`. */
export function drawGlyph(
  context: Pen,
  theme: CanvasTheme,
  state: number,
  x: number,
  y: number,
  size: number,
  muted = false,
): void {
  const glyph = glyphOf(state)
  const color = muted ? theme.text3 : theme.families[glyph.family]
  context.save()
  context.translate(x, y)
  context.scale(size / 16, size / 16)
  context.lineCap = 'round'
  // The light hues need an edge on white: 1.7 to 2.0:1 without.
  if (theme.name === 'light' && !muted && theme.glyphStroke !== 'transparent') {
    context.strokeStyle = theme.glyphStroke
    for (const { d, stroke } of glyph.paths) {
      context.lineWidth = stroke + 1.2
      context.stroke(pathOf(d))
    }
  }
  context.fillStyle = color
  context.strokeStyle = color
  for (const { d, stroke } of glyph.paths) {
    if (stroke === 0) context.fill(pathOf(d))
    else {
      context.lineWidth = stroke
      context.stroke(pathOf(d))
    }
  }
  context.restore()
}
