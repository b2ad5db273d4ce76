/*
 * Start travel: puts together what the past is drawn from: a picture thread of its own, a session on it, a player over the history.
 * In: the live session, the page state. Out: a travel that follows the address and writes it.
 * Invariant: the address always names the moment that stands, and about every two seconds the one that moves; run and moment are absolute.
 * Source: docs/ux.md "time travel"; features B3, B4.
 */
import { atText, parseAt, parseSpeed, type Speed } from '../../lib/live/conductor.ts'
import type { LiveSession } from '../../lib/live/liveSession.ts'
import { createReplayPlayer } from '../../lib/live/replayPlayer.ts'
import { createReplaySession } from '../../lib/live/replaySession.ts'
import { totalSeeds } from '../../lib/live/liveStore.ts'
import { EXACT_MAX_SEEDS } from '../../lib/contracts/socketNames.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import type { PageStore } from '../live/pageStore.ts'
import { createPageThread } from '../live/pageThread.ts'
import { newestRun } from '../live/shownRun.ts'
import type { Travel } from '../live/timeTravel.ts'
import { setPastShown } from '../ops/presentOnly.ts'
import { compareMoment } from './compareMoment.ts'
import { createReplaySource } from './replaySource.ts'

const WRITE_EVERY_MS = 2_000
const PATIENCE_MS = 15_000
const HAND_OVERS = 4
const HAND_OVER_MS = 250

/** Waits until the live session knows the state of the server and the run. */
function untilKnown(live: LiveSession, runId: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    const undo: (() => void)[] = []
    const end = (): void => {
      for (const cancel of undo) cancel()
    }
    const look = (): void => {
      const known = runId ?? newestRun(live.store.log.runs)?.descriptor.run_id ?? null
      if (live.store.status === null || known === null) return
      end()
      resolve(known)
    }
    undo.push(
      live.store.topics.subscribe('status', look),
      live.store.topics.subscribe('runs', look),
      systemClock.after(PATIENCE_MS, () => {
        end()
        reject(new Error('The server did not answer in 15 s, so the moment can not be shown.'))
      }),
    )
    look()
  })
}

/** Reads what the address says of the pace: `4`, `-16`; nothing stands. */
export function readPace(text: string | null): { readonly speed: Speed | null; readonly reverse: boolean } {
  const reverse = text?.startsWith('-') === true
  return { speed: text === null ? null : parseSpeed(reverse ? text.slice(1) : text), reverse }
}

/** Starts a travel to the moment of the address. */
export async function startTravel(live: LiveSession, page: PageStore): Promise<Travel> {
  const runId = await untilKnown(live, page.get().runId)
  if (page.get().runId === null) page.set({ runId })
  const thread = createPageThread()
  const session = createReplaySession(live, thread.pictures)
  const source = createReplaySource({
    descriptorOf: (wanted) => live.store.log.runs.get(wanted)?.descriptor ?? null,
    precisionOf() {
      const run = session.store.run()
      return run !== null && totalSeeds(run) <= EXACT_MAX_SEEDS ? 'exact' : 'cells'
    },
    async compare(state) {
      const columns = session.store.run()?.descriptor.seed_columns ?? []
      const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined
      const digest = subtle ? (bytes: Uint8Array<ArrayBuffer>) => subtle.digest('SHA-256', bytes) : null
      // The worker hands its pictures over a moment after it was given the frames.
      for (let tries = 1; ; tries++) {
        const answer = await compareMoment(state, thread.pictures.live(), columns, digest)
        if (answer.kind !== 'differs' || tries === HAND_OVERS) return answer
        await systemClock.sleep(HAND_OVER_MS)
      }
    },
  })
  const player = createReplayPlayer({ session, source, clock: systemClock })
  /** What this travel wrote last: an address that says the same is not news. */
  let written = ''
  let writtenMs = Number.NEGATIVE_INFINITY

  const wordsOf = (): string => {
    const { runId: run, at, speed } = page.get()
    return `${run} ${at} ${speed}`
  }
  const write = (): void => {
    const { state, atMs, bounds } = player.get()
    if (bounds === null || state.kind === 'live') return
    const moves = state.kind === 'replay'
    const nowMs = systemClock.monotonicMs()
    if (moves && nowMs - writtenMs < WRITE_EVERY_MS) return
    // An address that was given as the id of an entry stays one while the moment stands on it.
    const { at: said } = page.get()
    const at = said !== null && parseAt(said) === Math.round(atMs) ? said : atText(atMs)
    const speed = moves ? `${state.reverse ? '-' : ''}${state.speed}` : null
    if (page.get().at === at && page.get().speed === speed) return
    writtenMs = nowMs
    written = `${page.get().runId} ${at} ${speed}`
    page.set({ at, speed })
  }
  const follow = (): void => {
    if (wordsOf() === written) return
    const { runId: run, at, speed } = page.get()
    const atMs = at === null ? null : parseAt(at)
    if (atMs === null || run === null) return
    written = wordsOf()
    player.enter(run, atMs, readPace(speed))
  }
  thread.start()
  live.setWatching(false)
  setPastShown(true)
  const undo = player.subscribe(write)
  follow()
  return {
    thread,
    session,
    player,
    follow,
    stop() {
      undo()
      player.stop()
      thread.stop()
      live.setWatching(true)
      setPastShown(false)
    },
  }
}
