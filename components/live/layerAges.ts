/*
 * Layer ages: how old every layer of the shown run is, evaluated once for all who ask within one moment.
 * In: the session, its clock. Out: an age per layer, in the order of the run.
 * Invariant: an answer is given again only while status, run and pictures are those it was made of, and for a moment nobody can tell apart.
 * Source: docs/ux.md "freshness model"; docs/performance.md "live page".
 */
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { evaluateLayerAge, type LayerAge } from '../../lib/live/staleness.ts'

/** Half a dozen parts of a page ask in the same tick. */
const SAME_MOMENT_MS = 20

interface Kept {
  readonly run: RunView
  readonly status: LiveStatus | null
  readonly frames: number
  readonly nowMs: number
  readonly ages: readonly LayerAge[]
}
const kept = new WeakMap<LiveSession, Kept>()

/** Evaluates every layer of the shown run on the server's clock: now, or at the moment the view was paused. */
export function layerAges(session: LiveSession, nowMs = session.client.serverNowMs()): readonly LayerAge[] {
  const { store } = session
  const run = store.run()
  if (!run) return []
  const { status, framesApplied: frames } = store
  const known = kept.get(session)
  const isSame =
    known !== undefined && known.run.descriptor === run.descriptor && known.status === status && known.frames === frames
  if (isSame && Math.abs(nowMs - known.nowMs) < SAME_MOMENT_MS) return known.ages
  const summaries = new Map(
    status?.layers.filter((layer) => layer.run_id === run.descriptor.run_id).map((l) => [l.layer_id, l]),
  )
  const ages = run.descriptor.layers.map((layer, index) =>
    evaluateLayerAge({
      layerId: layer.layer_id,
      summary: summaries.get(layer.layer_id) ?? null,
      statusMs: status?.server_ms ?? null,
      frameIngestMs: store.ingestMs(index),
      nowMs,
    }),
  )
  kept.set(session, { run, status, frames, nowMs, ages })
  return ages
}
