/*
 * ReplayConductor: the footer while a moment of the past is shown: step, play, speed, direction, the strip, the moment, its checksum, the way back.
 * In: the travel. Out: the 44 px footer in amber.
 * Invariant: words say FIXED or REPLAY and which moment; events served and taken are counted; a checksum that differs is never hidden.
 * Source: docs/ux.md "time travel"; features B1, B2, B3.
 */
'use client'
import { useCallback } from 'react'
import { parseSpeed, SPEEDS } from '../../lib/live/conductor.ts'
import { formatAge, formatCount, formatLocal, formatUtc } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { actOnTime, type TimeAction } from '../live/timeActions.ts'
import type { Travel } from '../live/timeTravel.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { Icon } from '../ui/Icon.tsx'
import { CheckChip } from './CheckChip.tsx'
import { TimeStrip } from './TimeStrip.tsx'
import { usePlayer } from './usePlayer.ts'

export function ReplayConductor({ travel }: { readonly travel: Travel }) {
  const { time, page, live } = useLive()
  const { say } = useShell()
  const { player } = travel
  const view = usePlayer(player)
  const { state, problem, waiting } = view
  const act = (action: TimeAction): void => actOnTime(action, { time, page, live, say })
  const readTime = useCallback(() => {
    const { atMs } = player.get()
    const day = new Date(atMs).toISOString().slice(0, 10)
    return `${day} ${formatUtc(atMs)}.${String(Math.floor(atMs % 1_000)).padStart(3, '0')} UTC`
  }, [player])
  const readAgo = useCallback(() => {
    const { atMs } = player.get()
    return `${formatAge(live.client.serverNowMs() - atMs)} ago, local ${formatLocal(atMs)}`
  }, [player, live])
  const readCounts = useCallback(() => {
    const { served, taken, state: now } = player.get()
    if (served === 0 && now.kind === 'fixed') return ''
    const missing = served - taken
    return `${formatCount(taken)} of ${formatCount(served)} events${missing === 0 ? '' : `, ${formatCount(missing)} MISSING`}`
  }, [player])
  const moves = state.kind === 'replay'
  const pace = state.kind === 'fixed' || moves ? state : null
  const word = moves ? `REPLAY ${state.reverse ? '−' : ''}${state.speed}×` : view.bounds === null ? 'FETCHING' : 'FIXED'
  return (
    <footer className="conductor is-replay" aria-label="Time">
      <button
        type="button"
        className="live-toggle"
        aria-pressed={moves}
        title="Play or stand (Space)"
        onClick={() => act('pause')}
      >
        <Icon name={moves ? 'pause' : 'play'} size={14} />
        <b>{word}</b>
      </button>
      <span className="replay-steps">
        <button
          type="button"
          className="icon-button"
          aria-label="Event before"
          title="Event before (,)"
          onClick={() => act('event-back')}
        >
          <Icon name="back" size={12} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Event after"
          title="Event after (.)"
          onClick={() => act('event-on')}
        >
          <Icon name="play" size={12} />
        </button>
      </span>
      <select
        aria-label="Speed"
        title="Speed (< and >)"
        value={String(pace?.speed ?? 1)}
        onChange={(event) => {
          const speed = parseSpeed(event.target.value)
          if (speed !== null) player.act({ kind: 'speed', speed })
        }}
      >
        {SPEEDS.map((speed) => (
          <option key={speed} value={String(speed)}>
            {speed}×
          </option>
        ))}
      </select>
      <button
        type="button"
        className="wide quiet"
        aria-pressed={pace?.reverse ?? false}
        title="Backwards (r)"
        onClick={() => act('reverse')}
      >
        Backwards
      </button>
      <TimeStrip player={player} label="Moment shown" />
      <span className="replay-facts">
        {problem !== null ? (
          <output className="tone-warn">{problem}</output>
        ) : (
          <>
            <CheckChip check={view.check} />
            <Ticking className="t2 wide" read={readCounts} />
            {waiting && <span className="t2">fetching</span>}
            {state.kind === 'fixed' && state.end && <span className="t2 wide">end of the record</span>}
          </>
        )}
      </span>
      <span className="times">
        <Ticking className="strong" read={readTime} />
        <Ticking className="t2 wide" read={readAgo} />
      </span>
      <button type="button" className="go-live" title="Back to the present (n)" onClick={() => act('go-live')}>
        Go live
      </button>
    </footer>
  )
}
