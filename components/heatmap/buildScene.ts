/*
 * Builds the heatmap's scene of this moment from the store.
 * In: session, mode, places of cursor and pointer. Out: a scene, or null while there is no run to show.
 * Invariant: while paused, picture and ages are those of the paused moment; live ages never mix with a frozen picture.
 * Source: features A18, B8.
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import { evaluateLayerAge } from '../../lib/live/staleness.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import { layerAges } from '../live/layerAges.ts'
import type { CellPlace } from './heatmapLayout.ts'
import type { HeatmapScene } from './heatmapScene.ts'

/** Gathers the scene of this moment; null while there is no run to show. While paused, ages are those of the paused moment. */
export function buildScene(
  session: LiveSession,
  page: Pick<PageState, 'mode'>,
  places: { readonly cursor: CellPlace | null; readonly hover: CellPlace | null },
): HeatmapScene | null {
  const { store } = session
  const run = store.run()
  const { view, pause } = store
  const mirrors = store.mirrors()
  if (!run || !view || mirrors.length !== run.descriptor.layers.length) return null
  const ages = layerAges(session)
  const nowMs = pause?.atMs ?? session.client.serverNowMs()
  return {
    layers: run.descriptor.layers.flatMap((layer, index) => {
      const mirror = mirrors[index]
      const live = ages[index]
      if (!mirror || !live) return []
      const age = pause
        ? evaluateLayerAge({
            layerId: layer.layer_id,
            summary: { age_ms: null, interval_ms: live.intervalMs, freshness: 'fresh' },
            statusMs: null,
            frameIngestMs: mirror.frame > 0 ? mirror.ingestMs : null,
            nowMs,
          })
        : live
      return [{ layerId: layer.layer_id, mirror, age, series: store.series(index) }]
    }),
    descriptor: run.descriptor,
    metric: view.metric,
    metricIndex: view.metricIndex,
    mode: page.mode,
    nowMs,
    ...places,
  }
}
