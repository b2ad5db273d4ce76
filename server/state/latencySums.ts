/*
 * latencySums: what a latency report is made of, added up in one pass over the slices, with places to pause in it.
 * In: slices, a filter, the stage that is looked at over time, the objective's windows. Out: tallies and rows of means.
 * Invariant: the same sums as one pass per question would give; the work between two pauses is that of one slice.
 * Source: docs/architecture.md "latency".
 */
import type { LatencySplitRow } from '../../lib/contracts/httpLatency.ts'
import { LATENCY_STAGES, type LatencyStage } from '../../lib/contracts/latencyStages.ts'
import type { SeriesLabel } from '../ingest/latencyRecorder.ts'
import {
  addPart,
  clearTally,
  createTally,
  matchesLabel,
  type LatencyFilter,
  type LatencySliceData,
  type LatencyTally,
} from './latencyShelf.ts'

export interface LatencyWindow {
  readonly fromMs: number
  readonly tally: LatencyTally
}

export interface LatencyQuestion<S> {
  /** Of layer, run and topic; the stage is asked for apart. */
  readonly filter: Omit<LatencyFilter, 'stage'>
  /** Looked at slice by slice. */
  readonly stage: LatencyStage
  /** What is kept of a slice; its tally is valid until the next one. */
  readonly ofSlice: (slice: LatencySliceData, tally: LatencyTally) => S
  /** The objective's stage, added up since each of these moments. */
  readonly objective: LatencyStage
  readonly windows: readonly LatencyWindow[]
}

export interface LatencySums<S> {
  readonly stages: ReadonlyMap<LatencyStage, LatencyTally>
  readonly slices: readonly S[]
  readonly layers: readonly LatencySplitRow[]
  readonly topics: readonly LatencySplitRow[]
}

type RowHead = Omit<LatencySplitRow, 'stages'>
type Means = Map<LatencyStage, [n: number, sum: number]>

/** Rows of means by a part of the label. A label is one object for as long as its series lives: it is put into words once. */
function createSplit(filter: LatencyFilter, headOf: (label: SeriesLabel) => RowHead) {
  const rows = new Map<string, { readonly head: RowHead; readonly by: Means }>()
  const known = new Map<SeriesLabel, Means | null>()
  const meansOf = (label: SeriesLabel): Means | null => {
    if (!matchesLabel(label, filter)) return null
    const head = headOf(label)
    const key = JSON.stringify(head)
    const row = rows.get(key) ?? { head, by: new Map() }
    rows.set(key, row)
    return row.by
  }
  return {
    add(label: SeriesLabel, n: number, sumMs: number): void {
      let means = known.get(label)
      if (means === undefined) known.set(label, (means = meansOf(label)))
      if (means === null) return
      const held = means.get(label.stage)
      if (held === undefined) means.set(label.stage, [n, sumMs])
      else {
        held[0] += n
        held[1] += sumMs
      }
    },
    rows: (): LatencySplitRow[] =>
      [...rows.values()].map(({ head, by }) => ({
        ...head,
        stages: LATENCY_STAGES.flatMap((stage) => {
          const [n, sum] = by.get(stage) ?? [0, 0]
          return n === 0 ? [] : [{ stage, n, mean_ms: Math.max(0, sum / n) }]
        }),
      })),
  }
}

/** Adds up; yields after each slice. */
export function* sumSlices<S>(
  slices: readonly LatencySliceData[],
  { filter, stage, ofSlice, objective, windows }: LatencyQuestion<S>,
): Generator<void, LatencySums<S>, void> {
  const stages = new Map(LATENCY_STAGES.map((name) => [name, createTally()]))
  const { layer, run, topic } = filter
  const layers = createSplit({ topic, run }, ({ runId, layerId }) => ({
    run_id: runId,
    layer_id: layerId,
    topic: null,
  }))
  const topics = createSplit({ layer, run }, (label) => ({ run_id: null, layer_id: null, topic: label.topic }))
  const own = createTally()
  const told: S[] = []
  for (const slice of slices) {
    clearTally(own)
    const since = windows.filter(({ fromMs }) => slice.toMs > fromMs)
    for (let part = 0; part < slice.labels.length; part++) {
      const label = slice.labels[part]!
      const n = slice.n[part]!
      if (n > 0) {
        layers.add(label, n, slice.sumMs[part]!)
        topics.add(label, n, slice.sumMs[part]!)
      }
      if (!matchesLabel(label, filter)) continue
      addPart(stages.get(label.stage)!, slice, part)
      if (label.stage === stage) addPart(own, slice, part)
      if (label.stage === objective) for (const { tally } of since) addPart(tally, slice, part)
    }
    told.push(ofSlice(slice, own))
    yield
  }
  return { stages, slices: told, layers: layers.rows(), topics: topics.rows() }
}
