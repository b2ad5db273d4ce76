/*
 * replayState: a run at a moment, rebuilt from its record: states, versions, and the checksum beside the one that was taken live.
 * In: a history, a moment. Out: the answer of GET /api/replay.
 * Invariant: the checksum is computed from what comes back from the disk and compared with what was recorded; a difference is told
 * with both sums and what the state was rebuilt from; a layer of which nothing was recorded by then has no checksum, not an empty one.
 * Source: docs/history.md "checksum"; docs/ux.md.
 */
import type { ReplayLayerState, ReplayMoment, ReplayState } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { NEVER_STATE_ID } from '../../lib/frames/layerMirror.ts'
import { createStateChecksum, runChecksum, type TickMoment } from './historyTick.ts'
import type { RunHistory, Stretch } from './runHistory.ts'
import { findTick, tickBytes } from './tickAt.ts'

const whole = (value: number): number | null => (Number.isSafeInteger(value) && value >= 0 ? value : null)
const idOf = ({ entryMs, entrySeq }: TickMoment): string | null =>
  Number.isFinite(entryMs) && Number.isFinite(entrySeq) ? `${entryMs}-${entrySeq}` : null

/** Seeds per state; those that were never observed are in none. */
export function countStates(bytes: Uint8Array): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(SEED_STATES.map((state) => [state, 0]))
  for (const byte of bytes) {
    if (byte === NEVER_STATE_ID) continue
    const name = SEED_STATES[byte] ?? 'UNKNOWN'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function rebuild(stretch: Stretch, at: number, columns: RunDescriptor['seed_columns'], moment: TickMoment): string {
  const sum = createStateChecksum(moment, stretch.rows, columns.length)
  for (const column of columns) sum.add(tickBytes(stretch, at, columns, column.name))
  return sum.end()
}

function layerState(
  history: RunHistory,
  layer: RunDescriptor['layers'][number],
  moment: ReplayMoment,
): { readonly state: ReplayLayerState; readonly moment: TickMoment | null } {
  const columns = history.run.descriptor.seed_columns
  const found = findTick(history.stretches(layer.layer_id), moment)
  const own = found?.stretch.moments()[found.at] ?? null
  if (found === null || own === null)
    return {
      moment: null,
      state: {
        layer_id: layer.layer_id,
        frame_version: null,
        step: null,
        tick: null,
        at_ms: null,
        age_ms: null,
        entry_id: null,
        total_seeds: layer.seeds,
        states: {},
        checksum: null,
        recorded_checksum: null,
        agrees: null,
        problem: null,
      },
    }
  const checksum = rebuild(found.stretch, found.at, columns, own)
  const agrees = checksum === own.checksum
  return {
    moment: own,
    state: {
      layer_id: layer.layer_id,
      frame_version: whole(own.tick),
      step: whole(own.step),
      tick: whole(own.tick),
      at_ms: own.atMs,
      age_ms: Math.max(0, moment.ms - own.atMs),
      entry_id: idOf(own),
      total_seeds: layer.seeds,
      states: countStates(tickBytes(found.stretch, found.at, columns, 'state')),
      checksum,
      recorded_checksum: own.checksum,
      agrees,
      problem: agrees
        ? null
        : `Rebuilt from ${found.stretch.key.startsWith('tail') ? 'the open part' : 'a chunk'} of ${found.stretch.count} ticks (tick ${found.at + 1} of it, ${found.stretch.rows} seeds, ${columns.length} columns): the sum is ${checksum}, live it was ${own.checksum}. Do not rely on this state.`,
    },
  }
}

/** Rebuilds a run at a moment. */
export function stateAt(history: RunHistory, wanted: ReplayMoment | undefined): ReplayState {
  const stretches = history.run.descriptor.layers.flatMap((layer) => history.stretches(layer.layer_id))
  const fromMs = stretches.length === 0 ? null : Math.min(...stretches.map((stretch) => stretch.fromMs))
  const toMs = stretches.length === 0 ? null : Math.max(...stretches.map((stretch) => stretch.toMs))
  const moment = wanted ?? { ms: toMs ?? 0, seq: null }
  const layers = history.run.descriptor.layers.map((layer) => layerState(history, layer, moment))
  const known = layers.filter(({ moment: own }) => own !== null)
  const sumOf = (which: 'checksum' | 'recorded_checksum'): string | null =>
    known.length === 0
      ? null
      : runChecksum(known.map(({ state }) => ({ layerId: state.layer_id, checksum: state[which] ?? '' })))
  const newest = known.map(({ moment: own }) => own!).toSorted((a, b) => b.atMs - a.atMs)[0]
  const [checksum, recorded] = [sumOf('checksum'), sumOf('recorded_checksum')]
  return {
    run_id: history.run.run_id,
    kept: history.run.kept,
    at: new Date(moment.ms).toISOString(),
    at_ms: moment.ms,
    entry_id: newest === undefined ? null : idOf(newest),
    layers: layers.map(({ state }) => state),
    checksum,
    recorded_checksum: recorded,
    agrees: checksum === null ? null : known.every(({ state }) => state.agrees === true),
    gaps: history.gaps().filter((gap) => gap.from_ms <= moment.ms && gap.to_ms >= moment.ms),
    coverage: { from: fromMs, to: toMs },
    descriptor: { ...history.run.descriptor, run_id: history.run.run_id },
  }
}
