/*
 * Timeline window: which stretch of the record the timeline shows: the newest minutes, or a fixed stretch.
 * In: the hash of the address, what is kept, the moment shown. Out: the stretch; its hash again; zooms.
 * Invariant: a stretch lies in what is kept and is never shorter than ten seconds; a malformed hash is the default.
 * Source: docs/ux.md "pages: timeline"; features H7.
 */
import type { Bounds } from '../../lib/live/conductor.ts'

export type TimelineWindow =
  | { readonly kind: 'newest'; readonly seconds: number }
  | ({ readonly kind: 'fixed' } & Bounds)
  | { readonly kind: 'all' }

export const NEWEST = [
  [300, '5 min'],
  [900, '15 min'],
  [3_600, '1 h'],
  [21_600, '6 h'],
] as const
export const DEFAULT_WINDOW: TimelineWindow = Object.freeze({ kind: 'newest', seconds: 900 })
const SHORTEST_MS = 10_000

/** Reads the hash of an address; never throws. */
export function parseWindow(hash: string): TimelineWindow {
  const text = new URLSearchParams(hash.replace(/^#/, '')).get('window') ?? ''
  if (text === 'all') return { kind: 'all' }
  const seconds = NEWEST.find(([known]) => String(known) === text)?.[0]
  if (seconds !== undefined) return { kind: 'newest', seconds }
  const [, from, to] = /^(\d{12,14})-(\d{12,14})$/.exec(text) ?? []
  if (from === undefined || to === undefined || Number(to) - Number(from) < SHORTEST_MS) return DEFAULT_WINDOW
  return { kind: 'fixed', fromMs: Number(from), toMs: Number(to) }
}

/** Writes the hash of a window; empty for the default. */
export function windowHash(window: TimelineWindow): string {
  if (window.kind === 'all') return '#window=all'
  if (window.kind === 'fixed') return `#window=${Math.round(window.fromMs)}-${Math.round(window.toMs)}`
  return window.seconds === 900 ? '' : `#window=${window.seconds}`
}

/** The stretch that a window means now. While a moment of the past is shown, the newest minutes are those around it. */
export function stretchOf(window: TimelineWindow, kept: Bounds, momentMs: number | null): Bounds {
  if (window.kind === 'all') return kept
  if (window.kind === 'fixed') return window
  const longMs = window.seconds * 1_000
  const newest = { fromMs: Math.max(kept.fromMs, kept.toMs - longMs), toMs: kept.toMs }
  if (momentMs === null || (momentMs >= newest.fromMs && momentMs <= newest.toMs)) return newest
  // Whole halves of a window: a moment that moves does not drag the picture along.
  const half = longMs / 2
  const fromMs = Math.max(kept.fromMs, Math.floor(momentMs / half) * half - half / 2)
  return { fromMs, toMs: Math.min(kept.toMs, fromMs + longMs) }
}

/** Makes a stretch shorter or longer around a point, inside what is kept. */
export function zoom(stretch: Bounds, kept: Bounds, aroundMs: number, factor: number): TimelineWindow {
  const longMs = Math.max(SHORTEST_MS, (stretch.toMs - stretch.fromMs) * factor)
  if (longMs >= kept.toMs - kept.fromMs) return { kind: 'all' }
  const share = (aroundMs - stretch.fromMs) / Math.max(1, stretch.toMs - stretch.fromMs)
  const at = Math.min(1, Math.max(0, share))
  const fromMs = Math.min(Math.max(kept.fromMs, aroundMs - at * longMs), kept.toMs - longMs)
  return { kind: 'fixed', fromMs: Math.round(fromMs), toMs: Math.round(fromMs + longMs) }
}

/** The stretch between two points that were dragged over; null when they are too near to mean one. */
export function dragged(oneMs: number, otherMs: number): TimelineWindow | null {
  const [fromMs, toMs] = oneMs < otherMs ? [oneMs, otherMs] : [otherMs, oneMs]
  return toMs - fromMs < SHORTEST_MS ? null : { kind: 'fixed', fromMs: Math.round(fromMs), toMs: Math.round(toMs) }
}
