/*
 * replayCoverage: what of a run is recorded, which parts are missing and why, how much room it takes.
 * In: all histories, a run, what the recorder says of itself. Out: the answer of GET /api/replay/coverage.
 * Invariant: between two segments there is always a gap with a cause; where nobody said why, the recorder did not record.
 * Source: docs/history.md "coverage".
 */
import { isAppError } from '../../lib/contracts/appError.ts'
import { REPLAY_LIMITS, type ReplayCoverage, type ReplayGap } from '../../lib/contracts/httpReplay.ts'
import type { HistoryLibrary } from './historyLibrary.ts'
import type { RecorderCounters } from './historyRecorder.ts'
import type { RetentionBounds } from './retention.ts'
import type { RunHistory } from './runHistory.ts'

const HOLE_MS = 3_000

interface Segment {
  from: number
  to: number
}

/** Stretches of all layers together, joined where they touch. */
export function segmentsOf(history: RunHistory): Segment[] {
  const { descriptor } = history.run
  const holeMs = Math.max(HOLE_MS, 3 * descriptor.expected_interval_ms)
  const all = descriptor.layers
    .flatMap(({ layer_id: layerId }) => history.stretches(layerId))
    .toSorted((a, b) => a.fromMs - b.fromMs)
  const segments: Segment[] = []
  for (const { fromMs, toMs } of all) {
    const last = segments.at(-1)
    if (last !== undefined && fromMs - last.to <= holeMs) last.to = Math.max(last.to, toMs)
    else segments.push({ from: fromMs, to: toMs })
  }
  return segments
}

/** Gaps that were told, and holes that nobody explained. */
export function gapsOf(history: RunHistory, segments: readonly Segment[]): ReplayGap[] {
  const told = history.gaps()
  const holes = segments.slice(1).flatMap((segment, at): ReplayGap[] => {
    const [fromMs, toMs] = [segments[at]!.to, segment.from]
    const explained = told.some((gap) => gap.from_ms < toMs && gap.to_ms > fromMs && gap.cause !== 'lost')
    return explained ? [] : [{ from_ms: fromMs, to_ms: toMs, cause: 'not_recorded', lost: null }]
  })
  return [...told, ...holes].toSorted((a, b) => a.from_ms - b.from_ms).slice(-REPLAY_LIMITS.gaps)
}

export interface CoverageContext {
  readonly library: HistoryLibrary
  readonly retention: RetentionBounds
  /** Null: nothing is recorded here. */
  readonly recorder: RecorderCounters | null
}

function openOrNull(library: HistoryLibrary, runId: string | undefined): RunHistory | null {
  try {
    return library.open(runId)
  } catch (error) {
    // Nothing recorded yet is an answer; a run that is not known is a mistake.
    if (runId === undefined && isAppError(error, 'STATE_NOT_FOUND')) return null
    throw error
  }
}

/** Makes the answer of GET /api/replay/coverage. @throws STATE_NOT_FOUND for a run that is not kept */
export function coverageOf(
  runId: string | undefined,
  { library, retention, recorder }: CoverageContext,
): ReplayCoverage {
  const history = openOrNull(library, runId)
  const listed = library.list()
  const segments = history === null ? [] : segmentsOf(history)
  const layers = history?.run.descriptor.layers ?? []
  return {
    run_id: history?.run.run_id ?? null,
    from: segments[0]?.from ?? null,
    to: segments.at(-1)?.to ?? null,
    segments: segments.slice(-REPLAY_LIMITS.segments),
    gaps:
      history === null
        ? []
        : gapsOf(history, segments).map(({ from_ms, to_ms, cause, lost }) => ({
            from: from_ms,
            to: to_ms,
            cause,
            lost,
          })),
    bytes: listed.find((one) => one.folder === history?.folder)?.bytes ?? 0,
    total_bytes: listed.reduce((sum, one) => sum + one.bytes, 0),
    ticks: layers.reduce(
      (sum, { layer_id: layerId }) =>
        sum + (history?.stretches(layerId) ?? []).reduce((ticks, stretch) => ticks + stretch.count, 0),
      0,
    ),
    events: history?.events().reduce((sum, block) => sum + block.count, 0) ?? 0,
    retention: {
      max_bytes: retention.maxBytes,
      max_age_ms: retention.maxAgeMs,
      removed_bytes: recorder?.removedBytes ?? 0,
      removed_files: recorder?.removedFiles ?? 0,
    },
    recorder: {
      state: recorder === null ? 'off' : recorder.problem === null ? 'recording' : 'failing',
      problem: recorder?.problem ?? null,
      missed_ticks: recorder?.missedTicks ?? 0,
      thinned_ticks: recorder?.thinnedTicks ?? 0,
      dropped_events: recorder?.droppedEvents ?? 0,
      torn_blocks: recorder?.tornBlocks ?? 0,
    },
    runs: listed.slice(0, 512).map(({ run, folder, bytes }) => {
      const own = folder === history?.folder ? history : library.open(run.run_id)
      const span = segmentsOf(own)
      return {
        run_id: run.run_id,
        title: run.descriptor.title,
        origin: run.descriptor.origin,
        kept: run.kept,
        from: span[0]?.from ?? null,
        to: span.at(-1)?.to ?? null,
        bytes,
      }
    }),
  }
}
