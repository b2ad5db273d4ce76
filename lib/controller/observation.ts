/*
 * What the controller sees and what it wants: observations built from the wire's own columns, and decisions.
 * In: seed and layer columns of one tick per layer. Out: Observation, Decision, column readers.
 * Invariant: nothing reaches the policy that did not travel on the wire; NaN stays "unmeasured" and never becomes 0.
 * Source: seed-design.md 2.2, 2.3; docs/training.md "policy".
 */
import { LAYER_COLUMNS, SEED_COLUMNS, type MetricColumn } from '../contracts/metrics.ts'
import { columnIndex } from '../contracts/columnIndex.ts'
import type { SeedState } from '../contracts/lifecycle.ts'
import { SEED_STATES } from '../contracts/lifecycleTable.ts'

/** One layer at one tick. `seedColumns` is [column][row], `layerColumns` is [column]; borrowed, read during decide only. */
export interface LayerObservation {
  readonly layerId: string
  readonly seeds: number
  readonly seedColumns: Float32Array
  readonly layerColumns: Float32Array
}

/** What became of an earlier decision; optional, the policy also learns it from the columns. */
export interface DecisionOutcome {
  readonly key: string
  readonly applied: boolean
}

export interface Observation {
  readonly step: number
  readonly tick: number
  /** Halted trainers get no decisions. */
  readonly halted: boolean
  readonly layers: readonly LayerObservation[]
  readonly outcomes: readonly DecisionOutcome[]
}

/** Becomes a LifecycleTransitionCommand; `expect` travels with it as compare-and-set. */
export interface Decision {
  /** Names the intent (layer/seed/generation/from>to): the same intent always has the same key. */
  readonly key: string
  readonly layerId: string
  readonly seedId: number
  readonly targetState: SeedState
  readonly expect: { readonly fromState: SeedState; readonly generation: number }
  readonly reason: string
  readonly blueprintId?: string
  readonly graftingStrategy?: string
}

/** Reads seed columns by name from a [column][row] array laid out by `columns`. */
export interface SeedReader {
  get(name: string, seed: number): number
  state(seed: number): SeedState | null
}

/** Creates a reader over one layer; a column the table does not carry reads as NaN. */
export function createSeedReader(layer: LayerObservation, columns: readonly MetricColumn[] = SEED_COLUMNS): SeedReader {
  const get = (name: string, seed: number): number => {
    const column = columnIndex(columns, name)
    return column < 0 ? NaN : (layer.seedColumns[column * layer.seeds + seed] ?? NaN)
  }
  return { get, state: (seed) => SEED_STATES[get('state', seed)] ?? null }
}

/** Reads one layer column by name; NaN when it is missing or unmeasured. */
export function readLayerColumn(
  layer: LayerObservation,
  name: string,
  columns: readonly MetricColumn[] = LAYER_COLUMNS,
): number {
  const column = columnIndex(columns, name)
  return column < 0 ? NaN : (layer.layerColumns[column] ?? NaN)
}
