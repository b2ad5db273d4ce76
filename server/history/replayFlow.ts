/*
 * replayFlow: how many seeds were in each state over a window, and which transitions led there.
 * In: a history, a window, a number of bins. Out: the answer of GET /api/replay/flow.
 * Invariant: counts change by transitions and by nothing else; the first transition of a seed says what it was before, the recorded
 * state where it had none; a seed that changed between two transitions is counted as a break, and the flow is then not exact.
 * Source: docs/history.md "flow"; docs/ux.md.
 */
import { RECORD_KINDS, REPLAY_LIMITS, type ReplayFlow, type ReplayFlowQuery } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { recordColumnsIn } from './recordColumns.ts'
import { CRITICAL_BIT, fromState, toState } from './recordIndex.ts'
import { layersOf, stretchOf, type Stretch } from './replayLanes.ts'
import type { RunHistory } from './runHistory.ts'
import { findTick, tickBytes } from './tickAt.ts'

type SeedOf = ReplayFlow['transitions'][number]['seeds'][number]

/** Of a seed whose state is not known. */
const UNKNOWN = 255
const TRANSITION = RECORD_KINDS.indexOf('transition')

interface FlowLayer {
  readonly layer_id: string
  readonly seeds: number
}

/** What each seed was at the beginning: as recorded, until its first transition says better. */
function statesAt(history: RunHistory, fromMs: number, layers: readonly FlowLayer[]): Uint8Array[] {
  const columns = history.run.descriptor.seed_columns
  return layers.map(({ layer_id: layerId, seeds }) => {
    const stretches = history.stretches(layerId)
    // Before the first report the first report itself is the nearest that is known.
    const found =
      findTick(stretches, { ms: fromMs, seq: null }) ??
      (stretches[0] === undefined ? null : { stretch: stretches[0], at: 0 })
    const states = new Uint8Array(seeds).fill(UNKNOWN)
    if (found === null) return states
    const bytes = tickBytes(found.stretch, found.at, columns, 'state')
    for (let seed = 0; seed < seeds; seed++)
      if ((bytes[seed] ?? UNKNOWN) < SEED_STATES.length) states[seed] = bytes[seed]!
    return states
  })
}

/** Transitions of a window in columns: places of layers are those of `layers`. */
function transitionsIn(history: RunHistory, { fromMs, toMs }: Stretch, layers: readonly FlowLayer[]) {
  const records = recordColumnsIn([history], fromMs, toMs)
  const places = records.layers.map((name) => layers.findIndex((layer) => layer.layer_id === name))
  const order = new Uint32Array(records.count)
  const layerOf = new Int32Array(records.count)
  let count = 0
  for (let at = 0; at < records.count; at++) {
    if ((records.kind[at]! & ~CRITICAL_BIT) !== TRANSITION) continue
    const layer = places[records.layer[at]!] ?? -1
    // Without a layer of this run no seed is known to have changed; it is counted where no layer is asked for.
    layerOf[count] = layer
    order[count++] = at
  }
  return { records, order, layerOf, count }
}

/** Makes the answer of GET /api/replay/flow. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function flowOf(history: RunHistory, query: ReplayFlowQuery): ReplayFlow {
  const stretch = stretchOf(history, query)
  const { fromMs, toMs } = stretch
  const layers = layersOf(history, query.layer)
  const { records, order, layerOf, count } = transitionsIn(history, stretch, layers)
  const { atMs, seed, states: edges, blueprint, blueprints } = records

  const states = statesAt(history, fromMs, layers)
  const seen = layers.map((layer) => new Uint8Array(layer.seeds))
  let of = 0
  for (let at = 0; at < count; at++) {
    const layer = layerOf[at]!
    if (layer < 0 && query.layer !== undefined) continue
    of++
    const seedId = seed[order[at]!]!
    if (layer < 0 || seedId >= states[layer]!.length || seen[layer]![seedId] === 1) continue
    seen[layer]![seedId] = 1
    states[layer]![seedId] = edges[order[at]!]! >> 4
  }
  const now = new Int32Array(UNKNOWN + 1)
  for (const own of states) for (const state of own) now[state]!++

  const { bins } = query
  const binMs = Math.max(1, (toMs - fromMs) / bins)
  const times = Array.from({ length: bins }, (_, bin) => fromMs + (bin + 1) * binMs)
  const counts: Record<string, number[]> = Object.fromEntries(SEED_STATES.map((state) => [state, []]))
  const groups = new Map<
    number,
    { n: number; readonly edge: number; readonly blueprint: number; readonly seeds: SeedOf[] }
  >()
  let [next, breaks] = [0, 0]
  const apply = (at: number): void => {
    const layer = layerOf[at]!
    const record = order[at]!
    const seedId = seed[record]!
    if (layer < 0 || seedId >= states[layer]!.length) return
    const edge = edges[record]!
    const before = states[layer]![seedId]!
    if (before !== edge >> 4) breaks++
    now[before]!--
    now[edge & 0x0f]!++
    states[layer]![seedId] = edge & 0x0f
    const key = edge * 0x10000 + blueprint[record]!
    let group = groups.get(key)
    if (group === undefined) groups.set(key, (group = { n: 0, edge, blueprint: blueprint[record]!, seeds: [] }))
    group.n++
    if (group.seeds.length < REPLAY_LIMITS.seeds)
      group.seeds.push({ layer_id: layers[layer]!.layer_id, seed_id: seedId })
  }
  times.forEach((endMs, bin) => {
    const last = bin === bins - 1
    for (; next < count && (last || atMs[order[next]!]! < endMs); next++) apply(next)
    SEED_STATES.forEach((state, id) => counts[state]!.push(now[id]!))
  })
  return {
    run_id: history.run.run_id,
    layer_id: query.layer ?? null,
    from_ms: fromMs,
    to_ms: toMs,
    river: { t_ms: times, counts },
    transitions: [...groups.values()]
      .map(({ n, edge, blueprint: place, seeds }) => ({
        from: fromState(edge),
        to: toState(edge),
        n,
        blueprint: blueprints[place] ?? null,
        seeds,
      }))
      .toSorted((a, b) => b.n - a.n),
    of,
    exact: breaks === 0,
    breaks,
  }
}
