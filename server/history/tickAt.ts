/*
 * tickAt: the newest tick at or before a moment, and one column of it.
 * In: stretches of a layer, a moment by time or by entry. Out: a place among them; values or picture bytes of a column there.
 * Invariant: a column that was not recorded is unmeasured, never zero.
 * Source: docs/history.md "reading".
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { Stretch } from './runHistory.ts'

/** The place of the newest tick at or before a moment; null when there is none. */
export function findTick(
  stretches: readonly Stretch[],
  moment: { readonly ms: number; readonly seq: number | null },
): { readonly stretch: Stretch; readonly at: number } | null {
  const { ms, seq } = moment
  // The clocks of bus and server may differ by a little: an entry is looked for one stretch to either side of its time.
  let last = stretches.findLastIndex((stretch) => stretch.fromMs <= ms)
  if (seq !== null) last = Math.min(stretches.length - 1, last + 1)
  for (let index = last; index >= 0; index--) {
    const stretch = stretches[index]!
    const moments = stretch.moments()
    const at = moments.findLastIndex((one) =>
      seq === null ? one.atMs <= ms : one.entryMs < ms || (one.entryMs === ms && one.entrySeq <= seq),
    )
    if (at >= 0) return { stretch, at }
  }
  return null
}

/** A column of one tick as values. */
export function tickValues(stretch: Stretch, at: number, column: MetricColumn): Float32Array {
  const all = stretch.values(column)
  return all === null
    ? new Float32Array(stretch.rows).fill(Number.NaN)
    : all.subarray(at * stretch.rows, (at + 1) * stretch.rows)
}

/** A column of one tick as the bytes of a picture. */
export function tickBytes(stretch: Stretch, at: number, columns: readonly MetricColumn[], name: string): Uint8Array {
  const column = columns[columnIndex(columns, name)]
  const all = column === undefined ? null : stretch.bytes(column)
  return all === null
    ? new Uint8Array(stretch.rows).fill(name === 'state' ? 254 : 255)
    : all.subarray(at * stretch.rows, (at + 1) * stretch.rows)
}
