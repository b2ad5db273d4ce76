/*
 * PlaceAlerts: the alerts of one layer or one seed, on its own page.
 * In: the place. Out: its open alerts, worst first, each leading to its page; a link to what was.
 * Invariant: none is only said after an answer; a seed shows its own alerts and those of its whole layer apart; beside a moment of the
 * past it says that it is of the present.
 * Source: docs/ux.md "pages: layer", "pages: alerts"; features D17.
 */
'use client'
import Link from 'next/link'
import { formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useTickKey } from '../live/useLiveTopic.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { Panel } from '../ui/Panel.tsx'
import { AlertLine } from './AlertLine.tsx'
import { orderAlerts } from './alertOrder.ts'
import { useAlertQuery } from './useAlertQuery.ts'

const ASKED = 200
const SHOWN = 8

export default function PlaceAlerts({
  layerId,
  seedId = null,
}: {
  readonly layerId: string
  readonly seedId?: number | null
}) {
  const { offsetMs } = useOps()
  const { session, live } = useLive()
  const { data, problem } = useAlertQuery(`state=open&layer=${encodeURIComponent(layerId)}&limit=${ASKED}`)
  const nowMs = systemClock.wallMs() + offsetMs
  useTickKey(() => String(Math.floor(systemClock.wallMs() / 1_000)))
  const all = data === null ? [] : orderAlerts('open', data.alerts)
  const mine = seedId === null ? all : all.filter((alert) => alert.seed_id === seedId || alert.seed_id === null)
  const place = seedId === null ? 'this layer' : 'this seed'
  return (
    <Panel
      title="Alerts"
      className="place-alerts"
      hint={[
        session === live ? '' : 'of the present',
        mine.length === 0 ? '' : `${formatCount(mine.length)}${data?.next == null ? '' : ' or more'} open`,
      ]
        .filter(Boolean)
        .join(', ')}
      actions={
        <Link href={`/alerts?tab=history&of=${encodeURIComponent(layerId)}`} prefetch={false}>
          Past ones
        </Link>
      }
      state={problem !== null ? 'error' : data === null ? 'loading' : 'ready'}
      message={problem === null ? '' : `${problem.text} (${problem.code}) Whether anything is wrong here is unknown.`}
    >
      {data !== null && mine.length === 0 && <p className="panel-note t2">No alert of {place} is open.</p>}
      {mine.length > 0 && (
        <ul className="alert-lines">
          {mine.slice(0, SHOWN).map((alert) => (
            <AlertLine key={alert.id} alert={alert} nowMs={nowMs} />
          ))}
          {mine.length > SHOWN && (
            <li>
              <Link href={`/alerts?of=${encodeURIComponent(layerId)}`} prefetch={false} className="alert-link">
                {formatCount(mine.length - SHOWN)} more
              </Link>
            </li>
          )}
        </ul>
      )}
    </Panel>
  )
}
