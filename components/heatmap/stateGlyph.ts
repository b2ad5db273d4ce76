/*
 * State glyphs: one shape per lifecycle state, as path data on a 16 x 16 field, for canvas and SVG alike.
 * In: a state byte. Out: paths with fill or stroke, family, name.
 * Invariant: a state is told by its shape alone; hue only repeats it. Never-observed and unknown have shapes of their own.
 * Source: docs/ux.md "visual tokens".
 */
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES, STATE_FAMILY } from '../../lib/contracts/lifecycleTable.ts'
import { stateText } from '../../lib/live/formatValue.ts'
import { NEVER_STATE_ID } from '../../lib/frames/layerMirror.ts'

export type Family = (typeof STATE_FAMILY)[SeedState] | 'unknown' | 'never'
export interface GlyphPath {
  readonly d: string
  /** Stroke width on the 16-field; 0 = filled. */
  readonly stroke: number
}
export interface Glyph {
  readonly paths: readonly GlyphPath[]
  readonly family: Family
}

const circle = (r: number): string => `M${8 - r} 8a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`
const ring: GlyphPath = { d: circle(5.6), stroke: 1.6 }
const outer: GlyphPath = { d: circle(6.8), stroke: 1.3 }
const fill = (d: string): GlyphPath => ({ d, stroke: 0 })

const SHAPES: Readonly<Record<SeedState, readonly GlyphPath[]>> = {
  DORMANT: [ring],
  GERMINATED: [ring, fill('M8 8V2.4A5.6 5.6 0 0 1 13.6 8Z')],
  TRAINING: [ring, fill('M8 2.4a5.6 5.6 0 0 1 0 11.2Z')],
  GRAFTING: [ring, fill('M8 8V2.4A5.6 5.6 0 1 1 2.4 8Z')],
  STABILIZATION: [outer, fill(circle(4.2))],
  EVALUATING: [outer, { d: circle(3.2), stroke: 2 }],
  FINE_TUNING: [outer, fill('M3.8 7.2a4.2 4.2 0 0 1 8.4 0ZM3.8 8.8a4.2 4.2 0 0 0 8.4 0Z')],
  FOSSILIZED: [fill('M8 1.2 14.8 8 8 14.8 1.2 8Z')],
  CULLED: [{ d: 'M3.6 3.6 12.4 12.4M12.4 3.6 3.6 12.4', stroke: 2.5 }],
  CANCELLED: [ring, { d: 'M4 12 12 4', stroke: 1.8 }],
  ROLLED_BACK: [{ d: 'M2.6 5.6A6 6 0 1 1 2 8.6M2.4 2.2V5.8H6M6 6 10.2 10.2M10.2 6 6 10.2', stroke: 1.7 }],
}
const UNKNOWN: Glyph = {
  family: 'unknown',
  paths: [
    { d: 'M2 2H14V14H2Z', stroke: 1.4 },
    { d: 'M5.8 6.2a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M8 11.3v1', stroke: 1.6 },
  ],
}
const NEVER: Glyph = {
  family: 'never',
  paths: [fill('M3 7.3h1.8v1.6H3ZM7.1 7.3h1.8v1.6H7.1ZM11.2 7.3H13v1.6h-1.8Z')],
}

/** Names a state byte; null for never observed and for ids that are not ours. */
export function stateName(byte: number): SeedState | null {
  return SEED_STATES[byte] ?? null
}

/** Finds the glyph of a state byte. */
export function glyphOf(byte: number): Glyph {
  const state = stateName(byte)
  if (state) return { paths: SHAPES[state], family: STATE_FAMILY[state] }
  return byte === NEVER_STATE_ID ? NEVER : UNKNOWN
}

/** Says a state byte in words, also the two that are no states. */
export function stateLabel(byte: number): string {
  const state = stateName(byte)
  if (state === null) return byte === NEVER_STATE_ID ? 'No state reported' : 'Unknown state'
  return stateText(state)
}
