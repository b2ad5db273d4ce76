/*
 * Replay player: moves a replay session through the past: fetches ahead, waits for what is not there, checks what is shown.
 * In: acts of the conductor, a source of windows, the clock. Out: the moment in the session; what is shown of it, with counts.
 * Invariant: no record is stepped over: at any speed the moment waits for its window; memory is bounded; an answer to an older
 * question never moves a newer moment.
 * Source: docs/ux.md "time travel"; features B2, B3.
 */
import type { LiveRecord } from '../contracts/liveRecords.ts'
import type { Clock } from '../primitives/clock.ts'
import {
  conduct,
  momentOf,
  settle,
  type Bounds,
  type ConductorAct,
  type ConductorState,
  type Speed,
} from './conductor.ts'
import type { ReplaySession } from './replaySession.ts'
import type { MomentCheck, PastAnswer, PastGap, ReplaySource } from './replaySource.ts'
import { createReplaySteps, type ReplaySteps } from './replaySteps.ts'
import { createReplayWindows, windowShape } from './replayWindows.ts'

export interface PlayerView {
  readonly state: ConductorState
  /** The moment shown, which lags the wanted one while it is fetched. */
  readonly atMs: number
  readonly bounds: Bounds | null
  readonly gaps: readonly PastGap[]
  /** The moment waits for its window. */
  readonly waiting: boolean
  readonly problem: string | null
  readonly check: MomentCheck
  /** Records the server said lie in what was played, and those the page took, since the play began. */
  readonly served: number
  readonly taken: number
}

export interface ReplayPlayer extends ReplaySteps {
  get(): PlayerView
  subscribe(listener: () => void): () => void
  /** Shows a moment of a run; `speed` plays on from it. */
  enter(runId: string, atMs: number, pace: { readonly speed: Speed | null; readonly reverse: boolean }): void
  act(act: ConductorAct): void
  stop(): void
}

const DRAW_EVERY_MS = 66
const CHECK_AFTER_MS = 250
const LINE_MS = 300_000
const LINE_STEP_MS = 1_500
const RETRY_MS = 2_000
const MOST_HISTORY = 8_192
const words = (error: unknown): string => (error instanceof Error ? error.message : 'The history could not be read.')

/** Creates a player that shows nothing yet. */
export function createReplayPlayer({
  session,
  source,
  clock,
}: {
  readonly session: ReplaySession
  readonly source: ReplaySource
  readonly clock: Clock
}): ReplayPlayer {
  const windows = createReplayWindows()
  const listeners = new Set<() => void>()
  let runId: string | null = null
  let past: PastAnswer | null = null
  let state: ConductorState = { kind: 'fixed', atMs: session.momentMs, end: false, speed: 1, reverse: false }
  let view: PlayerView | null = null
  let waiting = false
  /** Records handed to the session, and records the server counted in a window and did not send. */
  let [handed, unsent] = [0, 0]
  let blockedUntilMs = Number.NEGATIVE_INFINITY
  let problem: string | null = null
  let check: MomentCheck = { kind: 'none' }
  /** Null until the first picture of this moment is shown: a jump begins anew. */
  let shownMs: number | null = null
  let history: readonly LiveRecord[] = []
  let stopTimer: (() => void) | null = null
  let cancelCheck: (() => void) | null = null
  let visit = new AbortController()
  let fetching: Bounds | null = null
  /** A newer jump than the one that is being fetched. */
  let jumping = false
  let seen = { metric: '', exact: true }

  const bounds = (): Bounds | null => past?.bounds ?? null
  const tell = (): void => {
    view = null
    for (const listener of listeners) listener()
  }
  const fail = (error: unknown, signal: AbortSignal): void => {
    if (signal.aborted) return
    problem = words(error)
    blockedUntilMs = clock.monotonicMs() + RETRY_MS
    tell()
  }

  const isMoving = (): boolean => state.kind === 'replay'
  const metricOf = (): string => session.store.view?.metric.name ?? ''
  const paceNow = (): { speed: number; reverse: boolean } =>
    state.kind === 'fixed' || state.kind === 'replay'
      ? { speed: state.speed, reverse: state.reverse && state.kind === 'replay' }
      : { speed: 1, reverse: false }

  const fetchWindow = async (ask: Bounds & { readonly stepMs: number }): Promise<void> => {
    if (runId === null || fetching !== null || metricOf() === '') return
    fetching = ask
    const { signal } = visit
    const metric = metricOf()
    try {
      const window = await source.window({ runId, metric, ...ask }, signal)
      if (signal.aborted) return
      fetching = null
      problem = null
      if (metric !== metricOf() && session.store.view?.precision !== 'exact') return advance()
      unsent += window.served - window.records.length
      windows.add(window, shownMs ?? momentOf(state, clock.monotonicMs(), bounds()) ?? window.fromMs)
      advance()
    } catch (error) {
      if (!signal.aborted) fetching = null
      fail(error, signal)
    }
  }

  /** Where it is to go on from: a moment that nobody has seen yet does not move, however long its picture takes. */
  const aimMs = (): number | null =>
    state.kind === 'replay' && shownMs === null ? state.fromMs : momentOf(state, clock.monotonicMs(), bounds())

  /** Everything of a moment that nothing before it leads to. */
  const land = async (): Promise<void> => {
    if (runId === null || past === null) return
    const moment = aimMs()
    if (moment === null || metricOf() === '' || jumping) return
    const wanted = Math.floor(moment)
    jumping = true
    waiting = true
    const { signal } = visit
    const metric = metricOf()
    tell()
    try {
      const { stepMs, spanMs } = windowShape(
        state.kind === 'replay' ? { ...paceNow(), reverse: false } : { speed: 1, reverse: false },
      )
      const fits = windows.at(wanted)
      const [before, window] = await Promise.all([
        source.before({ runId, atMs: wanted }, signal),
        fits ??
          source.window(
            { runId, metric, stepMs, fromMs: wanted, toMs: Math.min(past.bounds.toMs + 1, wanted + spanMs) },
            signal,
          ),
      ])
      if (signal.aborted) return
      if (window !== fits) windows.add(window, wanted)
      history = before
      ;[handed, unsent] = [0, 0]
      session.begin(wanted, before)
      session.move(wanted, window, [])
      if (window !== fits) unsent += window.served - window.records.length
      shownMs = wanted
      if (session.hasLines) void fillLines(wanted)
      problem = null
      if (state.kind === 'replay') state = conduct(state, { kind: 'hold', atMs: wanted }, when())
    } catch (error) {
      fail(error, signal)
    } finally {
      if (!signal.aborted) {
        jumping = false
        waiting = false
        // The operator went on while this was fetched.
        const now = momentOf(state, clock.monotonicMs(), bounds())
        if (state.kind === 'fixed' && problem === null && now !== null && now !== shownMs) void land()
        else advance()
      }
    }
  }

  /** What led to the moment, for the lines beside the seeds: coarse, and only if nobody went on meanwhile. */
  const fillLines = async (atMs: number): Promise<void> => {
    if (runId === null || past === null) return
    const { signal } = visit
    const fromMs = Math.max(past.bounds.fromMs, atMs - LINE_MS)
    if (atMs - fromMs < LINE_STEP_MS) return
    const ask = { runId, metric: metricOf(), fromMs, toMs: atMs, stepMs: LINE_STEP_MS }
    const before = await source.window(ask, signal).catch(() => null)
    if (before !== null && !signal.aborted && atMs === shownMs) session.fill(before)
  }

  const when = () => ({ monoMs: clock.monotonicMs(), bounds: bounds() })

  /** Brings the session to the moment of now, as far as what is there reaches. */
  const advance = (): void => {
    if (past === null) return
    const { monoMs } = when()
    if (state.kind === 'replay' && shownMs !== null && !jumping) {
      const wanted = momentOf(state, monoMs, past.bounds) ?? shownMs
      const edge = windows.coveredTo(shownMs, state.reverse)
      // The open end of a window is not inside it.
      const reach = state.reverse ? edge : edge > shownMs ? edge - 1 : shownMs
      const whole = state.reverse ? Math.ceil(wanted) : Math.floor(wanted)
      const to = state.reverse ? Math.max(whole, reach) : Math.min(whole, reach)
      waiting = to !== whole
      if (to !== shownMs) {
        const window = windows.at(to)
        if (window) {
          if (to > shownMs) {
            const records = windows.records(shownMs, to)
            session.move(to, window, records)
            handed += records.length
            if (records.length > 0) history = [...history, ...records].slice(-MOST_HISTORY)
          } else {
            // Back in time nothing is taken away from a log: it is told anew up to the moment.
            session.begin(
              to,
              history.filter((record) => record.at_ms <= to),
            )
            session.move(to, window, [])
            ;[handed, unsent] = [0, 0]
          }
          shownMs = to
        }
      }
      if (waiting) state = conduct(state, { kind: 'hold', atMs: shownMs }, { monoMs, bounds: past.bounds })
      state = settle(state, monoMs, past.bounds)
    }
    if (shownMs !== null && !jumping) {
      const next = windows.missing(shownMs, paceNow(), past.bounds)
      if (next && clock.monotonicMs() >= blockedUntilMs) void fetchWindow(next)
    }
    if (state.kind === 'replay') stopTimer ??= clock.every(DRAW_EVERY_MS, advance)
    else {
      stopTimer?.()
      stopTimer = null
      askCheck()
    }
    tell()
  }

  const askCheck = (): void => {
    if (shownMs === null || check.kind !== 'none' || cancelCheck) return
    cancelCheck = clock.after(CHECK_AFTER_MS, () => {
      cancelCheck = null
      void checkNow()
    })
  }
  const checkNow = async (): Promise<void> => {
    const atMs = shownMs
    if (runId === null || atMs === null || state.kind === 'replay') return
    const { signal } = visit
    check = { kind: 'asking' }
    tell()
    const answer = await source
      .check({ runId, atMs }, signal)
      .catch((error: unknown): MomentCheck => ({ kind: 'unknown', text: words(error) }))
    if (signal.aborted || atMs !== shownMs || isMoving()) return
    check = answer
    tell()
  }
  const forgetCheck = (): void => {
    cancelCheck?.()
    cancelCheck = null
    check = { kind: 'none' }
  }

  const act = (next: ConductorAct): void => {
    const before = state
    state = conduct(state, next, when())
    if (state === before) return
    // What is on the screen is what stays.
    if (next.kind === 'stand' && state.kind === 'fixed' && shownMs !== null) state = { ...state, atMs: shownMs }
    forgetCheck()
    problem = null
    blockedUntilMs = Number.NEGATIVE_INFINITY
    const isJump = next.kind === 'jump' || next.kind === 'shift'
    if (isJump) shownMs = null
    if (isJump || (next.kind === 'play' && momentOf(state, clock.monotonicMs(), bounds()) !== shownMs)) void land()
    advance()
  }

  const steps = createReplaySteps({
    windows,
    source,
    act,
    fail,
    place() {
      // Also while the moment before is still being fetched.
      const atMs = shownMs ?? momentOf(state, clock.monotonicMs(), bounds())
      if (runId === null || past === null || atMs === null) return null
      return { runId, atMs, metric: metricOf(), bounds: past.bounds, signal: visit.signal }
    },
    say(text) {
      problem = text
      tell()
    },
  })

  const undoView = session.store.topics.subscribe('view', () => {
    const { view: now } = session.store
    const next = { metric: metricOf(), exact: now?.precision === 'exact' }
    const same = next.metric === seen.metric || (next.exact && seen.exact && seen.metric !== '')
    seen = next
    if (same) return
    windows.clear()
    shownMs = null
    void land()
  })

  const open = async (wanted: string): Promise<void> => {
    const { signal } = visit
    try {
      past = await source.open(wanted, signal)
      if (signal.aborted) return
      state = conduct(state, { kind: 'jump', atMs: aimMs() ?? 0 }, when())
      session.open(past.run)
      tell()
      void land()
    } catch (error) {
      fail(error, signal)
    }
  }

  return {
    get() {
      view ??= {
        state,
        atMs: shownMs ?? momentOf(state, clock.monotonicMs(), bounds()) ?? session.momentMs,
        bounds: bounds(),
        gaps: past?.gaps ?? [],
        waiting,
        problem,
        check,
        served: handed + unsent,
        taken: session.taken,
      }
      return view
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    enter(wanted, atMs, { speed, reverse }) {
      state = conduct(state, { kind: 'jump', atMs, reverse, ...(speed === null ? {} : { play: speed }) }, when())
      shownMs = null
      problem = null
      forgetCheck()
      if (wanted !== runId) {
        visit.abort()
        visit = new AbortController()
        ;[runId, past, fetching, jumping] = [wanted, null, null, false]
        windows.clear()
        void open(wanted)
        tell()
      } else void land()
    },
    act,
    ...steps,
    stop() {
      visit.abort()
      undoView()
      stopTimer?.()
      stopTimer = null
      forgetCheck()
      windows.clear()
      listeners.clear()
    },
  }
}
