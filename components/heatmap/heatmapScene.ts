/*
 * Heatmap scene: everything one drawing needs, gathered once per frame from the store.
 * In: mirrors, ages, metric, mode, selection. Out: plain data; nothing here touches a canvas.
 * Invariant: what is drawn, what the tooltip says and what the table twin lists come from the same scene.
 * Source: docs/ux.md "freshness model"; features A2, A4.
 */
import type { Freshness } from '../../lib/contracts/freshness.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { binFarthest, binStates, binWorst } from '../../lib/frames/binning.ts'
import { DELTA_SPAN, deltaCells, differenceOf } from '../../lib/frames/deltaCells.ts'
import { dequantize, quantizeColumn } from '../../lib/frames/quantize.ts'
import { mirrorValue, type LayerMirror } from '../../lib/frames/layerMirror.ts'
import type { SeriesRing } from '../../lib/live/seriesRing.ts'
import type { LayerAge } from '../../lib/live/staleness.ts'
import type { CellPlace } from './heatmapLayout.ts'
import { positionOf } from './positionOf.ts'

export interface SceneLayer {
  readonly layerId: string
  readonly mirror: LayerMirror
  readonly age: LayerAge
  /** Seeds that were heard of longer ago than the layer; the others are as old as it. */
  readonly oldSeeds: ReadonlyMap<number, LayerAge>
  readonly series: SeriesRing | null
}

export interface HeatmapScene {
  readonly layers: readonly SceneLayer[]
  readonly descriptor: RunDescriptor
  readonly metric: MetricColumn
  readonly metricIndex: number
  readonly mode: 'value' | 'state'
  readonly nowMs: number
  readonly cursor: CellPlace | null
  readonly hover: CellPlace | null
  /** What is compared with; null shows values. */
  readonly base: SceneBase | null
}

/** A baseline as plain data, so that a worker can draw with it. A layer that is not in it has no counterpart. */
export interface SceneBase {
  /** Another one has another key. */
  readonly key: string
  readonly layers: ReadonlyMap<string, { readonly cells: Uint8Array; readonly values: Float32Array }>
}

/** The value compared with; NaN without a counterpart. */
export function baseValue(base: SceneBase | null, layerId: string, row: number): number {
  return base?.layers.get(layerId)?.values[row] ?? Number.NaN
}

/** How old one seed's values are. */
export function ageOfSeed(layer: Pick<SceneLayer, 'age' | 'oldSeeds'>, row: number): LayerAge {
  return layer.oldSeeds.get(row) ?? layer.age
}

/** Tells whether values of this age may be drawn as current. */
export function isCurrent(freshness: Freshness): boolean {
  return freshness === 'fresh' || freshness === 'late'
}

/** Reads a seed's metric: exact where the picture has it, else the middle of its byte's step; null = unmeasured. */
export function valueOf(scene: HeatmapScene, layer: SceneLayer, row: number): number | null {
  if (layer.mirror.precision === 'cells') return dequantize(layer.mirror.cells[row] ?? 255, scene.metric)
  const value = mirrorValue(layer.mirror, scene.metricIndex, row)
  return Number.isNaN(value) ? null : value
}

/** Reads another column of a seed by name; null when unmeasured or not in the picture. */
export function columnOf(scene: HeatmapScene, layer: SceneLayer, row: number, name: string): number | null {
  const index = scene.descriptor.seed_columns.findIndex((column) => column.name === name)
  if (index < 0) return null
  const value = mirrorValue(layer.mirror, index, row)
  return Number.isNaN(value) ? null : value
}

let scratch = new Uint8Array(0)

/** Gives the layer's metric as bytes: the picture's own, or quantised now. Valid until the next call. */
export function bytesOf(scene: HeatmapScene, layer: SceneLayer): Uint8Array {
  if (layer.mirror.precision === 'cells') return layer.mirror.cells
  if (scratch.length < layer.mirror.rows) scratch = new Uint8Array(layer.mirror.rows)
  const target = scratch.subarray(0, layer.mirror.rows)
  const column = layer.mirror.columns[scene.metricIndex]
  if (column) quantizeColumn(column, scene.metric, target)
  else target.fill(255)
  return target
}

const oneByte = new Uint8Array(1)
const oneRow = new Uint32Array(1)

/** Finds the seed that a cell of rows `from` to `to` (not included) shows: the worst of them, as it is drawn. */
export function shownRow(scene: HeatmapScene, layer: SceneLayer, from: number, to: number): number {
  if (to - from <= 1) return from
  if (scene.mode === 'state') binStates(layer.mirror.state.subarray(from, to), to - from, oneByte, oneRow)
  else if (scene.base !== null) binFarthest(changesOf(scene, layer).subarray(from, to), to - from, oneByte, oneRow)
  else binWorst(bytesOf(scene, layer).subarray(from, to), to - from, scene.metric.worst, oneByte, oneRow)
  return from + oneRow[0]!
}

let changes = new Uint8Array(0)
const ALONE = new Uint8Array(0)

/** Gives the layer's differences as bytes. Valid until the next call. */
export function changesOf(scene: HeatmapScene, layer: SceneLayer): Uint8Array {
  const { rows } = layer.mirror
  if (changes.length < rows) changes = new Uint8Array(rows)
  const target = changes.subarray(0, rows)
  deltaCells(bytesOf(scene, layer), scene.base?.layers.get(layer.layerId)?.cells ?? ALONE, target)
  return target
}

/** The difference of one seed, as it is said; null without a counterpart. */
export function changeOf(scene: HeatmapScene, layer: SceneLayer, row: number): ReturnType<typeof differenceOf> {
  const now = valueOf(scene, layer, row)
  if (scene.base === null || now === null) return null
  return differenceOf(now, baseValue(scene.base, layer.layerId, row), scene.metric)
}

/** Where the difference of one seed lies on its scale, -1 to 1; null without a counterpart. */
export function changePlace(scene: HeatmapScene, layer: SceneLayer, row: number): number | null {
  const now = valueOf(scene, layer, row)
  const before = baseValue(scene.base, layer.layerId, row)
  if (now === null || Number.isNaN(before)) return null
  const [a, b] = [positionOf(now, scene.metric), positionOf(before, scene.metric)]
  // Equal values are grey, whatever rounding did to their places.
  return now === before ? 0 : Math.min(1, Math.max(-1, (a - b) / DELTA_SPAN))
}

/** Names the blueprint of a seed; null for none, unknown or not in the picture. */
export function blueprintOf(scene: HeatmapScene, layer: SceneLayer, row: number): string | null {
  const index = columnOf(scene, layer, row, 'blueprint')
  if (index === null || index === 0) return null
  return scene.descriptor.blueprints.find((blueprint) => blueprint.index === index)?.blueprint_id ?? null
}

/** Says in a few words what a seed is doing: blueprint, life, and what its state is measured by. */
export function activityText(scene: HeatmapScene, layer: SceneLayer, row: number): string {
  const generation = columnOf(scene, layer, row, 'generation')
  const blueprint = blueprintOf(scene, layer, row)
  const state = layer.mirror.state[row] ?? 255
  const ticks = columnOf(scene, layer, row, 'ticks_in_state')
  const life = [blueprint, generation !== null && generation > 0 ? `g${generation}` : null].filter(Boolean).join(' ')
  const alpha = columnOf(scene, layer, row, 'alpha')
  const detail =
    state === 3 && alpha !== null
      ? `α ${alpha.toFixed(2)}`
      : state >= 1 && state <= 6 && ticks !== null
        ? `tick ${ticks}`
        : state >= 8 && state <= 10 && ticks !== null
          ? `embargo ${ticks}`
          : ''
  if (state === 0 && (generation ?? 0) === 0) return 'never planted'
  return [life, detail].filter((part) => part !== '').join(', ')
}
