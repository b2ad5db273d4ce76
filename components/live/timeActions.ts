/*
 * Time actions: what the keys of the conductor do: step, jump, turn, change speed, go live; from the present the first step back goes to the past.
 * In: an action, the time travel, the page. Out: acts on the player, or another address; a sentence where nothing can be done.
 * Invariant: keys, buttons and palette do the same through this one function; nothing here touches the live stream but pause and go-live.
 * Source: docs/ux.md "time travel"; features B2, B8.
 */
import { atText, nextSpeed } from '../../lib/live/conductor.ts'
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { ReplayPlayer } from '../../lib/live/replayPlayer.ts'
import type { PageStore } from './pageStore.ts'
import type { TimeTravel } from './timeTravel.ts'

export type TimeAction =
  | 'pause'
  | 'go-live'
  | 'event-back'
  | 'event-on'
  | 'tick-back'
  | 'tick-on'
  | 'jump-back'
  | 'jump-on'
  | 'slower'
  | 'faster'
  | 'reverse'

const JUMP_MS = 10_000
const FIRST_STEP_MS: Partial<Record<TimeAction, number>> = { 'tick-back': 1_000, 'jump-back': JUMP_MS }

interface Present {
  readonly page: PageStore
  readonly live: LiveSession
}

/** Goes to a moment of the run that is shown. */
export function goToMoment({ page, live }: Present, atMs: number): void {
  const runId = page.get().runId ?? live.store.view?.runId ?? null
  page.set({ runId, at: atText(atMs), speed: null })
}

/** Back to the present. */
export function goLive({ page, live }: Present): void {
  page.set({ at: null, speed: null })
  live.setPaused(false)
}

/** Does one action of the conductor. */
export function actOnTime(
  action: TimeAction,
  parts: Present & { readonly time: TimeTravel; readonly say: (text: string) => void },
): void {
  if (action === 'go-live') return goLive(parts)
  const now = parts.time.get()
  const text = now.kind === 'past' ? actInPast(action, now.travel.player) : actInPresent(action, parts)
  if (text !== null) parts.say(text)
}

function actInPast(action: Exclude<TimeAction, 'go-live'>, player: ReplayPlayer): string | null {
  const { state } = player.get()
  if (state.kind !== 'fixed' && state.kind !== 'replay') return null
  switch (action) {
    case 'pause':
      player.act({ kind: state.kind === 'replay' ? 'stand' : 'play' })
      return null
    case 'event-back':
    case 'event-on':
      player.stepEvent(action === 'event-back')
      return null
    case 'tick-back':
    case 'tick-on':
      player.stepTick(action === 'tick-back')
      return null
    case 'jump-back':
    case 'jump-on':
      player.act({ kind: 'shift', byMs: action === 'jump-back' ? -JUMP_MS : JUMP_MS })
      return null
    case 'slower':
    case 'faster': {
      const speed = nextSpeed(state.speed, action === 'faster' ? 1 : -1)
      player.act({ kind: 'speed', speed })
      return `Speed ${speed}×`
    }
    case 'reverse':
      player.act({ kind: 'reverse' })
      return state.reverse ? 'Forwards' : 'Backwards'
  }
}

function actInPresent(action: Exclude<TimeAction, 'go-live'>, parts: Present): string | null {
  const { store, client } = parts.live
  if (action === 'pause') {
    parts.live.setPaused(store.pause === null)
    return null
  }
  const atMs = store.pause?.atMs ?? client.serverNowMs()
  const last = store.events().findLast((record) => record.at_ms < atMs - 1)
  if (action === 'event-back' && !last) return 'No event is known before this moment.'
  const backMs = FIRST_STEP_MS[action]
  if (action === 'event-back' && last) goToMoment(parts, last.at_ms)
  else if (backMs !== undefined) goToMoment(parts, atMs - backMs)
  else return 'This is the present: step back to look at the past.'
  return null
}
