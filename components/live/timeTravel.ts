/*
 * Time travel: whether this tab shows the present or the past; what the past is drawn from is loaded when somebody goes there.
 * In: the page state (`at`, `speed`, the run), the live session. Out: the present, a past that is on its way, or one to draw from.
 * Invariant: the address decides: a link with a moment shows that moment, taking the moment away goes live; the live session goes on behind it.
 * Source: docs/ux.md "time travel"; features B1, B4.
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { ReplayPlayer } from '../../lib/live/replayPlayer.ts'
import type { ReplaySession } from '../../lib/live/replaySession.ts'
import type { PageStore } from './pageStore.ts'
import type { PictureThread } from './pictureThread.ts'

export interface Travel {
  readonly thread: PictureThread
  readonly session: ReplaySession
  readonly player: ReplayPlayer
  /** The address names another moment, speed or run. */
  follow(): void
  stop(): void
}

export type TimeState =
  | { readonly kind: 'live' }
  | { readonly kind: 'loading'; readonly problem: string | null }
  | { readonly kind: 'past'; readonly travel: Travel }

export interface TimeTravel {
  readonly get: () => TimeState
  readonly subscribe: (listener: () => void) => () => void
  start(): () => void
}

export type StartTravel = (live: LiveSession, page: PageStore) => Promise<Travel>

const LIVE: TimeState = Object.freeze({ kind: 'live' })
const LOADING: TimeState = Object.freeze({ kind: 'loading', problem: null })

/** Creates a time travel that is in the present. */
export function createTimeTravel(
  live: LiveSession,
  page: PageStore,
  load: () => Promise<{ readonly startTravel: StartTravel }>,
): TimeTravel {
  let state: TimeState = LIVE
  let going = 0
  const listeners = new Set<() => void>()
  const moveTo = (next: TimeState): void => {
    state = next
    for (const listener of listeners) listener()
  }
  const leave = (): void => {
    going++
    if (state.kind === 'past') state.travel.stop()
    moveTo(LIVE)
  }
  const go = async (): Promise<void> => {
    const mine = ++going
    moveTo(LOADING)
    try {
      const { startTravel } = await load()
      const travel = await startTravel(live, page)
      if (mine !== going) return travel.stop()
      moveTo({ kind: 'past', travel })
    } catch (error) {
      if (mine === going)
        moveTo({ kind: 'loading', problem: error instanceof Error ? error.message : 'The past could not be loaded.' })
    }
  }
  const read = (): void => {
    const { at } = page.get()
    if (at === null) {
      if (state.kind !== 'live') leave()
    } else if (state.kind === 'live') void go()
    else if (state.kind === 'past') state.travel.follow()
  }
  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    start() {
      const undo = page.subscribe(read)
      read()
      return () => {
        undo()
        if (state.kind !== 'live') leave()
      }
    },
  }
}
