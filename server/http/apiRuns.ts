/*
 * apiRuns: the answers about whole runs, live and recorded: which there are, what growing did, their seeds at one moment.
 * In: ids and queries that were already validated. Out: plain data in the shapes of lib/contracts/httpRuns.ts.
 * Invariant: a live run is told from memory, a recorded one from its file, each labelled; an unknown run is STATE_NOT_FOUND.
 * Source: docs/protocol.md "runs and recordings".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { RUN_LIMITS, type RunDetail, type RunEntry } from '../../lib/contracts/httpRuns.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RunsHandle } from '../handle.ts'
import type { Recording } from '../runs/recording.ts'
import type { PictureMoment, RecordedPicture } from '../runs/recordingFile.ts'
import { RECORDING_BOUNDS, type Recordings } from '../runs/recordings.ts'
import { describeRun, isDamaged, keepingOf } from '../runs/runEntries.ts'
import { seedsOf, takePicture } from '../runs/takePicture.ts'
import { tellRun, thinCurve, type ToldRun } from '../runs/tellRun.ts'
import type { LivesBook } from '../state/livesBook.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { notFound } from './findLayer.ts'

export interface RunsApiSources {
  readonly clock: Clock
  readonly runs: RunBook
  readonly lives: LivesBook
  readonly recordings: Recordings
}

/** Telling a run with a hundred thousand notes is felt: the same answer serves everybody for this long. */
const TELL_EVERY_MS = 1_000

/** What had arrived by a moment; everything without one. */
const by = <T extends { readonly at_ms: number }>(list: readonly T[], at: number | undefined): readonly T[] =>
  at === undefined ? list : list.filter((one) => one.at_ms <= at)

const tellRecording = ({ head, records, notes }: Recording, at: number | undefined): ToldRun =>
  tellRun({
    descriptor: head.descriptor,
    firstSeenMs: head.firstSeenMs,
    records: by(records, at),
    notes: by(notes, at),
    complete: head.notesLeftOut === 0,
  })

const spanOf = (moments: readonly PictureMoment[], noneBecause: string | null): RunDetail['pictures'] => ({
  count: moments.length,
  first_step: moments[0]?.step ?? null,
  last_step: moments.at(-1)?.step ?? null,
  none_because: moments.length > 0 ? null : noneBecause,
})

/** Creates the functions of the runs' routes. */
export function createRunsApi({ clock, runs, lives, recordings }: RunsApiSources): RunsHandle {
  const told = new WeakMap<KnownRun, { readonly atMs: number; readonly run: ToldRun }>()

  const tellAt = ({ descriptor, firstSeenMs, curve, events }: KnownRun, at: number | undefined): ToldRun =>
    tellRun({
      descriptor,
      firstSeenMs,
      records: by([...curve, ...events.filter((record) => record.kind === 'fault')], at),
      notes: by(lives.ofRun(descriptor.run_id), at),
      complete: lives.isComplete(descriptor.run_id),
    })
  const tellLive = (run: KnownRun): ToldRun => {
    const nowMs = clock.monotonicMs()
    const known = told.get(run)
    if (known !== undefined && nowMs - known.atMs < TELL_EVERY_MS) return known.run
    const fresh = tellAt(run, undefined)
    told.set(run, { atMs: nowMs, run: fresh })
    return fresh
  }

  const loadOf = async (runId: string): Promise<Recording> => {
    const found = await recordings.load(runId)
    if (found === null) throw notFound('run', 'run')
    if (isDamaged(found)) throw new AppError('STATE_NOT_FOUND', found.damaged, { path: 'run' })
    return found
  }

  const answer = (
    run: ToldRun,
    points: number | undefined,
    rest: Pick<RunDetail, 'keeping' | 'problem' | 'pictures'>,
  ): RunDetail => ({
    ...run,
    curve: [...thinCurve(run.curve, points ?? RUN_LIMITS.points)],
    server_ms: clock.wallMs(),
    ...rest,
  })

  const pictureOf = async (run: KnownRun | undefined, runId: string, near: { step?: number; atMs?: number }) => {
    const { step, atMs } = near
    const isNow = step === undefined && atMs === undefined
    if (run !== undefined && isNow) {
      if (seedsOf(run) > RUN_LIMITS.pictureSeeds)
        throw new AppError('CONTRACT_INVALID', `pictures are told of up to ${RUN_LIMITS.pictureSeeds} seeds`, {
          path: 'run',
        })
      return { picture: takePicture(run), source: 'live' as const, recording: null }
    }
    const recording = await loadOf(runId)
    const distance = (moment: PictureMoment): number => {
      if (step !== undefined) return moment.step === null ? Number.POSITIVE_INFINITY : Math.abs(moment.step - step)
      return atMs === undefined ? -moment.atMs : Math.abs(moment.atMs - atMs)
    }
    return { picture: await recording.picture(distance), source: 'recorded' as const, recording }
  }

  const layersOf = (picture: RecordedPicture, metric: string) => {
    const column = picture.columns.indexOf(metric)
    if (column < 0) throw notFound('metric', 'metric')
    let from = 0
    return picture.layers.map(({ layerId, rows }) => {
      const start = from + column * rows
      from += rows * picture.columns.length
      const values = Array.from(picture.values.subarray(start, start + rows), (value) =>
        Number.isFinite(value) ? value : null,
      )
      return { layer_id: layerId, values }
    })
  }

  return {
    async runs() {
      const { entries, count, bytes } = await recordings.list()
      const live = runs.all().map((run): RunEntry => {
        const { descriptor, firstSeenMs, curve } = run
        const last = curve.findLast((record) => record.kind === 'evaluation')
        const written = recordings.written(descriptor.run_id)
        return {
          ...describeRun(descriptor),
          keeping: 'live',
          problem: null,
          first_seen_ms: firstSeenMs,
          newest_ms: last?.at_ms ?? null,
          step: last?.step ?? null,
          val_accuracy: last?.val_accuracy ?? null,
          evaluations: curve.length,
          pictures: written.moments.length,
          bytes: written.bytes,
        }
      })
      const isLive = new Set(live.map((entry) => entry.run_id))
      const { removed, dropped, problem } = recordings.counters()
      return {
        runs: [...live, ...entries.filter((entry) => !isLive.has(entry.run_id))],
        recordings: {
          count,
          max_count: RECORDING_BOUNDS.count,
          bytes,
          max_bytes: RECORDING_BOUNDS.bytes,
          max_file_bytes: RECORDING_BOUNDS.fileBytes,
          removed,
          dropped,
          problem,
        },
      }
    },
    async run(runId, { points, at }) {
      const run = runs.get(runId)
      const picturesOf = (moments: readonly PictureMoment[], none: string): RunDetail['pictures'] =>
        spanOf(at === undefined ? moments : moments.filter((moment) => moment.atMs <= at), none)
      if (run !== undefined) {
        const none = recordings.whyNoPictures(run)
        return answer(at === undefined ? tellLive(run) : tellAt(run, at), points, {
          keeping: 'live',
          problem: null,
          pictures: picturesOf(
            none === null ? recordings.written(runId).moments : [],
            none ?? `None was recorded ${at === undefined ? 'yet' : 'by then'}.`,
          ),
        })
      }
      const recording = await loadOf(runId)
      return answer(tellRecording(recording, at), points, {
        keeping: keepingOf(recording),
        problem: recording.problem,
        pictures: picturesOf(recording.moments, 'No picture of this run was recorded.'),
      })
    },
    async runPicture(runId, { metric, step, at }) {
      const run = runs.get(runId)
      const near = { ...(step === undefined ? {} : { step }), ...(at === undefined ? {} : { atMs: at }) }
      const { picture, source, recording } = await pictureOf(run, runId, near)
      const descriptor = run?.descriptor ?? recording!.head.descriptor
      const column = descriptor.seed_columns[columnIndex(descriptor.seed_columns, metric)]
      if (column === undefined) throw notFound('metric', 'metric')
      if (picture === null)
        throw new AppError('STATE_NOT_FOUND', 'no picture of this run was recorded', { path: 'run' })
      return {
        run_id: descriptor.run_id,
        origin: descriptor.origin,
        keeping: run === undefined ? keepingOf(recording!) : 'live',
        metric,
        unit: column.unit,
        source,
        step: picture.step,
        tick: picture.tick,
        at_ms: picture.atMs,
        layers: layersOf(picture, metric),
      }
    },
  }
}
