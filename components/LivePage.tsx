/*
 * The Live page: narrative, heatmap, curve, lifecycle, events of the shown run.
 * In: the session of the shell. Out: the page.
 * Invariant: a run that trains shows its host's curve; one that does not gives its place to the seeds.
 * Source: docs/ux.md 'pages: live'.
 */
'use client'
import { HostCurvePanel } from './curve/HostCurvePanel.tsx'
import { EmptyState } from './empty/EmptyState.tsx'
import { EventTicker } from './events/EventTicker.tsx'
import { HeatmapPanel } from './heatmap/HeatmapPanel.tsx'
import { LifecyclePanel } from './lifecycle/LifecyclePanel.tsx'
import { useLive } from './live/LiveProvider.tsx'
import { useLiveTopic } from './live/useLiveTopic.ts'
import { NarrativeStrip } from './narrative/NarrativeStrip.tsx'
import { PageMain } from './shell/PageMain.tsx'

export function LivePage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view', 'status', 'pause'], 100)
  const run = session.store.run()
  // A run that trains has a host to judge; a load generator has none, and its place goes to the seeds.
  const hasCurve = run !== null && (run.descriptor.origin === 'trainer' || run.curve.length > 0)
  return (
    <PageMain title="Live">
      {run === null ? (
        <EmptyState />
      ) : (
        <div className={hasCurve ? 'live-grid' : 'live-grid no-curve'}>
          <NarrativeStrip />
          <HeatmapPanel />
          {hasCurve && <HostCurvePanel />}
          <LifecyclePanel />
          <EventTicker />
        </div>
      )}
    </PageMain>
  )
}
