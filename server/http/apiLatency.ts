/*
 * apiLatency: the answers about latency: per stage, over time, by layer and topic, against the objective, with exemplars.
 * In: queries that were already validated. Out: plain data in the shapes of lib/contracts/httpLatency.ts.
 * Invariant: only slices that ended are told, so that two looks at one slice agree; not measured is null, never 0; an answer is added
 * up in turns of a few milliseconds.
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
import { BURN_WINDOWS_S, LATENCY_OBJECTIVE, LATENCY_STAGES } from '../../lib/contracts/latencyStages.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
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
import { inTurns } from '../state/inTurns.ts'
import {
  addPart,
  createTally,
  matchesLabel,
  type LatencyFilter,
  type LatencyShelf,
  type LatencySliceData,
  type LatencyTally,
} from '../state/latencyShelf.ts'
import { sumSlices } from '../state/latencySums.ts'
import type { RunBook } from '../state/runBook.ts'

export interface LatencyApiSources {
  readonly clock: Clock
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

function* tallyOf(
  slices: readonly LatencySliceData[],
  filter: LatencyFilter,
): Generator<void, { readonly tally: LatencyTally; readonly exemplars: LatencySliceData['exemplars'] }, void> {
  const tally = createTally()
  const exemplars: LatencySliceData['exemplars'][number][] = []
  for (const slice of slices) {
    for (let part = 0; part < slice.labels.length; part++)
      if (matchesLabel(slice.labels[part]!, filter)) addPart(tally, slice, part)
    for (const one of slice.exemplars)
      if (matchesLabel({ stage: one.stage, topic: one.topic, runId: one.run_id, layerId: one.layer_id }, filter))
        exemplars.push(one)
    yield
  }
  return { tally, exemplars }
}

const messagesOf = (row: LatencySplitRow): number => Math.max(0, ...row.stages.map(({ n }) => n))

/** Creates the functions of the latency routes. */
export function createLatencyApi({ clock, shelf, runs, replayed }: LatencyApiSources): LatencyHandle {
  let answers = new Map<string, Promise<LatencyReport>>()
  let answersOf = -1

  function* report(query: LatencyQuery): Generator<void, LatencyReport, void> {
    const windowS = query.window ?? LATENCY_LIMITS.windowS
    const stage = query.stage ?? LATENCY_OBJECTIVE.stage
    const { layer, run, topic } = query
    const { targetMs, share } = LATENCY_OBJECTIVE
    const newestMs = shelf.newestMs() ?? clock.wallMs()
    const fromMs = newestMs - windowS * 1_000
    const slices = shelf.slices(fromMs, newestMs)
    const windows = [windowS, ...BURN_WINDOWS_S].map((seconds) => ({
      seconds,
      fromMs: newestMs - seconds * 1_000,
      tally: createTally(),
    }))
    const longest = Math.max(windowS, ...BURN_WINDOWS_S)
    // A burn window may be longer than the window that is looked at: what lies before it counts for the burn alone.
    for (const slice of shelf.slices(newestMs - longest * 1_000, fromMs)) {
      if (slices.includes(slice)) continue
      const since = windows.filter((window) => slice.toMs > window.fromMs)
      const filter = { layer, run, topic, stage: LATENCY_OBJECTIVE.stage }
      for (let part = 0; part < slice.labels.length; part++)
        if (matchesLabel(slice.labels[part]!, filter)) for (const { tally } of since) addPart(tally, slice, part)
      yield
    }
    const sums = yield* sumSlices(slices, {
      filter: { layer, run, topic },
      stage,
      ofSlice: (slice, tally) => ({
        from_ms: slice.fromMs,
        to_ms: slice.toMs,
        ...figures(tally),
        buckets: toShown(tally.counts),
      }),
      objective: LATENCY_OBJECTIVE.stage,
      windows,
    })
    const layers = sums.layers.toSorted((a, b) => messagesOf(b) - messagesOf(a))
    const burns = windows.map(({ seconds, tally: { counts, n } }) => {
      const late = countAtOrAbove(counts, targetMs)
      return { seconds, n, late, rate: n === 0 ? null : late / (n * (1 - share)) }
    })
    const [whole, ...burn] = burns
    return {
      scheme: { version: LATENCY_SCHEME, bounds_ms: BOUNDS },
      window_s: windowS,
      slice_ms: LATENCY_LIMITS.sliceMs,
      from_ms: fromMs,
      to_ms: newestMs,
      covered_ms: Math.max(0, newestMs - Math.max(fromMs, slices[0]?.fromMs ?? newestMs)),
      stage,
      stages: LATENCY_STAGES.map((name) => {
        const tally = sums.stages.get(name)!
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
      slices: [...sums.slices],
      layers: layers.slice(0, LATENCY_LIMITS.layers),
      layers_of: layers.length,
      topics: [...sums.topics],
      objective: {
        stage: LATENCY_OBJECTIVE.stage,
        target_ms: targetMs,
        share,
        n: whole!.n,
        late: whole!.late,
        budget_left: whole!.rate === null ? null : 1 - whole!.rate,
        burn,
      },
      replayed: replayed(),
    }
  }

  return {
    async latency(query) {
      if (answersOf !== shelf.turns()) answers = new Map()
      answersOf = shelf.turns()
      const key = JSON.stringify(query)
      const known = answers.get(key)
      if (known !== undefined) return known
      const answer = inTurns(report(query), clock)
      // Whoever asks the same meanwhile waits for the same answer.
      if (answers.size < KEPT_ANSWERS) answers.set(key, answer)
      return answer
    },
    async latencyExemplars(query: LatencyExemplarQuery): Promise<LatencyExemplars> {
      const stage = query.stage ?? LATENCY_OBJECTIVE.stage
      const filter = { layer: query.layer, run: query.run, topic: query.topic, stage }
      const [low, high] = [query.low ?? 0, query.high ?? SHOWN_BUCKETS - 1]
      const toMs = query.to ?? shelf.newestMs() ?? clock.wallMs()
      const fromMs = query.from ?? toMs - (query.window ?? LATENCY_LIMITS.windowS) * 1_000
      const { tally, exemplars: found } = await inTurns(tallyOf(shelf.slices(fromMs, toMs), filter), clock)
      const isIn = (bucket: number): boolean => bucket >= low && bucket <= high
      const n = toShown(tally.counts).reduce((sum, [at, count]) => sum + (isIn(at) ? count : 0), 0)
      const exemplars = found
        .filter((one) => isIn(shownBucket(bucketOf(one.latency_ms))))
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
