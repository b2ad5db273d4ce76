/*
 * replayDwell: how long seeds stayed in each state, and which stay longer than nearly all did.
 * In: a history, a window. Out: the answer of GET /api/replay/dwell.
 * Invariant: a stay counts where it ended, and only when its beginning is known: transitions of as much time before the window are read for
 * it; a seed whose stay began before all that is known is at least as old as that.
 * Source: docs/history.md "stays"; docs/ux.md "lifecycle river".
 */
import type { ReplayDwell, ReplayLanesQuery } from '../../lib/contracts/httpLanes.ts'
import { REPLAY_LIMITS } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { recordsIn } from './replayEvents.ts'
import { layersOf, stretchOf } from './replayLanes.ts'
import { findTick, tickBytes, type RunHistory } from './runHistory.ts'

/** From half a second to about nine hours, each twice the one before. */
export const DWELL_BOUNDS_MS: readonly number[] = Array.from({ length: 17 }, (_, at) => 500 * 2 ** at)
const MOST_BEFORE_MS = 6 * 3_600_000

interface Stay {
  readonly layerId: string
  readonly seedId: number
  readonly forMs: number
}

/** The least value that a share of them does not exceed; null of none. */
function percentile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!
}

/** Makes the answer of GET /api/replay/dwell. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function dwellOf(history: RunHistory, query: ReplayLanesQuery): ReplayDwell {
  const { fromMs, toMs } = stretchOf(history, query)
  const layers = layersOf(history, query.layer)
  const knownMs = fromMs - Math.min(MOST_BEFORE_MS, toMs - fromMs)
  const ended = new Map<string, number[]>()
  /** Since when each seed is what it is. */
  const since = new Map<string, number>()
  for (const { record } of recordsIn([history], knownMs, toMs)) {
    if (record.kind !== 'transition' || (query.layer !== undefined && record.layer_id !== query.layer)) continue
    const key = `${record.layer_id} ${record.seed_id}`
    const began = since.get(key)
    if (began !== undefined && record.at_ms >= fromMs) {
      const stays = ended.get(record.from_state) ?? []
      stays.push(record.at_ms - began)
      ended.set(record.from_state, stays)
    }
    since.set(key, record.at_ms)
  }
  const inside = new Map<string, Stay[]>()
  const columns = history.run.descriptor.seed_columns
  for (const { layer_id: layerId, seeds } of layers) {
    const found = findTick(history.stretches(layerId), { ms: toMs, seq: null })
    if (found === null) continue
    const bytes = tickBytes(found.stretch, found.at, columns, 'state')
    for (let seedId = 0; seedId < seeds; seedId++) {
      const state = SEED_STATES[bytes[seedId] ?? 255]
      if (state === undefined) continue
      const list = inside.get(state) ?? []
      list.push({ layerId, seedId, forMs: toMs - (since.get(`${layerId} ${seedId}`) ?? knownMs) })
      inside.set(state, list)
    }
  }
  return {
    run_id: history.run.run_id,
    layer_id: query.layer ?? null,
    from_ms: fromMs,
    to_ms: toMs,
    bounds_ms: [...DWELL_BOUNDS_MS],
    states: SEED_STATES.map((state) => {
      const stays = (ended.get(state) ?? []).toSorted((a, b) => a - b)
      const p95 = percentile(stays, 0.95)
      const here = inside.get(state) ?? []
      const stuck = p95 === null ? [] : here.filter((stay) => stay.forMs > p95).toSorted((a, b) => b.forMs - a.forMs)
      const classes = Array.from({ length: DWELL_BOUNDS_MS.length + 1 }, () => 0)
      for (const ms of stays) {
        const at = DWELL_BOUNDS_MS.findIndex((bound) => ms <= bound)
        classes[at < 0 ? DWELL_BOUNDS_MS.length : at]!++
      }
      return {
        state,
        ended: stays.length,
        classes,
        p50_ms: percentile(stays, 0.5),
        p95_ms: p95,
        longest_ms: stays.at(-1) ?? null,
        inside: here.length,
        stuck: stuck.length,
        seeds: stuck
          .slice(0, REPLAY_LIMITS.seeds)
          .map(({ layerId, seedId, forMs }) => ({ layer_id: layerId, seed_id: seedId, for_ms: forMs })),
      }
    }),
  }
}
