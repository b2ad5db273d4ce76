/*
 * schemaId: one number that ties a columnar frame to the RunDescriptor that explains its layers and columns.
 * In: layers and column tables in wire order. Out: unsigned 32 bits.
 * Invariant: the same tables give the same number in every process; a renamed, moved or resized table gives another.
 * Source: docs/protocol.md "frames".
 */
import { stableHash } from '../primitives/stableHash.ts'

/** Hashes layer ids, their seed counts and the column names in order. Units and display ranges do not count. */
export function schemaIdOf(
  layers: readonly { readonly layer_id: string; readonly seeds: number }[],
  seedColumns: readonly { readonly name: string }[],
  layerColumns: readonly { readonly name: string }[],
): number {
  // Tab and newline can not occur in an id or a column name, so no two tables give the same text.
  const text = [
    layers.map((layer) => `${layer.layer_id}\t${layer.seeds}`).join('\t'),
    seedColumns.map((column) => column.name).join('\t'),
    layerColumns.map((column) => column.name).join('\t'),
  ].join('\n')
  return stableHash(text)
}
