/*
 * The orders a layer's seeds can be listed in, without a schema library: pages read addresses with them.
 * In: nothing. Out: their names.
 * Invariant: the query of the route accepts these and nothing else.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; features A6.
 */
export const SORT_KEYS = ['seed', 'state', 'value', 'health', 'z', 'ticks', 'delta', 'similar'] as const
export type SortKey = (typeof SORT_KEYS)[number]
