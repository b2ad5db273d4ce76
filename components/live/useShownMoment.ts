/*
 * useShownMoment: the moment a page asks the server about: none while it shows the present, where it was paused, or the one of the past.
 * In: the session that is drawn, the time of this tab. Out: Unix ms on the server's clock, or null.
 * Invariant: a moment that moves is asked about once for about a second of watching, whatever its speed; one that stands is exact.
 * Source: docs/ux.md "time travel"; docs/history.md "reading".
 */
'use client'
import type { ConductorState } from '../../lib/live/conductor.ts'
import { useLive, useTime } from './LiveProvider.tsx'
import { useLiveTopic } from './useLiveTopic.ts'

const ASK_EVERY_MS = 1_000
const LOOK_EVERY_MS = 100

/** Brings a moment that moves to the last one that is asked about; one that stands is the one that is wanted, to the millisecond. */
export function askedMoment(shownMs: number, state: ConductorState): number {
  if (state.kind === 'fixed') return Math.round(state.atMs)
  const stepMs = ASK_EVERY_MS * (state.kind === 'replay' ? Math.max(1, state.speed) : 1)
  return Math.floor(shownMs / stepMs) * stepMs
}

export interface ShownMoment {
  /** Null: the present goes on. */
  readonly atMs: number | null
  /** It is one of the past: told from the record. */
  readonly isPast: boolean
}

/** Tells the moment; renders when it has become another. */
export function useShownMoment(): ShownMoment {
  const { session, live } = useLive()
  const time = useTime()
  useLiveTopic(['pause'], LOOK_EVERY_MS)
  const { pause } = session.store
  if (session === live || time.kind !== 'past')
    return { atMs: pause === null ? null : Math.round(pause.atMs), isPast: false }
  const { state, atMs } = time.travel.player.get()
  return { atMs: askedMoment(atMs, state), isPast: true }
}
