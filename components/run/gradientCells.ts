/*
 * gradientCells: the gradient health of every seed as a matrix: rows are seeds, columns are gradient metrics.
 * In: mirrors of the layers, the columns of the run. Out: rows with a value and a verdict per metric, the worst first.
 * Invariant: a metric the run does not have is left out and named, not drawn as unmeasured.
 * Source: docs/ux.md "pages: run".
 */
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { mirrorValue, type LayerMirror } from '../../lib/frames/layerMirror.ts'
import {
  GRADIENT_METRICS,
  judgeGradient,
  medianOf,
  type GradientMetric,
  type GradientVerdict,
  type GradientWord,
} from './gradientWords.ts'

export interface GradientCell extends GradientWord {
  readonly value: number
}
export interface GradientRow {
  readonly layerId: string
  readonly seedId: number
  readonly cells: readonly GradientCell[]
  readonly alarm: number
}
export interface GradientMatrix {
  readonly columns: readonly MetricColumn[]
  readonly rows: readonly GradientRow[]
  readonly missing: readonly string[]
  readonly counts: Readonly<Record<GradientVerdict, number>>
}

const ALARM: Readonly<Record<GradientVerdict, number>> = { exploding: 100, vanishing: 10, weak: 1, fine: 0, unknown: 0 }

/** Builds the matrix from exact pictures; mirrors without columns give no rows. */
export function gradientMatrix(
  mirrors: readonly Pick<LayerMirror, 'rows' | 'columns'>[],
  descriptor: Pick<RunDescriptor, 'layers' | 'seed_columns'>,
): GradientMatrix {
  const known = GRADIENT_METRICS.filter((name) => columnIndex(descriptor.seed_columns, name) >= 0)
  const columns = known.map((name) => descriptor.seed_columns[columnIndex(descriptor.seed_columns, name)]!)
  const counts: Record<GradientVerdict, number> = { exploding: 0, vanishing: 0, weak: 0, fine: 0, unknown: 0 }
  const rows = mirrors.flatMap((mirror, layer) => {
    if (mirror.columns.length === 0) return []
    const at = (name: GradientMetric, row: number): number =>
      mirrorValue(mirror as LayerMirror, columnIndex(descriptor.seed_columns, name), row)
    const medians = known.map((name) => medianOf(Array.from({ length: mirror.rows }, (_, row) => at(name, row))))
    return Array.from({ length: mirror.rows }, (_, row): GradientRow => {
      const cells = known.map((name, column) => {
        const value = at(name, row)
        return { value, ...judgeGradient(name, value, medians[column]!) }
      })
      for (const { verdict } of cells) counts[verdict]++
      return {
        layerId: descriptor.layers[layer]?.layer_id ?? '',
        seedId: row,
        cells,
        alarm: cells.reduce((sum, { verdict }) => sum + ALARM[verdict], 0),
      }
    })
  })
  return { columns, rows, missing: GRADIENT_METRICS.filter((name) => !known.includes(name)), counts }
}
