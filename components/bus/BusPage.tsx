/*
 * BusPage: the bus as an operator wants it: connection, losses, streams, refusals, gaps.
 * In: GET /api/bus every two seconds while the tab is visible. Out: panels.
 * Invariant: the last good answer stays below a failure and says how old it is; unknown is never zero.
 * Source: docs/bus.md; docs/ux.md "freshness model".
 */
'use client'
import { useCallback } from 'react'
import type { BusReport } from '../../lib/contracts/httpApi.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { VitalsPanel } from '../vitals/VitalsPanel.tsx'
import { ConnectionPanel, LossesPanel } from './BusFacts.tsx'
import { GapsPanel } from './GapsPanel.tsx'
import { GroupsPanel } from './GroupsPanel.tsx'
import { RefusedPanel } from './RefusedPanel.tsx'
import { StreamsPanel } from './StreamsPanel.tsx'

const ASK_EVERY_MS = 2_000

export function BusPage() {
  const { data, problem, atMs } = useApi<BusReport>('/api/bus', { everyMs: ASK_EVERY_MS })
  const readAge = useCallback(() => (atMs === null ? '' : `${formatAge(systemClock.wallMs() - atMs)} ago`), [atMs])
  const failure = problem === null ? null : `${problem.text} (${problem.code})`
  return (
    <PageMain title="Bus" ownHeading>
      <div className="bus-head">
        <h1>Bus</h1>
        {data !== null && (
          <span className="t3">
            answer of <Ticking read={readAge} />
          </span>
        )}
      </div>
      {failure !== null && data !== null && (
        <p className="panel-note tone-warn bus-stale">
          <Icon name="warning" />{' '}
          <span>
            <output>{failure}</output> The answer of <Ticking read={readAge} /> stays. Asking again.
          </span>
        </p>
      )}
      <div className={data !== null && failure !== null ? 'page-grid bus-grid old' : 'page-grid bus-grid'}>
        {data === null ? (
          failure === null ? (
            <>
              <Panel title="Connection" state="loading" />
              <Panel title="Losses and oddities" state="loading" />
              <Panel className="bus-wide bus-streams" title="Streams" state="loading" />
            </>
          ) : (
            <Panel
              className="bus-wide bus-streams"
              title="Nothing is known of the bus"
              state="error"
              message={`${failure} Asking again.`}
            />
          )
        ) : (
          <>
            <ConnectionPanel report={data} />
            <LossesPanel report={data} />
            <StreamsPanel report={data} />
            <GroupsPanel report={data} />
            <RefusedPanel report={data} />
          </>
        )}
        <GapsPanel />
        <VitalsPanel className="bus-wide" />
      </div>
    </PageMain>
  )
}
