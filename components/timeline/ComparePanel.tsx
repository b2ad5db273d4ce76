/*
 * ComparePanel: the moment that is shown beside the present, seed by seed, drawn by the same code on both sides.
 * In: the travel and the live session. Out: two heatmaps with their words; the difference is one key away on the Live page.
 * Invariant: each side says which moment it is; the present is drawn from the live session and nothing else.
 * Source: docs/ux.md "pages: timeline".
 */
'use client'
import { useCallback, useEffect } from 'react'
import { formatUtc } from '../../lib/live/formatValue.ts'
import { HeatmapCanvas } from '../heatmap/HeatmapCanvas.tsx'
import { PresentOnly, useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'

const onLayout = (): void => undefined

export function ComparePanel() {
  const { session, live } = useLive()
  useLiveTopic(['view', 'runs'], 250)
  const view = session.store.view
  const [runId, metric] = [view?.runId ?? null, view?.metric.name ?? null]
  const known = runId !== null && live.store.log.runs.has(runId)
  useEffect(() => {
    if (runId === null || metric === null || !known) return undefined
    live.show(runId, metric)
    // Behind the past the live picture rests; here it is looked at.
    live.setWatching(true)
    return () => live.setWatching(false)
  }, [live, runId, metric, known])
  const readThen = useCallback(() => `${formatUtc(session.client.serverNowMs())} UTC`, [session])
  const readNow = useCallback(() => `${formatUtc(live.client.serverNowMs())} UTC`, [live])
  return (
    <div className="compare-moments">
      <section aria-label="Then">
        <h3>
          Then, <Ticking read={readThen} />
        </h3>
        <div className="compare-picture">
          <HeatmapCanvas large={false} onLayout={onLayout} base={null} />
        </div>
      </section>
      <section aria-label="Now">
        <h3>
          Now, <Ticking read={readNow} />
        </h3>
        <div className="compare-picture">
          {known ? (
            <PresentOnly>
              <HeatmapCanvas large={false} onLayout={onLayout} base={null} />
            </PresentOnly>
          ) : (
            <p className="panel-note t2">This run reports no more: there is no present of it to compare with.</p>
          )}
        </div>
      </section>
    </div>
  )
}
