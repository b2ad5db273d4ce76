/*
 * Bus chip: is the bus up, how much arrives, what was refused; opens the bus panel.
 * In: status, connection. Out: a button of the header and, once pressed, the panel (loaded then).
 * Invariant: without an answer it says unknown; refusals are a calm count, trouble is a colour and a glyph.
 * Source: docs/ux.md "global frame"; features G.
 */
'use client'
import { lazy, Suspense, useCallback } from 'react'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { usePopover } from './usePopover.ts'

const BusPanel = lazy(async () => ({ default: (await import('../bus/BusPanel.tsx')).BusPanel }))

export function BusChip() {
  const { live: session } = useLive()
  useLiveTopic(['status', 'connection'])
  const { box, button, open, setOpen } = usePopover()
  const { status } = session.store
  const connected = session.client.connection.kind === 'live'
  const bus = status?.bus
  const trouble = !connected || (bus !== undefined && bus.state !== 'up')
  const refused = bus?.refused.total ?? 0
  const read = useCallback(() => {
    const now = session.store.status
    if (session.client.connection.kind !== 'live') return 'unknown'
    if (!now) return '?'
    if (now.bus.state !== 'up') return `${now.bus.state} ${formatAge(session.client.serverNowMs() - now.bus.since_ms)}`
    return `up, ${formatCount(Math.round(now.bus.reports_per_s))} reports/s`
  }, [session])
  return (
    <div className={`field bus${trouble ? ' is-trouble' : ''}`} ref={box}>
      <button ref={button} type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="k">Bus, {bus?.driver ?? 'unknown'}</span>
        <b>
          {trouble && <Icon name="broken" size={13} />} <Ticking read={read} />
          {refused > 0 && <span className="t2"> · {formatCount(refused)} refused</span>}
        </b>
      </button>
      {open && (
        <Suspense fallback={<section className="popover">Loading…</section>}>
          <BusPanel />
        </Suspense>
      )}
    </div>
  )
}
