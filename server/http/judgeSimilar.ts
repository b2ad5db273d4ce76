/*
 * judgeSimilar: groups of all seeds of a layer by the shape of their recent past, judged anew every ten seconds.
 * In: a layer as it was found, a metric, a window. Out: groups and their order; null when nothing of the past is kept.
 * Invariant: no turn of the event loop is longer than a few ms; a moment told from the record is judged by the record.
 * Source: docs/ux.md "pages: layer"; docs/history.md "layers".
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { similarRows, type SimilarRows } from '../../lib/frames/similarRows.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { HistoryQuestions } from '../history/historyProtocol.ts'
import { inTurns } from '../state/inTurns.ts'
import { makeGrid, type Grid } from '../state/layerGrid.ts'
import { openPast } from '../state/layerPast.ts'
import type { KnownRun } from '../state/runBook.ts'
import type { FoundMoment } from './findMoment.ts'

/** Points that similarity is judged by. */
export const SIMILAR_POINTS = 24
/** Groups that change every second can not be read. */
const SIMILAR_EVERY_MS = 10_000
const KEPT = 16

interface Judged {
  readonly atMs: number
  readonly work: Promise<SimilarRows | null>
}

function* groupsOf({ ticks, last }: Grid, rows: number) {
  // Points at which nothing arrived for anybody say nothing about likeness.
  const used = [...ticks.keys()].filter((column) => ticks[column]! > 0)
  const points = new Uint8Array(rows * used.length)
  for (let row = 0; row < rows; row++)
    used.forEach((column, at) => (points[row * used.length + at] = last[row * SIMILAR_POINTS + column]!))
  yield
  return yield* similarRows(points, used.length, everyone(rows))
}

const everyone = (rows: number): Uint32Array => Uint32Array.from({ length: rows }, (_, row) => row)

/** Creates the judge. `recordedGrid` gives null when nothing of it is recorded. */
export function createSimilarJudge(
  clock: Clock,
  recordedGrid: (ask: HistoryQuestions['grid']['ask']) => Promise<HistoryQuestions['grid']['answer'] | null>,
) {
  const judged = new WeakMap<KnownRun, Map<string, Judged>>()
  return (found: FoundMoment, metric: string, seconds: number, momentMs: number | undefined) => {
    const { run, layer } = found
    const known = judged.get(run) ?? new Map<string, Judged>()
    judged.set(run, known)
    const key = `${run.shapeVersion} ${layer} ${metric} ${seconds} ${momentMs ?? ''}`
    const before = known.get(key)
    if (before !== undefined && clock.monotonicMs() - before.atMs < SIMILAR_EVERY_MS) return before.work
    const past = openPast(run, layer)
    const { rows } = run.tables[layer]!.shape
    const untilMs = momentMs ?? found.endMs
    const request = {
      column: columnIndex(run.descriptor.seed_columns, metric),
      stateColumn: -1,
      worst: 'none' as const,
      order: everyone(rows),
      pinned: 0,
      binSize: 1,
      fromMs: untilMs - seconds * 1_000,
      bucketMs: (seconds * 1_000) / SIMILAR_POINTS,
      columns: SIMILAR_POINTS,
      untilMs,
      holdMs: 0,
      base: null,
    }
    const judge = async (): Promise<SimilarRows | null> => {
      const { run_id: runId, layers } = run.descriptor
      const grid =
        past !== null
          ? await inTurns(makeGrid({ ...request, past }), clock)
          : !found.isRecord
            ? null
            : ((await recordedGrid({ ...request, run: runId, layerId: layers[layer]!.layer_id }))?.grid ?? null)
      return grid === null ? null : inTurns(groupsOf(grid, rows), clock)
    }
    const work = judge()
    known.set(key, { atMs: clock.monotonicMs(), work })
    if (known.size > KEPT) known.delete(known.keys().next().value!)
    return work
  }
}
