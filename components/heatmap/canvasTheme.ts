/*
 * Canvas theme: the design tokens as plain values for drawing code, and hatch patterns in device pixels.
 * In: computed styles of the page. Out: colours, fonts, patterns; a subscription to theme changes.
 * Invariant: the canvas never has colours of its own; a token changed in CSS changes the drawing.
 * Source: docs/ux.md "visual tokens".
 */
import type { ThemeName } from './colorScale.ts'
import type { Family } from './stateGlyph.ts'

export interface CanvasTheme {
  readonly name: ThemeName
  readonly text1: string
  readonly text2: string
  readonly text3: string
  readonly panel: string
  readonly raised: string
  readonly line: string
  readonly line2: string
  readonly bar: string
  readonly hatch: string
  readonly warn: string
  readonly crit: string
  readonly info: string
  readonly focus: string
  readonly glyphStroke: string
  readonly families: Readonly<Record<Family, string>>
  readonly font: string
}

/** Reads the tokens of an element. */
export function readCanvasTheme(element: Element): CanvasTheme {
  const style = getComputedStyle(element)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  return {
    name: token('--theme-name') === 'light' ? 'light' : 'dark',
    text1: token('--t1'),
    text2: token('--t2'),
    text3: token('--t3'),
    panel: token('--panel'),
    raised: token('--raised'),
    line: token('--line'),
    line2: token('--line-2'),
    bar: token('--bar'),
    hatch: token('--hatch-ink'),
    warn: token('--warn'),
    crit: token('--crit'),
    info: token('--info'),
    focus: token('--focus'),
    glyphStroke: token('--s-stroke'),
    families: {
      idle: token('--s-idle'),
      growing: token('--s-growing'),
      integrating: token('--s-integrating'),
      success: token('--s-success'),
      failure: token('--s-failure'),
      cooldown: token('--s-cooldown'),
      unknown: token('--t2'),
      never: token('--t3'),
    },
    font: token('--font'),
  }
}

/** Calls back when the theme changes, by switch or by system. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  const media = matchMedia('(prefers-color-scheme: light)')
  media.addEventListener('change', listener)
  return () => {
    observer.disconnect()
    media.removeEventListener('change', listener)
  }
}

export type Pen = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

/** Makes a canvas that is not on the page: off screen where the browser can, which a worker needs. */
export function createSheet(width: number, height: number): OffscreenCanvas | HTMLCanvasElement {
  if (typeof OffscreenCanvas !== 'undefined') return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement('canvas'), { width, height })
}

/** The pen of a sheet. */
export function penOf(sheet: OffscreenCanvas | HTMLCanvasElement, often = false): Pen | null {
  return sheet.getContext('2d', { willReadFrequently: often }) as Pen | null
}

export type PatternName = 'hatch' | 'dots' | 'cross'
const patterns = new Map<string, CanvasPattern>()

/** Makes a repeating pattern: hatch = old, dots = unmeasured, cross = unknown. */
export function patternOf(context: Pen, name: PatternName, color: string, ratio: number): CanvasPattern | string {
  const key = `${name} ${color} ${ratio}`
  const known = patterns.get(key)
  if (known) return known
  const size = Math.round((name === 'dots' ? 5 : 7) * ratio)
  const tile = createSheet(size, size)
  const pen = penOf(tile)
  if (!pen) return color
  pen.fillStyle = color
  pen.strokeStyle = color
  pen.lineWidth = Math.max(1, ratio)
  if (name === 'dots') pen.fillRect(0, 0, Math.max(1, Math.round(1.3 * ratio)), Math.max(1, Math.round(1.3 * ratio)))
  else {
    pen.beginPath()
    // Drawn past the edges so that tiles meet without a notch.
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift - 1, size + 1)
      pen.lineTo(shift + size + 1, -1)
      if (name === 'cross') {
        pen.moveTo(shift - 1, -1)
        pen.lineTo(shift + size + 1, size + 1)
      }
    }
    pen.stroke()
  }
  const pattern = context.createPattern(tile, 'repeat')
  if (!pattern) return color
  pattern.setTransform(new DOMMatrix().scale(1 / ratio))
  patterns.set(key, pattern)
  return pattern
}
