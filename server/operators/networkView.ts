/*
 * networkView: the network as guards look at it: which layer is meant, and of each seed the state, the life, the age of what is known.
 * In: the run book, the clock. Out: consistent copies of layers with readers per seed.
 * Invariant: read from one copy per layer, so that what is compared belongs together; unknown is null and never a state.
 * Source: docs/commands.md "preview"; docs/ux.md "freshness model".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { Freshness } from '../../lib/contracts/freshness.ts'
import { evaluateFreshness } from '../../lib/contracts/freshnessRule.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { readSeedColumns, type LayerReader } from '../state/layerReader.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { createLayerFinder } from '../http/findLayer.ts'

export interface SeedView {
  readonly layerId: string
  readonly seedId: number
  readonly state: SeedState | 'UNKNOWN'
  readonly generation: number | null
  readonly ageMs: number | null
  readonly freshness: Freshness
}

export interface LayerView {
  readonly runId: string
  readonly layerId: string
  readonly rows: number
  readonly freshness: Freshness
  readonly ageMs: number | null
  readonly tick: number | null
  /** Of the run's own guards, by name; empty of a publisher that does not tell. */
  readonly thresholds: Readonly<Record<string, number>>
  readonly run: KnownRun
  seed(seedId: number): SeedView
  metric(name: string, seedId: number): number | null
  /** Mean over measured seeds; null when none is. */
  mean(name: string, except?: ReadonlySet<number>): { readonly value: number | null; readonly seeds: number }
}

export interface NetworkView {
  /** @throws STATE_NOT_FOUND, with `path` */
  layer(layerId: string, runId?: string): LayerView
  /** Layers of one run, the newest of the trainer when none is named. Empty when no run is known. */
  layers(runId?: string): readonly LayerView[]
  /** Names and sizes only: nothing is copied. */
  sizes(): readonly { readonly layerId: string; readonly rows: number }[]
}

const isState = (name: string): name is SeedState => (SEED_STATES as readonly string[]).includes(name)

function thresholdsOf(run: KnownRun): Readonly<Record<string, number>> {
  const guards = run.descriptor.config['guards']
  if (typeof guards !== 'object' || guards === null) return {}
  return Object.fromEntries(
    Object.entries(guards).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  )
}

/** Copies one layer now. */
function viewLayer(run: KnownRun, layer: number, reader: LayerReader, nowMs: number): LayerView {
  const summary = reader.summary(run, layer, { nowMs, lost: 0 })
  const columns = readSeedColumns(run, layer, nowMs)
  const metrics = new Map(columns.metrics)
  const seed = (seedId: number): SeedView => {
    if (seedId >= columns.rows)
      throw new AppError('STATE_NOT_FOUND', `layer ${summary.layer_id} has no seed ${seedId}`, { path: 'seed_id' })
    const name = columns.state(seedId)
    const ageMs = columns.ageMs(seedId)
    const freshness = evaluateFreshness({ ageMs, intervalMs: summary.interval_ms, declaredGone: run.gone })
    const state = isState(name) ? name : 'UNKNOWN'
    return {
      layerId: summary.layer_id,
      seedId,
      state,
      generation: metrics.get('generation')?.(seedId) ?? null,
      ageMs,
      freshness: state === 'UNKNOWN' && ageMs === null ? 'never' : freshness,
    }
  }
  return {
    runId: run.descriptor.run_id,
    layerId: summary.layer_id,
    rows: columns.rows,
    freshness: summary.freshness,
    ageMs: summary.age_ms,
    tick: summary.tick,
    thresholds: thresholdsOf(run),
    run,
    seed,
    metric: (name, seedId) => metrics.get(name)?.(seedId) ?? null,
    mean(name, except) {
      const valueOf = metrics.get(name)
      let sum = 0
      let seeds = 0
      for (let row = 0; row < columns.rows; row++) {
        const value = except?.has(row) === true ? null : (valueOf?.(row) ?? null)
        if (value === null) continue
        sum += value
        seeds++
      }
      return { value: seeds === 0 ? null : sum / seeds, seeds }
    },
  }
}

/** Creates the view. */
export function createNetworkView(sources: {
  readonly runs: RunBook
  readonly reader: LayerReader
  readonly clock: Clock
}): NetworkView {
  const { runs, reader, clock } = sources
  const find = createLayerFinder({
    runs,
    summaryOf: (run, layer) => reader.summary(run, layer, { nowMs: clock.wallMs(), lost: 0 }),
  })
  const newest = (): KnownRun | undefined =>
    runs
      .all()
      .toSorted(
        (a, b) =>
          Number(a.gone) - Number(b.gone) ||
          Number(b.descriptor.origin === 'trainer') - Number(a.descriptor.origin === 'trainer') ||
          b.firstSeenMs - a.firstSeenMs,
      )[0]
  return {
    layer(layerId, runId) {
      const { run, layer } = find(layerId, runId)
      return viewLayer(run, layer, reader, clock.wallMs())
    },
    layers(runId) {
      const run = runId === undefined ? newest() : runs.get(runId)
      if (run === undefined) return []
      const nowMs = clock.wallMs()
      return run.tables.map((_, layer) => viewLayer(run, layer, reader, nowMs))
    },
    sizes: () => newest()?.descriptor.layers.map((layer) => ({ layerId: layer.layer_id, rows: layer.seeds })) ?? [],
  }
}
