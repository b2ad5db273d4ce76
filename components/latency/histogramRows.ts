/*
 * histogramRows: the counts of one stage as a stepped outline, plain or cumulative, and as the rows of its table.
 * In: sparse buckets, bounds. Out: one point per bucket and a last one that closes the outline; rows that counted.
 * Invariant: pure; cumulative ends at n; an empty bucket is there with 0 counts, because it was looked at.
 * Source: docs/ux.md "pages: latency"; features C1.
 */
import type { LatencyStageReport } from '../../lib/contracts/httpLatency.ts'

export interface OutlinePoint {
  /** Place on the axis of buckets: the lower end of the bucket. */
  readonly at: number
  readonly count: number
}

/** Makes the outline; `share` true for the cumulative share of n, 0 to 1. */
export function outlineOf(
  { n, buckets }: Pick<LatencyStageReport, 'n' | 'buckets'>,
  size: number,
  cumulative: boolean,
): readonly OutlinePoint[] {
  const counts = new Map(buckets)
  let seen = 0
  const points: OutlinePoint[] = []
  for (let at = 0; at < size; at++) {
    const count = counts.get(at) ?? 0
    seen += count
    points.push({ at, count: cumulative ? (n === 0 ? 0 : seen / n) : count })
  }
  return [...points, { at: size, count: cumulative ? points.at(-1)!.count : 0 }]
}

export interface BucketRow {
  readonly bucket: number
  readonly count: number
  /** Share of n at or below this bucket. */
  readonly upTo: number
}

/** Lists the buckets that counted, fastest first. */
export function bucketRows({ n, buckets }: Pick<LatencyStageReport, 'n' | 'buckets'>): readonly BucketRow[] {
  let seen = 0
  return buckets.map(([bucket, count]) => {
    seen += count
    return { bucket, count, upTo: n === 0 ? 0 : seen / n }
  })
}
