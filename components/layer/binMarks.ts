/*
 * Bin marks: what happened in a row of many seeds, gathered by cell, so that it can be drawn without hiding what it happened on.
 * In: the marks of a grid. Out: per row and column how many transitions there were, and the state that most needs a look.
 * Invariant: every transition of such a row is in exactly one cell; rows of one seed, commands and faults are none of these.
 * Source: docs/ux.md "pages: layer"; features A3.
 */
import type { LayerGridHead } from '../../lib/contracts/httpLayer.ts'
import { SEED_STATE_ID, STATE_FAMILY } from '../../lib/contracts/lifecycleTable.ts'
import { STATE_ATTENTION } from '../../lib/frames/binning.ts'

export interface BinMark {
  readonly row: number
  readonly column: number
  readonly count: number
  /** A seed was culled or rolled back. */
  readonly isFailure: boolean
}

type Marked = Pick<LayerGridHead, 'marks' | 'from_ms' | 'bucket_ms' | 'columns' | 'pinned' | 'bin_size'>

/** Tells whether a mark stands in a row of many seeds. */
export function isBinned(head: Pick<LayerGridHead, 'bin_size' | 'pinned'>, row: number): boolean {
  return head.bin_size > 1 && row >= head.pinned
}

/** Gathers the transitions of rows of many seeds. */
export function binMarks(head: Marked): readonly BinMark[] {
  const cells = new Map<number, { count: number; attention: number; isFailure: boolean }>()
  for (const mark of head.marks) {
    if (mark.kind !== 'transition' || mark.state === null || mark.row < 0 || !isBinned(head, mark.row)) continue
    const column = Math.floor((mark.at_ms - head.from_ms) / head.bucket_ms)
    if (column < 0 || column >= head.columns) continue
    const at = mark.row * head.columns + column
    const attention = STATE_ATTENTION[SEED_STATE_ID[mark.state]] ?? 0
    const known = cells.get(at) ?? { count: 0, attention: -1, isFailure: false }
    known.count++
    if (attention > known.attention) {
      known.attention = attention
      known.isFailure = STATE_FAMILY[mark.state] === 'failure'
    }
    cells.set(at, known)
  }
  return [...cells].map(([at, { count, isFailure }]) => ({
    row: Math.floor(at / head.columns),
    column: at % head.columns,
    count,
    isFailure,
  }))
}
