/*
 * layerRows: the seeds of a layer as rows of a table: one metric, sorted, with how unusual each value is.
 * In: the columns of a layer's answer. Out: rows; the robust score of each.
 * Invariant: unmeasured sorts last in both directions; a score is null where too few are measured or all agree.
 * Source: features A6, A17.
 */
import type { LayerDetail } from '../../lib/contracts/httpApi.ts'

/** Fewer siblings than this say nothing about what is usual. */
const MIN_SIBLINGS = 8
/** Makes the median absolute deviation comparable with a standard deviation. */
const TO_SIGMA = 0.6745

export type SortKey = 'seed' | 'value' | 'z' | 'state' | 'ticks'

export interface LayerRow {
  readonly seedId: number
  readonly state: LayerDetail['seeds']['state'][number]
  readonly value: number | null
  readonly z: number | null
  readonly ticks: number | null
  readonly generation: number | null
  readonly ageMs: number | null
}

const medianOf = (sorted: readonly number[]): number => {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Robust z of every value: 0.6745 (value - median) / MAD over those that are measured. */
export function robustScores(values: readonly (number | null)[]): readonly (number | null)[] {
  const measured = values.filter((value) => value !== null).toSorted((a, b) => a - b)
  if (measured.length < MIN_SIBLINGS) return values.map(() => null)
  const median = medianOf(measured)
  const mad = medianOf(measured.map((value) => Math.abs(value - median)).toSorted((a, b) => a - b))
  if (mad === 0) return values.map(() => null)
  return values.map((value) => (value === null ? null : (TO_SIGMA * (value - median)) / mad))
}

/** Makes the rows of one metric in the order of the columns. */
export function toRows(detail: LayerDetail, metric: string): readonly LayerRow[] {
  const { seeds } = detail
  const column = (name: string): readonly (number | null)[] => seeds.metrics[name] ?? []
  const values = seeds.seed_id.map((_, at) => column(metric)[at] ?? null)
  const scores = robustScores(values)
  return seeds.seed_id.map((seedId, at) => ({
    seedId,
    state: seeds.state[at] ?? 'UNKNOWN',
    value: values[at] ?? null,
    z: scores[at] ?? null,
    ticks: column('ticks_in_state')[at] ?? null,
    generation: column('generation')[at] ?? null,
    ageMs: seeds.age_ms[at] ?? null,
  }))
}

/** Sorts a copy; what is unmeasured comes last whichever way, and equal rows keep the order of their ids. */
export function sortRows(rows: readonly LayerRow[], key: SortKey, descending: boolean): readonly LayerRow[] {
  const valueOf = (row: LayerRow): number | string | null =>
    key === 'seed' ? row.seedId : key === 'state' ? row.state : row[key]
  return rows.toSorted((a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)]
    if (x === null || y === null) return x === y ? a.seedId - b.seedId : x === null ? 1 : -1
    const order = typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y)
    return order === 0 ? a.seedId - b.seedId : descending ? -order : order
  })
}
