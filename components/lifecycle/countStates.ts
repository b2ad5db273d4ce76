/*
 * countStates: how many seeds are in which state, counted from the very bytes that are drawn.
 * In: mirrors of the layers, each with its own counts. Out: exact counts, with never observed and unknown apart.
 * Invariant: every row is counted once; what was never reported is in no state's count.
 * Source: docs/ux.md "pages: live".
 */
import { isLiveState, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { NEVER_STATE_ID, type LayerMirror } from '../../lib/frames/layerMirror.ts'

export interface StateCounts {
  /** Index = state id. */
  readonly byState: readonly number[]
  readonly unknown: number
  readonly never: number
  readonly live: number
  readonly total: number
  readonly reported: number
}

type Counted = Pick<LayerMirror, 'stateCounts' | 'rows'>

/** Counts states exactly, from the state columns that are drawn. */
export function countStates(mirrors: readonly Counted[]): StateCounts {
  const bins = new Uint32Array(256)
  let total = 0
  for (const mirror of mirrors) {
    for (let id = 0; id < 256; id++) bins[id] = (bins[id] ?? 0) + (mirror.stateCounts[id] ?? 0)
    total += mirror.rows
  }
  const byState = SEED_STATES.map((_, id) => bins[id] ?? 0)
  const known = byState.reduce((sum, count) => sum + count, 0)
  const never = bins[NEVER_STATE_ID] ?? 0
  const live = byState.reduce((sum, count, id) => sum + (isLiveState(SEED_STATES[id] ?? 'DORMANT') ? count : 0), 0)
  return { byState, unknown: total - known - never, never, live, total, reported: total - never }
}
