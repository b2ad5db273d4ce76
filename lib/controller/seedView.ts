/*
 * SeedView: one seed as the policy sees it, read once per observation from the wire's columns.
 * In: Observation. Out: SeedView list in layer and row order.
 * Invariant: the order is fixed, so equal observations give equal decisions.
 * Source: docs/training.md "policy".
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import { createSeedReader, type Observation } from './observation.ts'

export interface SeedView {
  readonly key: string
  readonly layerId: string
  readonly seedId: number
  readonly state: SeedState | null
  readonly ticks: number
  readonly generation: number
  readonly blueprintIndex: number
  readonly alpha: number
  readonly reconstruction: number
  readonly shadowGain: number
  readonly contribution: number
  readonly totalImprovement: number
  readonly stability: number
  readonly deadRatio: number
  readonly demand: number
  readonly rank: number
}

/** Reads every seed of the observation. */
export function readSeeds(observation: Observation): SeedView[] {
  return observation.layers.flatMap((layer) => {
    const reader = createSeedReader(layer)
    return Array.from({ length: layer.seeds }, (_, row): SeedView => ({
      key: `${layer.layerId}/${row}`,
      layerId: layer.layerId,
      seedId: row,
      state: reader.state(row),
      ticks: reader.get('ticks_in_state', row),
      generation: reader.get('generation', row),
      blueprintIndex: reader.get('blueprint', row),
      alpha: reader.get('alpha', row),
      reconstruction: reader.get('reconstruction_loss', row),
      shadowGain: reader.get('shadow_gain', row),
      contribution: reader.get('performance_delta', row),
      totalImprovement: reader.get('total_improvement', row),
      stability: reader.get('stability_score', row),
      deadRatio: reader.get('dead_node_ratio', row),
      demand: reader.get('demand_grad_norm', row),
      rank: reader.get('effective_rank', row),
    }))
  })
}
