/*
 * Coverage: which part of a window of time was seen, and why the rest was not.
 * In: first and last sight, gaps with causes. Out: segments in 0..1 of the window.
 * Invariant: what was not seen is a gap with a cause, never drawn as covered; before the run began there is nothing at all.
 * Source: features B5; docs/ux.md "honest gaps".
 */
export type GapCause =
  | 'bus_down'
  | 'producer_silent'
  | 'lost'
  | 'server_restart'
  | 'not_recorded'
  | 'damaged'
  | 'browser_asleep'
  | 'disconnected'

export interface CoverageSegment {
  readonly from: number
  readonly to: number
  /** Null = covered. */
  readonly cause: GapCause | null
  readonly lost: number | null
}

interface Gap {
  readonly from_ms: number
  readonly to_ms: number
  readonly cause: GapCause
  readonly lost: number | null
}

const WORDS: Readonly<Record<GapCause, string>> = {
  bus_down: 'bus was down',
  producer_silent: 'producer was silent',
  lost: 'telemetry was lost',
  server_restart: 'server restarted',
  not_recorded: 'nothing was recorded',
  damaged: 'record is damaged',
  browser_asleep: 'browser was asleep',
  disconnected: 'this page was cut off',
}

/** Says the cause of a gap in words, with what was lost. */
export function gapCause(segment: Pick<CoverageSegment, 'cause' | 'lost'>): string {
  if (segment.cause === null) return 'covered'
  const lost = segment.lost === null || segment.lost === 0 ? '' : `, ${segment.lost} lost`
  return `${WORDS[segment.cause]}${lost}`
}

/** Silence at the end counts as a gap once it is longer than this: a late frame is not one. */
const OPEN_GAP_MS = 5_000

/** Builds the segments of the window that ends now, covered first, gaps above them. */
export function coverageSegments(input: {
  readonly nowMs: number
  readonly windowMs: number
  readonly firstSeenMs: number | null
  readonly lastSeenMs: number | null
  /** Why nothing arrives, if nothing arrives now. */
  readonly openCause: GapCause
  readonly gaps: readonly Gap[]
}): readonly CoverageSegment[] {
  const { nowMs, windowMs, firstSeenMs, lastSeenMs } = input
  if (firstSeenMs === null || lastSeenMs === null) return []
  const startMs = nowMs - windowMs
  const place = (ms: number): number => Math.min(1, Math.max(0, (ms - startMs) / windowMs))
  const open = nowMs - lastSeenMs > OPEN_GAP_MS
  const endMs = open ? lastSeenMs : nowMs
  const covered: CoverageSegment = { from: place(firstSeenMs), to: place(endMs), cause: null, lost: null }
  const gaps = input.gaps
    .filter((gap) => gap.to_ms > startMs && gap.from_ms < nowMs)
    .map((gap) => ({ from: place(gap.from_ms), to: place(gap.to_ms), cause: gap.cause, lost: gap.lost }))
    .toSorted((a, b) => a.from - b.from)
  const tail: readonly CoverageSegment[] = open
    ? [{ from: place(endMs), to: 1, cause: input.openCause, lost: null }]
    : []
  return [...(covered.to > covered.from ? [covered] : []), ...gaps, ...tail]
}
