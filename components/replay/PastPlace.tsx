/* PastPlace: what a page that shows the past puts in its own place until the moment is there. */
'use client'
import { useLive } from '../live/LiveProvider.tsx'
import type { Travel } from '../live/timeTravel.ts'
import { goLive } from '../live/timeActions.ts'
import { Panel } from '../ui/Panel.tsx'
import { usePlayer } from './usePlayer.ts'

export function PastPlace({ travel }: { readonly travel: Travel }) {
  const { page, live } = useLive()
  const { problem } = usePlayer(travel.player)
  return (
    <Panel
      title="A moment of the past"
      className="past-place"
      state={problem === null ? 'loading' : 'error'}
      message={problem}
      actions={
        <button type="button" onClick={() => goLive({ page, live })}>
          Go live
        </button>
      }
    />
  )
}
