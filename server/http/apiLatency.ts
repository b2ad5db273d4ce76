/*
 * apiLatency: the answers about latency: per stage, over time, by layer and topic, against the objective, with exemplars.
 * In: queries that were already validated. Out: plain data in the shapes of lib/contracts/httpLatency.ts.
 * Invariant: only slices that ended are told, so that two looks at one slice agree; not measured is null, never 0.
 * Source: docs/protocol.md "latency"; docs/ux.md "pages: latency".
 */
import {
  LATENCY_LIMITS,
  type LatencyExemplarQuery,
  type LatencyExemplars,
  type LatencyQuery,
  type LatencyReport,
  type LatencySplitRow,
} from '../../lib/contracts/httpLatency.ts'
import {
  BURN_WINDOWS_S,
  LATENCY_OBJECTIVE,
  LATENCY_STAGES,
  type LatencyStage,
} from '../../lib/contracts/latencyStages.ts'
import {
  bucketOf,
  countAtOrAbove,
  LATENCY_SCHEME,
  lowestMs,
  percentileMs,
  shownBoundsMs,
  shownBucket,
  SHOWN_BUCKETS,
  toShown,
} from '../../lib/primitives/latencyBuckets.ts'
import type { LatencyHandle } from '../handle.ts'
import {
  addPart,
  createTally,
  matchesLabel,
  type LatencyFilter,
  type LatencyShelf,
  type LatencySliceData,
  type LatencyTally,
} from '../state/latencyShelf.ts'
import type { RunBook } from '../state/runBook.ts'

export interface LatencyApiSources {
  readonly nowMs: () => number
  readonly shelf: LatencyShelf
  readonly runs: RunBook
  readonly replayed: () => number
}

/** Answers kept until the next slice ends: pages ask more often than that, and many ask the same. */
const KEPT_ANSWERS = 32
const BOUNDS = shownBoundsMs()

const figures = ({ counts, n, maxMs }: LatencyTally) => {
  // The middle of a bucket may lie above the greatest value in it.
  const at = (share: number): number | null => {
    const ms = percentileMs(counts, n, share)
    return ms === null ? null : Math.min(ms, maxMs)
  }
  return { n, p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99), max_ms: n === 0 ? null : maxMs }
}

function tallyOf(slices: readonly LatencySliceData[], filter: LatencyFilter): LatencyTally {
  const tally = createTally()
  for (const slice of slices)
    slice.labels.forEach((label, part) => {
      if (matchesLabel(label, filter)) addPart(tally, slice, part)
    })
  return tally
}

/** Rows of means, by a key of the label. */
function split(
  slices: readonly LatencySliceData[],
  filter: LatencyFilter,
  rowOf: (label: LatencySliceData['labels'][number]) => Omit<LatencySplitRow, 'stages'>,
): LatencySplitRow[] {
  const rows = new Map<
    string,
    { row: Omit<LatencySplitRow, 'stages'>; by: Map<LatencyStage, [n: number, sum: number]> }
  >()
  for (const slice of slices)
    slice.labels.forEach((label, part) => {
      if (!matchesLabel(label, filter) || slice.n[part] === 0) return
      const row = rowOf(label)
      const key = JSON.stringify(row)
      const held = rows.get(key) ?? { row, by: new Map() }
      rows.set(key, held)
      const [n, sum] = held.by.get(label.stage) ?? [0, 0]
      held.by.set(label.stage, [n + slice.n[part]!, sum + slice.sumMs[part]!])
    })
  return [...rows.values()].map(({ row, by }) => ({
    ...row,
    stages: LATENCY_STAGES.flatMap((stage) => {
      const [n, sum] = by.get(stage) ?? [0, 0]
      return n === 0 ? [] : [{ stage, n, mean_ms: Math.max(0, sum / n) }]
    }),
  }))
}

const messagesOf = (row: LatencySplitRow): number => Math.max(0, ...row.stages.map(({ n }) => n))

/** Creates the functions of the latency routes. */
export function createLatencyApi({ nowMs, shelf, runs, replayed }: LatencyApiSources): LatencyHandle {
  let answers = new Map<string, LatencyReport>()
  let answersOf = -1

  const objective = (filter: LatencyFilter, toMs: number, windowS: number): LatencyReport['objective'] => {
    const { stage, targetMs, share } = LATENCY_OBJECTIVE
    const over = (seconds: number) => {
      const { counts, n } = tallyOf(shelf.slices(toMs - seconds * 1_000, toMs), { ...filter, stage })
      const late = countAtOrAbove(counts, targetMs)
      return { seconds, n, late, rate: n === 0 ? null : late / (n * (1 - share)) }
    }
    const whole = over(windowS)
    return {
      stage,
      target_ms: targetMs,
      share,
      n: whole.n,
      late: whole.late,
      budget_left: whole.rate === null ? null : 1 - whole.rate,
      burn: BURN_WINDOWS_S.map(over),
    }
  }

  const report = (query: LatencyQuery): LatencyReport => {
    const windowS = query.window ?? LATENCY_LIMITS.windowS
    const stage = query.stage ?? LATENCY_OBJECTIVE.stage
    const { layer, run, topic } = query
    const filter = { layer, run, topic }
    const newestMs = shelf.slices(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).at(-1)?.toMs ?? nowMs()
    const fromMs = newestMs - windowS * 1_000
    const slices = shelf.slices(fromMs, newestMs)
    const layers = split(slices, { topic, run }, ({ runId, layerId }) => ({
      run_id: runId,
      layer_id: layerId,
      topic: null,
    })).toSorted((a, b) => messagesOf(b) - messagesOf(a))
    return {
      scheme: { version: LATENCY_SCHEME, bounds_ms: BOUNDS },
      window_s: windowS,
      slice_ms: LATENCY_LIMITS.sliceMs,
      from_ms: fromMs,
      to_ms: newestMs,
      covered_ms: Math.max(0, newestMs - Math.max(fromMs, slices[0]?.fromMs ?? newestMs)),
      stage,
      stages: LATENCY_STAGES.map((name) => {
        const tally = tallyOf(slices, { ...filter, stage: name })
        return {
          stage: name,
          ...figures(tally),
          mean_ms: tally.n === 0 ? null : Math.max(0, tally.sumMs / tally.n),
          floor_ms: lowestMs(tally.counts),
          buckets: toShown(tally.counts),
          skewed: tally.skewed,
          skew_ms: tally.skewed === 0 ? null : tally.skewMs,
        }
      }),
      slices: slices.map((slice) => {
        const tally = tallyOf([slice], { ...filter, stage })
        return { from_ms: slice.fromMs, to_ms: slice.toMs, ...figures(tally), buckets: toShown(tally.counts) }
      }),
      layers: layers.slice(0, LATENCY_LIMITS.layers),
      layers_of: layers.length,
      topics: split(slices, { layer, run }, (label) => ({ run_id: null, layer_id: null, topic: label.topic })),
      objective: objective(filter, newestMs, windowS),
      replayed: replayed(),
    }
  }

  return {
    latency(query) {
      if (answersOf !== shelf.turns()) answers = new Map()
      answersOf = shelf.turns()
      const key = JSON.stringify(query)
      const known = answers.get(key)
      if (known !== undefined) return known
      const answer = report(query)
      if (answers.size < KEPT_ANSWERS) answers.set(key, answer)
      return answer
    },
    latencyExemplars(query: LatencyExemplarQuery): LatencyExemplars {
      const stage = query.stage ?? LATENCY_OBJECTIVE.stage
      const filter = { layer: query.layer, run: query.run, topic: query.topic, stage }
      const [low, high] = [query.low ?? 0, query.high ?? SHOWN_BUCKETS - 1]
      const newestMs = shelf.slices(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY).at(-1)?.toMs ?? nowMs()
      const toMs = query.to ?? newestMs
      const fromMs = query.from ?? toMs - (query.window ?? LATENCY_LIMITS.windowS) * 1_000
      const slices = shelf.slices(fromMs, toMs)
      const isIn = (bucket: number): boolean => bucket >= low && bucket <= high
      const n = toShown(tallyOf(slices, filter).counts).reduce((sum, [at, count]) => sum + (isIn(at) ? count : 0), 0)
      const exemplars = slices
        .flatMap((slice) => slice.exemplars)
        .filter(
          (one) =>
            matchesLabel({ stage: one.stage, topic: one.topic, runId: one.run_id, layerId: one.layer_id }, filter) &&
            isIn(shownBucket(bucketOf(one.latency_ms))),
        )
        .toSorted((a, b) => b.latency_ms - a.latency_ms || b.at_ms - a.at_ms)
        .slice(0, LATENCY_LIMITS.exemplars)
        .map((one) => ({
          ...one,
          source: one.run_id === null ? null : (runs.get(one.run_id)?.descriptor.source ?? null),
        }))
      return { stage, from_ms: fromMs, to_ms: toMs, n, exemplars }
    },
  }
}
