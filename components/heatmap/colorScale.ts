/*
 * Colour scale: one byte of a metric to one colour, the same for canvas, legend and histogram.
 * In: theme and which end of the metric is alarming. Out: a 256-entry look-up table and CSS colours.
 * Invariant: the calm end lies near the background and the alarming end far from it, in both themes; 255 (unmeasured) is
 * transparent, so that a pattern shows through; lightness is monotonic, so the scale survives colour blindness and print.
 * Source: docs/ux.md "visual tokens".
 */
import { NO_DIFFERENCE } from '../../lib/frames/deltaCells.ts'

export type Worst = 'low' | 'high' | 'none'
export type ThemeName = 'dark' | 'light'
type Rgb = readonly [number, number, number]

/** Calm to alarming. Cividis anchors; the calm end is led into the grey of the panel, because grey is normal. */
const ANCHORS: Readonly<Record<ThemeName, readonly Rgb[]>> = {
  light: [
    [232, 235, 236],
    [222, 222, 212],
    [200, 198, 184],
    [166, 164, 152],
    [128, 128, 126],
    [92, 96, 109],
    [58, 73, 107],
    [22, 54, 110],
    [0, 32, 77],
  ],
  dark: [
    [29, 38, 50],
    [38, 48, 66],
    [52, 61, 84],
    [75, 80, 98],
    [104, 103, 108],
    [138, 131, 112],
    [178, 163, 104],
    [220, 198, 92],
    [255, 234, 70],
  ],
}

const mix = (a: number, b: number, share: number): number => Math.round(a + (b - a) * share)

/** Picks the colour at `alarm`: 0 = calm, 1 = alarming; clamped. */
export function colorAt(theme: ThemeName, alarm: number): Rgb {
  const anchors = ANCHORS[theme]
  const place = Math.min(1, Math.max(0, alarm)) * (anchors.length - 1)
  const index = Math.min(anchors.length - 2, Math.floor(place))
  const from = anchors[index] ?? [0, 0, 0]
  const to = anchors[index + 1] ?? from
  const share = place - index
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)]
}

/** Turns a position in the range (0 = min, 1 = max) into how alarming it is. Without an orientation, high stands out. */
export function alarmOf(position: number, worst: Worst): number {
  return worst === 'low' ? 1 - position : position
}

/** Builds the table for ImageData: RGBA as little-endian words, index = quantised byte. */
export function buildLut(theme: ThemeName, worst: Worst): Uint32Array {
  const lut = new Uint32Array(256)
  for (let byte = 0; byte < 255; byte++) {
    const [r, g, b] = colorAt(theme, alarmOf(byte / 254, worst))
    lut[byte] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
  }
  return lut
}

/** Less, none, more: blue, grey, orange. Grey is exactly no difference. */
const DELTA_ANCHORS: Readonly<Record<ThemeName, readonly Rgb[]>> = {
  light: [
    [8, 72, 142],
    [92, 148, 204],
    [214, 218, 222],
    [220, 142, 56],
    [150, 72, 0],
  ],
  dark: [
    [128, 198, 255],
    [62, 120, 176],
    [47, 54, 63],
    [168, 106, 34],
    [255, 190, 92],
  ],
}

/** Picks the colour of a difference: -1 = a quarter of the range less, 0 = none, 1 = a quarter more; clamped. */
export function deltaColorAt(theme: ThemeName, change: number): Rgb {
  const anchors = DELTA_ANCHORS[theme]
  const place = ((Math.min(1, Math.max(-1, change)) + 1) / 2) * (anchors.length - 1)
  const index = Math.min(anchors.length - 2, Math.floor(place))
  const from = anchors[index] ?? [0, 0, 0]
  const to = anchors[index + 1] ?? from
  const share = place - index
  return [mix(from[0], to[0], share), mix(from[1], to[1], share), mix(from[2], to[2], share)]
}

/** The table for bytes of differences: 127 is the grey of none, 255 stays transparent. */
export function buildDeltaLut(theme: ThemeName): Uint32Array {
  const lut = new Uint32Array(256)
  for (let byte = 0; byte < 255; byte++) {
    const [r, g, b] = deltaColorAt(theme, (byte - NO_DIFFERENCE) / NO_DIFFERENCE)
    lut[byte] = ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0
  }
  return lut
}

export const toCss = ([r, g, b]: Rgb): string => `rgb(${r} ${g} ${b})`

/** Computes the WCAG relative luminance. */
export function luminance([r, g, b]: Rgb): number {
  const linear = (channel: number): number => {
    const c = channel / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/** Chooses the ink with the better contrast on a fill. */
export function inkOn(fill: Rgb): 'dark' | 'light' {
  const level = luminance(fill)
  return (level + 0.05) / 0.05 >= 1.05 / (level + 0.05) ? 'dark' : 'light'
}
