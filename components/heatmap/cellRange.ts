/*
 * cellRange: a rectangle of cells on the map, and the seeds in it.
 * In: two corners, the layout. Out: cells and seeds by layer; the nearest cell to a point.
 * Invariant: a cell stands for all seeds of its bin; what lies beyond the end of a layer is not in the rectangle.
 * Source: docs/ux.md "bulk".
 */
import type { SeedLists } from '../ops/selectionStore.ts'
import { columnsOf, seedRange, type CellPlace, type HeatmapLayout } from './heatmapLayout.ts'

export interface CellRange {
  readonly from: CellPlace
  readonly to: CellPlace
}

/** Orders the corners. */
export function spanOf({ from, to }: CellRange) {
  return {
    layers: [Math.min(from.layer, to.layer), Math.max(from.layer, to.layer)] as const,
    columns: [Math.min(from.column, to.column), Math.max(from.column, to.column)] as const,
  }
}

/** Lists the seeds of a rectangle. */
export function seedsIn(layout: HeatmapLayout, layerIds: readonly string[], range: CellRange): SeedLists {
  const { layers, columns } = spanOf(range)
  const lists: { layerId: string; seedIds: number[] }[] = []
  for (let layer = layers[0]; layer <= layers[1]; layer++) {
    const layerId = layerIds[layer]
    const last = Math.min(columns[1], columnsOf(layout, layer) - 1)
    if (layerId === undefined || last < columns[0]) continue
    const [first] = seedRange(layout, { layer, column: columns[0] })
    const [, end] = seedRange(layout, { layer, column: last })
    lists.push({ layerId, seedIds: Array.from({ length: end - first }, (_, n) => first + n) })
  }
  return lists
}

/** The cell nearest to a point (CSS px inside the canvas): a drag may leave the plot. */
export function nearestCell(layout: HeatmapLayout, x: number, y: number, scrollTop = 0): CellPlace {
  const clamp = (value: number, most: number): number => Math.min(Math.max(0, most), Math.max(0, value))
  const layer = clamp(Math.floor((y - layout.top + scrollTop) / layout.rowHeight), layout.seeds.length - 1)
  return { layer, column: clamp(Math.floor((x - layout.left) / layout.cellWidth), columnsOf(layout, layer) - 1) }
}

/** Stretches of cells of one layer that hold picked seeds; `whole` when every seed of each is picked. */
export interface PickedRun {
  readonly layer: number
  readonly from: number
  readonly to: number
  readonly whole: boolean
}

/** Finds them, joined where they touch. */
export function pickedRuns(layout: HeatmapLayout, layerIds: readonly string[], picked: SeedLists): PickedRun[] {
  const runs: PickedRun[] = []
  for (const { layerId, seedIds } of picked) {
    const layer = layerIds.indexOf(layerId)
    if (layer < 0) continue
    const counts = new Map<number, number>()
    for (const id of seedIds) {
      const column = Math.floor(id / layout.binSize)
      if (id < (layout.seeds[layer] ?? 0)) counts.set(column, (counts.get(column) ?? 0) + 1)
    }
    for (const [column, count] of [...counts].toSorted(([a], [b]) => a - b)) {
      const [first, end] = seedRange(layout, { layer, column })
      const whole = count === end - first
      const last = runs.at(-1)
      if (last?.layer === layer && last.to === column && last.whole === whole)
        runs[runs.length - 1] = { ...last, to: column + 1 }
      else runs.push({ layer, from: column, to: column + 1, whole })
    }
  }
  return runs
}
