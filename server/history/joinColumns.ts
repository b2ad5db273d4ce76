/* joinColumns: the columns of many blocks behind each other, under one list of names. Source: docs/history.md "files". */
import { createNames, makeColumns, NULL_LAYER, type RecordColumns } from './recordIndex.ts'

/** Puts the columns of many blocks of one segment behind each other. */
export function joinColumns(parts: readonly RecordColumns[]): RecordColumns {
  const all = makeColumns(parts.reduce((sum, part) => sum + part.count, 0))
  const layers = createNames<string>()
  const blueprints = createNames<string | null>()
  let start = 0
  for (const part of parts) {
    const layerOf = part.layers.map((name) => layers.placeOf(name))
    const blueprintOf = part.blueprints.map((name) => blueprints.placeOf(name))
    all.atMs.set(part.atMs, start)
    all.seed.set(part.seed, start)
    all.kind.set(part.kind, start)
    all.states.set(part.states, start)
    for (let at = 0; at < part.count; at++) {
      const layer = part.layer[at]!
      all.layer[start + at] = layer >= NULL_LAYER ? layer : layerOf[layer]!
      all.blueprint[start + at] = blueprintOf[part.blueprint[at]!]!
    }
    start += part.count
  }
  return { ...all, layers: layers.list, blueprints: blueprints.list }
}
