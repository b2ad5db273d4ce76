/*
 * The Live page: narrative, heatmap, curve, lifecycle, alerts, events of the shown run.
 * In: the session of the shell. Out: the page.
 * Invariant: a run that trains shows its host's curve; one that does not gives its place to the seeds.
 * Source: docs/ux.md 'pages: live'.
 */
'use client'
import { lazy, Suspense } from 'react'
import type { LiveSession } from '../lib/live/liveSession.ts'
import { HostCurvePanel } from './curve/HostCurvePanel.tsx'
import { EmptyState } from './empty/EmptyState.tsx'
import { EventTicker } from './events/EventTicker.tsx'
import { HeatmapPanel } from './heatmap/HeatmapPanel.tsx'
import { LifecyclePanel } from './lifecycle/LifecyclePanel.tsx'
import { useLayerPageReady } from './live/useLayerPageReady.ts'
import { useLiveValue } from './live/useLiveTopic.ts'
import { NarrativeStrip } from './narrative/NarrativeStrip.tsx'
import { PageMain } from './shell/PageMain.tsx'

// Below what the first picture needs: it comes after it, into a place that is kept for it.
const TopAlerts = lazy(() => import('./alerts/TopAlerts.tsx'))

/** A run that trains has a host to judge; a load generator has none, and its place goes to the seeds. */
function shapeOf({ store }: LiveSession): 'empty' | 'curve' | 'plain' {
  const run = store.run()
  if (run === null) return 'empty'
  return run.descriptor.origin === 'trainer' || run.curve.length > 0 ? 'curve' : 'plain'
}

export function LivePage() {
  // Panels look after themselves: this one renders again only when there are others to show.
  useLayerPageReady()
  const shape = useLiveValue(['runs', 'view', 'records'], shapeOf)
  return (
    <PageMain title="Live">
      {shape === 'empty' ? (
        <EmptyState />
      ) : (
        <div className={shape === 'curve' ? 'live-grid' : 'live-grid no-curve'}>
          <NarrativeStrip />
          <HeatmapPanel />
          {shape === 'curve' && <HostCurvePanel />}
          <LifecyclePanel />
          <Suspense fallback={<section className="panel panel-alerts" aria-busy="true" aria-label="Alerts" />}>
            <TopAlerts />
          </Suspense>
          <EventTicker />
        </div>
      )}
    </PageMain>
  )
}
