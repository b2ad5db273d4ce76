/*
 * replayDwell: how long seeds stayed in each state, and which stay longer than nearly all did.
 * In: a history, a window. Out: the answer of GET /api/replay/dwell.
 * Invariant: a stay counts where it ended, and only when its beginning is known: transitions of as much time before the window are read for
 * it; a seed whose stay began before all that is known is at least as old as that.
 * Source: docs/history.md "stays"; docs/ux.md "lifecycle river".
 */
import type { ReplayDwell, ReplayLanesQuery } from '../../lib/contracts/httpLanes.ts'
import { RECORD_KINDS, REPLAY_LIMITS } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { recordColumnsIn } from './recordColumns.ts'
import { CRITICAL_BIT, type RecordColumns } from './recordIndex.ts'
import { layersOf, stretchOf } from './replayLanes.ts'
import type { RunHistory } from './runHistory.ts'
import { findTick, tickBytes } from './tickAt.ts'

/** From half a second to about nine hours, each twice the one before. */
export const DWELL_BOUNDS_MS: readonly number[] = Array.from({ length: 17 }, (_, at) => 500 * 2 ** at)
const MOST_BEFORE_MS = 6 * 3_600_000
const TRANSITION = RECORD_KINDS.indexOf('transition')

interface Stay {
  readonly layerId: string
  readonly seedId: number
  readonly forMs: number
}

/** The least value that a share of them does not exceed; null of none. */
function percentile(sorted: Float64Array, share: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!
}

const knownSince = (beganMs: number | undefined, knownMs: number): number =>
  beganMs === undefined || beganMs !== beganMs ? knownMs : beganMs

/** Stays that ended in a window, by state; and since when each seed is what it is, NaN where no transition says. */
function staysIn(
  { count, kind, layer, seed, atMs, states, layers }: RecordColumns,
  fromMs: number,
  asked: readonly { readonly layer_id: string; readonly seeds: number }[],
): { readonly ended: ReadonlyMap<string, readonly number[]>; readonly since: ReadonlyMap<string, Float64Array> } {
  const since = new Map(asked.map(({ layer_id: id, seeds }) => [id, new Float64Array(seeds).fill(Number.NaN)]))
  const ofPlace = layers.map((name) => since.get(name))
  const ended = SEED_STATES.map((): number[] => [])
  for (let at = 0; at < count; at++) {
    if ((kind[at]! & ~CRITICAL_BIT) !== TRANSITION) continue
    const own = ofPlace[layer[at]!]
    const seedId = seed[at]!
    if (own === undefined || seedId >= own.length) continue
    const began = own[seedId]!
    if (began === began && atMs[at]! >= fromMs) ended[states[at]! >> 4]!.push(atMs[at]! - began)
    own[seedId] = atMs[at]!
  }
  return { ended: new Map(SEED_STATES.map((state, id) => [state, ended[id]!])), since }
}

/** Makes the answer of GET /api/replay/dwell. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function dwellOf(history: RunHistory, query: ReplayLanesQuery): ReplayDwell {
  const { fromMs, toMs } = stretchOf(history, query)
  const layers = layersOf(history, query.layer)
  const knownMs = fromMs - Math.min(MOST_BEFORE_MS, toMs - fromMs)
  const { ended, since } = staysIn(recordColumnsIn([history], knownMs, toMs), fromMs, layers)
  const inside = new Map<string, Stay[]>()
  const columns = history.run.descriptor.seed_columns
  for (const { layer_id: layerId, seeds } of layers) {
    const began = since.get(layerId)
    const found = findTick(history.stretches(layerId), { ms: toMs, seq: null })
    if (found === null) continue
    const bytes = tickBytes(found.stretch, found.at, columns, 'state')
    for (let seedId = 0; seedId < seeds; seedId++) {
      const state = SEED_STATES[bytes[seedId] ?? 255]
      if (state === undefined) continue
      const list = inside.get(state) ?? []
      list.push({ layerId, seedId, forMs: toMs - knownSince(began?.[seedId], knownMs) })
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
      // Of numbers alone the sort is quick: there may be a million.
      const stays = Float64Array.from(ended.get(state) ?? []).sort()
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
