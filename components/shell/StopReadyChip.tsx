/*
 * Stop-ready chip: how many layers an emergency stop would reach now, and how long the slowest of them takes.
 * In: status, connection. Out: two short lines in the header.
 * Invariant: what was not probed is unknown, never zero and never ready; less than all of them is trouble with a glyph, not a colour alone.
 * Source: docs/emergency-stop.md "stop ready"; docs/ux.md "global frame".
 */
'use client'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { stopReadyWords } from './stopReadyWords.ts'

export function StopReadyChip() {
  const { live: session } = useLive()
  useLiveTopic(['status', 'connection'], 1_000)
  const connected = session.client.connection.kind === 'live'
  const { text, title, isTrouble } = stopReadyWords(connected ? session.store.status : null)
  return (
    <div className={`field stop-ready wide${isTrouble ? ' is-trouble' : ''}`} title={title}>
      <span className="k">Stop ready</span>
      <b>
        {isTrouble && <Icon name="broken" size={13} />} {text}
      </b>
    </div>
  )
}
