/*
 * Builds the heatmap's scene of this moment from the session, for what the page itself says: tooltip, table, words.
 * In: session, mode, places of cursor and pointer. Out: a scene and its facts, or null while there is no run to show.
 * Invariant: the same facts go to whoever draws; live ages never mix with a frozen picture.
 * Source: features A18, B8.
 */
import type { LiveSession } from '../../lib/live/liveSession.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import type { CellPlace } from './heatmapLayout.ts'
import type { HeatmapScene, SceneBase } from './heatmapScene.ts'
import { sceneOf, type AgeFacts, type RunFacts } from './sceneFacts.ts'

/** What is shown: run and metric; null while there is none. */
export function runFacts({ store }: LiveSession): RunFacts | null {
  const run = store.run()
  const { view } = store
  return run && view ? { descriptor: run.descriptor, metric: view.metric, metricIndex: view.metricIndex } : null
}

/** What the last status said of the layers of the shown run; while paused, the last one before that. */
export function ageFacts({ store }: LiveSession): AgeFacts {
  const status = store.pause === null ? store.status : store.pause.status
  const run = store.run()
  const said = new Map(
    status?.layers
      .filter((layer) => layer.run_id === run?.descriptor.run_id)
      .map(({ layer_id, age_ms, interval_ms, freshness, old_seeds }) => [
        layer_id,
        { age_ms, interval_ms, freshness, ...(old_seeds === undefined ? {} : { old_seeds }) },
      ]),
  )
  const summaries = run?.descriptor.layers.map((layer) => said.get(layer.layer_id) ?? null) ?? []
  return { summaries, statusMs: status?.server_ms ?? null }
}

/** Gathers the scene of this moment; null while there is no run to show. While paused, ages are those of the paused moment. */
export function buildScene(
  session: LiveSession,
  page: Pick<PageState, 'mode'>,
  places: { readonly cursor: CellPlace | null; readonly hover: CellPlace | null },
  base: SceneBase | null = null,
): HeatmapScene | null {
  const { store } = session
  const facts = runFacts(session)
  if (!facts) return null
  const { pause } = store
  const nowMs = pause?.atMs ?? session.client.serverNowMs()
  const pictures = { shown: () => store.mirrors(), series: (layer: number) => store.series(layer) }
  return sceneOf({ ...facts, ...ageFacts(session) }, pictures, {
    mode: page.mode,
    nowMs,
    paused: pause !== null,
    base,
    ...places,
  })
}
