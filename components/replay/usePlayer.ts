/* usePlayer: renders when something a part of a page shows of the player has changed, never for the moment itself, which moves all the time. */
'use client'
import { useSyncExternalStore } from 'react'
import type { PlayerView, ReplayPlayer } from '../../lib/live/replayPlayer.ts'

const keyOf = ({ state, bounds, waiting, problem, check, gaps }: PlayerView): string => {
  const pace = state.kind === 'fixed' || state.kind === 'replay' ? `${state.speed} ${state.reverse}` : ''
  const end = state.kind === 'fixed' && state.end
  return [
    state.kind,
    pace,
    end,
    bounds?.fromMs,
    bounds?.toMs,
    waiting,
    problem,
    JSON.stringify(check),
    gaps.length,
  ].join(' ')
}

/** Gives the player's view as of the last change that is not only the moment. */
export function usePlayer(player: ReplayPlayer): PlayerView {
  useSyncExternalStore(
    (listener) => player.subscribe(listener),
    () => keyOf(player.get()),
    () => '',
  )
  return player.get()
}
