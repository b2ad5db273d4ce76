/* countBytes: how the quantised values of some seeds are spread: what a tooltip draws as a small histogram. */
import { UNMEASURED_CELL } from '../../lib/frames/quantize.ts'

/** Counts values per equal class of the byte range, and those unmeasured. */
export function countBytes(
  source: Uint8Array,
  from: number,
  to: number,
  classes: number,
): { readonly counts: readonly number[]; readonly unmeasured: number } {
  const counts = Array.from({ length: classes }, () => 0)
  let unmeasured = 0
  for (let index = from; index < to; index++) {
    const byte = source[index] ?? UNMEASURED_CELL
    if (byte === UNMEASURED_CELL) unmeasured += 1
    else {
      const place = Math.min(classes - 1, Math.floor((byte / 255) * classes))
      counts[place] = (counts[place] ?? 0) + 1
    }
  }
  return { counts, unmeasured }
}
