/*
 * The blueprint table: six recipes of small trainable modules, chunk (plus layer or layer input) -> chunk.
 * In: a blueprint id and chunk sizes. Out: shapes, parameter counts, parsing of outside ids.
 * Invariant: the index of a blueprint on the wire never changes; 0 means none.
 * Source: docs/training.md "blueprints"; seed-design.md 2.3.
 */
import type { BlueprintId } from './trainerTypes.ts'

export interface Blueprint {
  readonly id: BlueprintId
  readonly index: number
  readonly note: string
  /** The module's output is added to its chunk; otherwise it replaces the chunk. */
  readonly residual: boolean
  readonly source: 'chunk' | 'layer' | 'input'
  readonly kind: 'scale_shift' | 'linear' | 'relu' | 'gated'
  hiddenUnits(chunkUnits: number): number
}

const blueprint = (
  id: BlueprintId,
  index: number,
  shape: Pick<Blueprint, 'residual' | 'source' | 'kind' | 'hiddenUnits'>,
  note: string,
): Blueprint => Object.freeze({ id, index, note, ...shape })

/** Lists the recipes in wire order. `low_rank` can not reconstruct its chunk: it fails by its own mathematics. */
export const BLUEPRINTS: readonly Blueprint[] = Object.freeze([
  blueprint(
    'affine',
    1,
    { residual: true, source: 'chunk', kind: 'scale_shift', hiddenUnits: () => 0 },
    'Scale and shift per unit.',
  ),
  blueprint(
    'low_rank',
    2,
    { residual: false, source: 'chunk', kind: 'linear', hiddenUnits: () => 1 },
    'Rank-1 linear re-map that replaces the chunk.',
  ),
  blueprint(
    'mlp',
    3,
    { residual: false, source: 'chunk', kind: 'relu', hiddenUnits: (c) => 4 * c },
    'Small MLP that replaces the chunk.',
  ),
  blueprint(
    'residual_mlp',
    4,
    { residual: true, source: 'layer', kind: 'relu', hiddenUnits: (c) => Math.max(16, 4 * c) },
    'MLP over the whole layer, added to the chunk.',
  ),
  blueprint(
    'gated',
    5,
    { residual: true, source: 'layer', kind: 'gated', hiddenUnits: (c) => Math.max(8, 2 * c) },
    'Value times sigmoid gate over the whole layer, added to the chunk.',
  ),
  blueprint(
    'bypass_mlp',
    6,
    { residual: true, source: 'input', kind: 'relu', hiddenUnits: (c) => Math.max(24, 4 * c) },
    'MLP from the layer input, added to the chunk.',
  ),
])

/** Finds a blueprint by an outside id; null when it is not in the table. */
export function findBlueprint(id: string): Blueprint | null {
  return BLUEPRINTS.find((entry) => entry.id === id) ?? null
}

/** Sizes of the first dense part of a module: inputs, hidden units, and hidden outputs (twice the units when gated). */
export function moduleShape(
  entry: Blueprint,
  chunkUnits: number,
  layerUnits: number,
  layerInputs: number,
): { inputs: number; hidden: number; hiddenOutputs: number } {
  const inputs = entry.source === 'chunk' ? chunkUnits : entry.source === 'layer' ? layerUnits : layerInputs
  const hidden = entry.hiddenUnits(chunkUnits)
  return { inputs, hidden, hiddenOutputs: entry.kind === 'gated' ? 2 * hidden : hidden }
}

/** Counts the trainable numbers of a module at a place with these sizes. */
export function parameterCount(entry: Blueprint, chunkUnits: number, layerUnits: number, layerInputs: number): number {
  if (entry.kind === 'scale_shift') return 2 * chunkUnits
  const { inputs, hidden, hiddenOutputs } = moduleShape(entry, chunkUnits, layerUnits, layerInputs)
  return inputs * hiddenOutputs + hiddenOutputs + hidden * chunkUnits + chunkUnits
}
