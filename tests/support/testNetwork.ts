/*
 * testNetwork: a network of a few layers that a test sets by hand, seen as guards see the real one.
 * In: seeds with state, life, age and metrics. Out: NetworkView.
 * Invariant: keeps the contract of server/operators/networkView.ts, errors included.
 * Source: docs/commands.md "preview".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { evaluateFreshness } from '../../lib/contracts/freshnessRule.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import type { LayerView, NetworkView, SeedView } from '../../server/operators/networkView.ts'

export interface TestSeed {
  state: SeedState | 'UNKNOWN'
  generation: number | null
  metrics: Record<string, number | null>
}

export interface TestLayer {
  ageMs: number | null
  tick: number
  thresholds: Record<string, number>
  seeds: TestSeed[]
}

export interface TestNetwork extends NetworkView {
  readonly of: Record<string, TestLayer>
}

export const dormant = (count: number): TestSeed[] =>
  Array.from({ length: count }, () => ({ state: 'DORMANT', generation: 0, metrics: { health_score: 0.9 } }))

export function createTestNetwork(layers: Record<string, TestSeed[]>): TestNetwork {
  const of = Object.fromEntries(
    Object.entries(layers).map(([id, seeds]) => [id, { ageMs: 100, tick: 1, thresholds: {}, seeds } as TestLayer]),
  )
  const freshnessOf = (ageMs: number | null) => evaluateFreshness({ ageMs, intervalMs: 250 })
  const view = (layerId: string): LayerView => {
    const layer = of[layerId]
    if (layer === undefined) throw new AppError('STATE_NOT_FOUND', 'this layer is not known', { path: 'layer' })
    // A copy, as the real view is: what is set afterwards does not change it.
    const seeds = layer.seeds.map((seed) => ({ ...seed, metrics: { ...seed.metrics } }))
    const { ageMs, tick } = layer
    const find = (seedId: number): TestSeed => {
      const seed = seeds[seedId]
      if (seed === undefined) throw new AppError('STATE_NOT_FOUND', `no seed ${seedId}`, { path: 'seed_id' })
      return seed
    }
    return {
      runId: 'run-1',
      layerId,
      rows: seeds.length,
      freshness: freshnessOf(ageMs),
      ageMs,
      tick,
      thresholds: layer.thresholds,
      run: { descriptor: { blueprints: [{ blueprint_id: 'mlp', index: 3 }] } } as unknown as LayerView['run'],
      seed: (seedId): SeedView => {
        const { state, generation } = find(seedId)
        return { layerId, seedId, state, generation, ageMs, freshness: freshnessOf(ageMs) }
      },
      metric: (name, seedId) => find(seedId).metrics[name] ?? null,
      mean(name, except) {
        const values = seeds.flatMap((seed, row) => (except?.has(row) === true ? [] : (seed.metrics[name] ?? [])))
        return {
          value: values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length,
          seeds: values.length,
        }
      },
    }
  }
  return {
    of,
    layer: view,
    layers: () => Object.keys(of).map(view),
    sizes: () => Object.entries(of).map(([layerId, layer]) => ({ layerId, rows: layer.seeds.length })),
  }
}
