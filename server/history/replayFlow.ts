/*
 * replayFlow: how many seeds were in each state over a window, and which transitions led there.
 * In: a history, a window, a number of bins. Out: the answer of GET /api/replay/flow.
 * Invariant: counts change by transitions and by nothing else; the first transition of a seed says what it was before, the recorded
 * state where it had none; a seed that changed between two transitions is counted as a break, and the flow is then not exact.
 * Source: docs/history.md "flow"; docs/ux.md.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { REPLAY_LIMITS, type ReplayFlow, type ReplayFlowQuery } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import type { LiveRecord } from '../../lib/contracts/liveRecords.ts'
import { spanOf } from './historyLibrary.ts'
import { recordsIn } from './replayEvents.ts'
import { findTick, tickBytes, type RunHistory } from './runHistory.ts'

type Transition = Extract<LiveRecord, { kind: 'transition' }>
type StateName = Transition['from_state']

/** What each seed was at the beginning: as recorded, until its first transition says better. */
function statesAt(history: RunHistory, fromMs: number, layers: readonly { layer_id: string; seeds: number }[]) {
  const columns = history.run.descriptor.seed_columns
  return new Map(
    layers.map(({ layer_id: layerId, seeds }): [string, (StateName | null)[]] => {
      const stretches = history.stretches(layerId)
      // Before the first report the first report itself is the nearest that is known.
      const found =
        findTick(stretches, { ms: fromMs, seq: null }) ??
        (stretches[0] === undefined ? null : { stretch: stretches[0], at: 0 })
      const bytes =
        found === null ? new Uint8Array(seeds).fill(254) : tickBytes(found.stretch, found.at, columns, 'state')
      return [layerId, Array.from({ length: seeds }, (_, seed) => SEED_STATES[bytes[seed] ?? 254] ?? null)]
    }),
  )
}

/** Makes the answer of GET /api/replay/flow. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function flowOf(history: RunHistory, query: ReplayFlowQuery): ReplayFlow {
  const span = spanOf(history)
  const fromMs = query.from?.ms ?? span?.fromMs ?? 0
  const toMs = query.to?.ms ?? span?.toMs ?? fromMs
  if (toMs < fromMs) throw new AppError('CONTRACT_INVALID', 'to lies before from', { path: 'to' })
  const layers = history.run.descriptor.layers.filter(
    (layer) => query.layer === undefined || layer.layer_id === query.layer,
  )
  if (layers.length === 0) throw new AppError('STATE_NOT_FOUND', 'this layer is not known', { path: 'layer' })
  const transitions: Transition[] = []
  for (const { record } of recordsIn([history], fromMs, toMs))
    if (record.kind === 'transition' && (query.layer === undefined || record.layer_id === query.layer))
      transitions.push(record)

  const states = statesAt(history, fromMs, layers)
  const seen = new Set<string>()
  for (const { layer_id: layerId, seed_id: seedId, from_state: from } of transitions) {
    const key = `${layerId} ${seedId}`
    if (seen.has(key)) continue
    seen.add(key)
    const own = states.get(layerId)
    if (own !== undefined && seedId < own.length) own[seedId] = from
  }
  const now = new Map<string, number>(SEED_STATES.map((state) => [state, 0]))
  for (const own of states.values()) for (const state of own) if (state !== null) now.set(state, now.get(state)! + 1)

  const { bins } = query
  const binMs = Math.max(1, (toMs - fromMs) / bins)
  const times = Array.from({ length: bins }, (_, bin) => fromMs + (bin + 1) * binMs)
  const counts: Record<string, number[]> = Object.fromEntries(SEED_STATES.map((state) => [state, []]))
  const groups = new Map<string, ReplayFlow['transitions'][number]>()
  let [at, breaks] = [0, 0]
  const apply = (one: Transition): void => {
    const own = states.get(one.layer_id)
    const before = own?.[one.seed_id]
    if (own === undefined || before === undefined) return
    if (before !== one.from_state) breaks++
    if (before !== null) now.set(before, now.get(before)! - 1)
    now.set(one.to_state, now.get(one.to_state)! + 1)
    own[one.seed_id] = one.to_state
    const key = `${one.from_state} ${one.to_state} ${one.blueprint_id ?? ''}`
    const group = groups.get(key) ?? {
      from: one.from_state,
      to: one.to_state,
      n: 0,
      blueprint: one.blueprint_id,
      seeds: [],
    }
    group.n++
    if (group.seeds.length < REPLAY_LIMITS.seeds) group.seeds.push({ layer_id: one.layer_id, seed_id: one.seed_id })
    groups.set(key, group)
  }
  times.forEach((endMs, bin) => {
    const last = bin === bins - 1
    for (; at < transitions.length && (last || transitions[at]!.at_ms < endMs); at++) apply(transitions[at]!)
    for (const state of SEED_STATES) counts[state]!.push(now.get(state)!)
  })
  return {
    run_id: history.run.run_id,
    layer_id: query.layer ?? null,
    from_ms: fromMs,
    to_ms: toMs,
    river: { t_ms: times, counts },
    transitions: [...groups.values()].toSorted((a, b) => b.n - a.n),
    of: transitions.length,
    exact: breaks === 0,
    breaks,
  }
}
