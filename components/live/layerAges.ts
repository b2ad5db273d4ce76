import type { LiveSession } from '../../lib/live/liveSession.ts'
import { evaluateLayerAge, type LayerAge } from '../../lib/live/staleness.ts'

/** Evaluates every layer of the shown run on the server's clock: now, or at the moment the view was paused. */
export function layerAges(session: LiveSession, nowMs = session.client.serverNowMs()): readonly LayerAge[] {
  const { store } = session
  const run = store.run()
  if (!run) return []
  const summaries = new Map(
    store.status?.layers.filter((layer) => layer.run_id === run.descriptor.run_id).map((l) => [l.layer_id, l]),
  )
  return run.descriptor.layers.map((layer, index) =>
    evaluateLayerAge({
      layerId: layer.layer_id,
      summary: summaries.get(layer.layer_id) ?? null,
      statusMs: store.status?.server_ms ?? null,
      frameIngestMs: store.ingestMs(index),
      nowMs,
    }),
  )
}
