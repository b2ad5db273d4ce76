/*
 * alphaRows: which seeds were being blended in a window, and how their alpha went.
 * In: histories of alpha, one per layer. Out: a row per seed whose alpha left 0, most lately moved first.
 * Invariant: a moment that was not measured, or a hole between samples, is a break in the line and never a zero.
 * Source: docs/ux.md "pages: run"; seed-design.md 2.3.
 */
import type { LayerHistory } from '../../lib/contracts/httpApi.ts'

export interface AlphaRow {
  readonly layerId: string
  readonly seedId: number
  readonly points: readonly { readonly atMs: number; readonly alpha: number | null }[]
  readonly last: number | null
  /** When alpha changed last; null when it stood still. */
  readonly movedMs: number | null
  /** Whether it is between 0 and 1 now. */
  readonly isBlending: boolean
}

const isUp = (alpha: number | null): boolean => alpha !== null && alpha > 0.001

/** Builds the rows. */
export function alphaRows(histories: readonly LayerHistory[]): readonly AlphaRow[] {
  const rows = histories.flatMap((history) =>
    history.seed_id.flatMap((seedId, row): AlphaRow[] => {
      const values = history.values[row] ?? []
      if (!values.some(isUp)) return []
      const points = history.at_ms.map((atMs, at) => ({ atMs, alpha: values[at] ?? null }))
      const last = values.at(-1) ?? null
      const moved = points.findLastIndex(
        ({ alpha }, at) => at > 0 && alpha !== null && Math.abs(alpha - (values[at - 1] ?? alpha)) > 0.001,
      )
      return [
        {
          layerId: history.layer_id,
          seedId,
          points,
          last,
          movedMs: moved < 0 ? null : points[moved]!.atMs,
          isBlending: last !== null && last > 0.001 && last < 0.999,
        },
      ]
    }),
  )
  return rows.toSorted(
    (a, b) =>
      Number(b.isBlending) - Number(a.isBlending) ||
      (b.movedMs ?? 0) - (a.movedMs ?? 0) ||
      a.layerId.localeCompare(b.layerId, 'en', { numeric: true }) ||
      a.seedId - b.seedId,
  )
}

/** The line of a row as an SVG path in a box; samples further apart than `holeMs` are not joined. */
export function alphaPath(
  row: Pick<AlphaRow, 'points'>,
  box: { readonly fromMs: number; readonly toMs: number; readonly width: number; readonly height: number },
  holeMs: number,
): string {
  const x = (atMs: number): string =>
    (((atMs - box.fromMs) / Math.max(1, box.toMs - box.fromMs)) * box.width).toFixed(1)
  const y = (alpha: number): string => (1 + (1 - alpha) * (box.height - 2)).toFixed(1)
  let path = ''
  let before: number | null = null
  for (const { atMs, alpha } of row.points) {
    if (alpha === null) {
      before = null
      continue
    }
    path += `${before === null || atMs - before > holeMs ? 'M' : 'L'}${x(atMs)} ${y(alpha)}`
    before = atMs
  }
  return path
}
