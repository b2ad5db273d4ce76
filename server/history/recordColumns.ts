/*
 * recordColumns: the records of a window as columns in the order of time, of all segments together.
 * In: the history of a run, and that of the server beside it; a window. Out: one set of columns with names for layers and blueprints.
 * Invariant: the order is that of recordsIn: by time, then by file, block and place; every record of the window is there once.
 * Source: docs/history.md "reading".
 */
import { createNames, makeColumns, NULL_LAYER, type RecordColumns } from './recordIndex.ts'
import type { RunHistory } from './runHistory.ts'

/** Most records lie in the order of time already: then nothing is moved. */
function sorted(columns: RecordColumns): RecordColumns {
  const { atMs, count } = columns
  let inOrder = true
  for (let at = 1; at < count && inOrder; at++) inOrder = atMs[at - 1]! <= atMs[at]!
  if (inOrder) return columns
  // The sort of arrays is stable, and quick on what is nearly sorted.
  const order = Array.from({ length: count }, (_, at) => at).sort((a, b) => atMs[a]! - atMs[b]!)
  const { layers, blueprints } = columns
  const target = makeColumns(count)
  order.forEach((from, at) => {
    target.atMs[at] = columns.atMs[from]!
    target.seed[at] = columns.seed[from]!
    target.layer[at] = columns.layer[from]!
    target.blueprint[at] = columns.blueprint[from]!
    target.kind[at] = columns.kind[from]!
    target.states[at] = columns.states[from]!
  })
  return { ...target, layers, blueprints }
}

/** Every record of [fromMs, toMs]. */
export function recordColumnsIn(histories: readonly RunHistory[], fromMs: number, toMs: number): RecordColumns {
  const parts = histories.flatMap((history) => history.recordColumns(fromMs, toMs))
  const all = makeColumns(parts.reduce((sum, part) => sum + part.count, 0))
  const layers = createNames<string>()
  const blueprints = createNames<string | null>()
  let end = 0
  for (const part of parts) {
    const layerOf = part.layers.map((name) => layers.placeOf(name))
    const blueprintOf = part.blueprints.map((name) => blueprints.placeOf(name))
    for (let at = 0; at < part.count; at++) {
      const atMs = part.atMs[at]!
      if (atMs < fromMs || atMs > toMs) continue
      const layer = part.layer[at]!
      all.atMs[end] = atMs
      all.seed[end] = part.seed[at]!
      all.layer[end] = layer >= NULL_LAYER ? layer : layerOf[layer]!
      all.blueprint[end] = blueprintOf[part.blueprint[at]!] ?? 0
      all.kind[end] = part.kind[at]!
      all.states[end] = part.states[at]!
      end++
    }
  }
  return sorted({
    count: end,
    atMs: all.atMs.subarray(0, end),
    seed: all.seed.subarray(0, end),
    layer: all.layer.subarray(0, end),
    blueprint: all.blueprint.subarray(0, end),
    kind: all.kind.subarray(0, end),
    states: all.states.subarray(0, end),
    layers: layers.list,
    blueprints: blueprints.list,
  })
}
