/*
 * Conductor: which moment a page shows: the live one, a paused one, a fixed one of the past, or one that moves through the past.
 * In: acts of the operator, the monotonic time, the bounds of what is kept. Out: the next state; the moment of a state at a time.
 * Invariant: pure; a moving moment never leaves what is kept: at its end it stands; turning, changing speed or pausing never jumps.
 * Source: docs/ux.md "time travel"; features B1, B2.
 */
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64] as const
export type Speed = (typeof SPEEDS)[number]

export interface Bounds {
  readonly fromMs: number
  readonly toMs: number
}

interface Pace {
  readonly speed: Speed
  readonly reverse: boolean
}

export type ConductorState =
  | { readonly kind: 'live' }
  /** The live picture stands; frames go on arriving behind it. */
  | { readonly kind: 'paused'; readonly atMs: number }
  /** A moment of the history. `end`: it was reached by playing to the end of what is kept. */
  | ({ readonly kind: 'fixed'; readonly atMs: number; readonly end: boolean } & Pace)
  /** Moving since `sinceMs` (monotonic) from `fromMs`. */
  | ({ readonly kind: 'replay'; readonly fromMs: number; readonly sinceMs: number } & Pace)

export type ConductorAct =
  | { readonly kind: 'go-live' }
  | { readonly kind: 'pause'; readonly atMs: number }
  | { readonly kind: 'jump'; readonly atMs: number; readonly play?: Speed; readonly reverse?: boolean }
  | { readonly kind: 'play' }
  | { readonly kind: 'stand' }
  | { readonly kind: 'shift'; readonly byMs: number }
  | { readonly kind: 'speed'; readonly speed: Speed }
  | { readonly kind: 'reverse' }
  /** What comes next is not there yet: the moment waits at `atMs` and goes on from it. */
  | { readonly kind: 'hold'; readonly atMs: number }

export const LIVE: ConductorState = Object.freeze({ kind: 'live' })

const clamp = (ms: number, bounds: Bounds | null): number =>
  bounds === null ? ms : Math.min(Math.max(ms, bounds.fromMs), Math.max(bounds.fromMs, bounds.toMs))

/** Tells the moment a state shows at a monotonic time; null for the live one. */
export function momentOf(state: ConductorState, monoMs: number, bounds: Bounds | null): number | null {
  switch (state.kind) {
    case 'live':
      return null
    case 'paused':
    case 'fixed':
      return state.atMs
    case 'replay': {
      const goneMs = Math.max(0, monoMs - state.sinceMs) * state.speed
      return clamp(state.fromMs + (state.reverse ? -goneMs : goneMs), bounds)
    }
  }
}

/** Finds the speed after or before one; the fastest and the slowest are their own neighbours. */
export function nextSpeed(speed: Speed, by: 1 | -1): Speed {
  const at = SPEEDS.indexOf(speed)
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + by))]!
}

/** Reads a speed as an address writes it; null for anything that is none. */
export function parseSpeed(text: string): Speed | null {
  return SPEEDS.find((speed) => String(speed) === text) ?? null
}

const paceOf = (state: ConductorState): Pace =>
  state.kind === 'fixed' || state.kind === 'replay'
    ? { speed: state.speed, reverse: state.reverse }
    : { speed: 1, reverse: false }

/** Does one act. Acts that mean nothing in a state change nothing. */
export function conduct(
  state: ConductorState,
  act: ConductorAct,
  { monoMs, bounds }: { readonly monoMs: number; readonly bounds: Bounds | null },
): ConductorState {
  const pace = paceOf(state)
  const now = momentOf(state, monoMs, bounds)
  const stand = (atMs: number, end = false): ConductorState => ({
    kind: 'fixed',
    atMs: clamp(Math.round(atMs), bounds),
    end,
    ...pace,
  })
  switch (act.kind) {
    case 'go-live':
      return LIVE
    case 'pause':
      return state.kind === 'live' ? { kind: 'paused', atMs: act.atMs } : state
    case 'jump': {
      const atMs = clamp(Math.round(act.atMs), bounds)
      const reverse = act.reverse ?? pace.reverse
      if (act.play !== undefined) return { kind: 'replay', fromMs: atMs, sinceMs: monoMs, speed: act.play, reverse }
      return state.kind === 'replay'
        ? { ...state, fromMs: atMs, sinceMs: monoMs }
        : { kind: 'fixed', atMs, end: false, speed: pace.speed, reverse }
    }
    case 'play': {
      if (now === null || state.kind === 'replay') return state
      // At the end there is nothing to play to: it begins again at the other one.
      const atEnd = bounds !== null && (pace.reverse ? now <= bounds.fromMs : now >= bounds.toMs)
      const fromMs = atEnd && bounds !== null ? (pace.reverse ? bounds.toMs : bounds.fromMs) : now
      return { kind: 'replay', fromMs: state.kind === 'paused' ? now : fromMs, sinceMs: monoMs, ...pace }
    }
    case 'stand':
      return state.kind === 'replay' && now !== null ? stand(now) : state
    case 'shift':
      return now === null ? state : stand(now + act.byMs)
    case 'speed':
      if (state.kind === 'fixed') return { ...state, speed: act.speed }
      return state.kind === 'replay' && now !== null
        ? { ...state, fromMs: now, sinceMs: monoMs, speed: act.speed }
        : state
    case 'reverse':
      if (state.kind === 'fixed') return { ...state, reverse: !state.reverse }
      return state.kind === 'replay' && now !== null
        ? { ...state, fromMs: now, sinceMs: monoMs, reverse: !state.reverse }
        : state
    case 'hold':
      return state.kind === 'replay' ? { ...state, fromMs: clamp(act.atMs, bounds), sinceMs: monoMs } : state
  }
}

/** Lets a moving moment that has come to the end of what is kept stand there; anything else stays as it is. */
export function settle(state: ConductorState, monoMs: number, bounds: Bounds | null): ConductorState {
  if (state.kind !== 'replay' || bounds === null) return state
  const now = momentOf(state, monoMs, bounds)
  const done = state.reverse ? now === bounds.fromMs : now === bounds.toMs
  return done && now !== null
    ? { kind: 'fixed', atMs: now, end: true, speed: state.speed, reverse: state.reverse }
    : state
}

const STREAM_ID = /^(\d{12,15})(?:-(\d{1,10}))?$/
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z$/

/** Reads the moment an address names: a stream id, Unix ms, or ISO 8601 in UTC; null for anything else. */
export function parseAt(text: string): number | null {
  const id = STREAM_ID.exec(text)
  if (id) return Number(id[1])
  if (!ISO.test(text)) return null
  const ms = Date.parse(text)
  return Number.isFinite(ms) ? ms : null
}

/** Writes a moment the way an address carries it: absolute, in UTC, to the millisecond. */
export function atText(ms: number): string {
  return new Date(Math.round(ms)).toISOString()
}
