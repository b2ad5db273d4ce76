import { isLiveState, SEED_STATES } from '../../lib/contracts/lifecycle.ts'
import { NEVER_STATE_ID, type LayerMirror } from '../../lib/frames/viewFrame.ts'

export interface StateCounts {
  /** Index = state id. */
  readonly byState: readonly number[]
  readonly unknown: number
  readonly never: number
  readonly live: number
  readonly total: number
  readonly reported: number
}

/** Counts states exactly, from the state columns that are drawn. */
export function countStates(mirrors: readonly Pick<LayerMirror, 'state' | 'rows'>[]): StateCounts {
  const bins = new Uint32Array(256)
  let total = 0
  for (const { state, rows } of mirrors) {
    for (let row = 0; row < rows; row++) {
      const id = state[row] ?? 255
      bins[id] = (bins[id] ?? 0) + 1
    }
    total += rows
  }
  const byState = SEED_STATES.map((_, id) => bins[id] ?? 0)
  const known = byState.reduce((sum, count) => sum + count, 0)
  const never = bins[NEVER_STATE_ID] ?? 0
  const live = byState.reduce((sum, count, id) => sum + (isLiveState(SEED_STATES[id] ?? 'DORMANT') ? count : 0), 0)
  return { byState, unknown: total - known - never, never, live, total, reported: total - never }
}
