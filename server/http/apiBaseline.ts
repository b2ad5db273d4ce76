/*
 * apiBaseline: the moment that a picture is compared with: some time ago, one moment, or another run at the same step.
 * In: a run, a metric, a baseline. Out: values of each layer with the moment they are of; binary for a whole run.
 * Invariant: the nearest moment that is kept, and it is said which one; a layer without a counterpart says why and has no values.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; features A5.
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { Baseline } from '../../lib/contracts/baselineWords.ts'
import type { BaselineFound, RunBaselineHead } from '../../lib/contracts/httpLayer.ts'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { encodeHeaded } from '../../lib/frames/headedBytes.ts'
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { RecordedPicture } from '../runs/recordingFile.ts'
import type { Recordings } from '../runs/recordings.ts'
import { isDamaged } from '../runs/runEntries.ts'
import { indexAt, openPast, readBaseline } from '../state/layerPast.ts'
import type { KnownRun, RunBook } from '../state/runBook.ts'
import { notFound } from './findLayer.ts'

/** Layers read before the event loop has its turn. */
const LAYERS_PER_TURN = 8

export interface BaselineReading {
  readonly found: BaselineFound
  readonly values: Float32Array | null
}
export interface BaselineReader {
  /** Of one layer. @throws STATE_NOT_FOUND when the run to compare with is not known */
  ofLayer(
    run: KnownRun,
    layer: number,
    metric: string,
    baseline: Baseline,
    momentMs: number | undefined,
  ): Promise<BaselineReading>
  /** Of a whole run, as bytes. `momentMs`: what is compared stands there; absent: it is of now. @throws STATE_NOT_FOUND */
  ofRun(
    runId: string,
    metric: string,
    baseline: Baseline,
    momentMs: number | undefined,
  ): Promise<Uint8Array<ArrayBuffer>>
}

/** Creates the reader. */
export function createBaselineReader({
  clock,
  runs,
  recordings,
}: {
  readonly clock: Clock
  readonly runs: RunBook
  readonly recordings: Recordings
}): BaselineReader {
  const nothing = (runId: string, because: string): BaselineReading => ({
    found: { run_id: runId, at_ms: null, step: null, tick: null, source: 'none', none_because: because },
    values: null,
  })

  /** The step of a layer, now or at a moment: another run is looked up at the same one. Undefined: of that moment nothing is kept. */
  const stepOf = (run: KnownRun, layer: number, momentMs: number | undefined): number | null | undefined => {
    if (momentMs !== undefined) {
      const past = openPast(run, layer)
      const index = past === null ? null : indexAt(past, momentMs)
      return past === null || index === null ? undefined : past.tick(index) * run.descriptor.steps_per_tick
    }
    const step = run.tables[layer]!.meta[TABLE_META.step]!
    return Number.isFinite(step) ? step : null
  }

  /** The pictures of one question share one file. */
  const pictureOf = async (runId: string, step: number | null) => {
    const recording = await recordings.load(runId)
    if (recording === null) throw notFound('run', 'base')
    if (isDamaged(recording)) throw new AppError('STATE_NOT_FOUND', recording.damaged, { path: 'base' })
    return recording.picture((moment) =>
      step === null ? -moment.atMs : moment.step === null ? Number.POSITIVE_INFINITY : Math.abs(moment.step - step),
    )
  }

  const ofPicture = (
    runId: string,
    layerId: string,
    metric: string,
    picture: RecordedPicture | null,
  ): BaselineReading => {
    if (picture === null) return nothing(runId, 'No picture of that run was recorded.')
    const column = picture.columns.indexOf(metric)
    if (column < 0) return nothing(runId, 'That run does not have this metric.')
    let from = 0
    for (const { layerId: name, rows } of picture.layers) {
      const start = from + column * rows
      from += rows * picture.columns.length
      if (name === layerId)
        return {
          found: {
            run_id: runId,
            at_ms: picture.atMs,
            step: picture.step,
            tick: picture.tick,
            source: 'recording',
            none_because: null,
          },
          values: picture.values.slice(start, start + rows),
        }
    }
    return nothing(runId, `That run has no layer named ${layerId}.`)
  }

  /** Another run that is known now: from its history while that reaches so far, else from what was recorded of it. */
  const ofOther = async (
    run: KnownRun,
    layer: number,
    metric: string,
    runId: string,
    momentMs: number | undefined,
    load: (step: number | null) => Promise<RecordedPicture | null>,
  ): Promise<BaselineReading> => {
    const layerId = run.descriptor.layers[layer]!.layer_id
    const step = stepOf(run, layer, momentMs)
    if (step === undefined)
      return nothing(runId, 'Which step this run was at then is not kept: the other run can not be looked up at it.')
    const other = runs.get(runId)
    const at = other?.layerIndex.get(layerId)
    if (other !== undefined && columnIndex(other.descriptor.seed_columns, metric) >= 0 && at !== undefined) {
      const tick = step === null ? Number.POSITIVE_INFINITY : step / other.descriptor.steps_per_tick
      const kept = readBaseline(other, at, metric, step === null ? { atMs: clock.wallMs() } : { tick })
      const isNear = kept.found.tick !== null && (step === null || Math.abs(kept.found.tick - tick) <= 2)
      if (isNear) return kept
      // Also a run that ended long ago may be known still: its file reaches further back.
      const recorded = await load(step).catch(() => null)
      const reading = ofPicture(runId, layerId, metric, recorded)
      return reading.values === null ? kept : reading
    }
    if (other !== undefined && at === undefined) return nothing(runId, `That run has no layer named ${layerId}.`)
    return ofPicture(runId, layerId, metric, await load(step))
  }

  const read = (
    run: KnownRun,
    layer: number,
    metric: string,
    baseline: Baseline,
    momentMs: number | undefined,
    load: (step: number | null) => Promise<RecordedPicture | null>,
  ): Promise<BaselineReading> | BaselineReading => {
    if (baseline.kind === 'run') return ofOther(run, layer, metric, baseline.runId, momentMs, load)
    const atMs = baseline.kind === 'at' ? baseline.atMs : (momentMs ?? clock.wallMs()) - baseline.seconds * 1_000
    return readBaseline(run, layer, metric, { atMs })
  }

  /** Reads a recording once per step, however many layers ask. */
  const loader = (baseline: Baseline) => {
    const asked = new Map<number | null, Promise<RecordedPicture | null>>()
    return (step: number | null): Promise<RecordedPicture | null> => {
      const runId = baseline.kind === 'run' ? baseline.runId : ''
      const known = asked.get(step) ?? pictureOf(runId, step)
      asked.set(step, known)
      return known
    }
  }

  return {
    async ofLayer(run, layer, metric, baseline, momentMs) {
      return read(run, layer, metric, baseline, momentMs, loader(baseline))
    },
    async ofRun(runId, metric, baseline, momentMs) {
      const run = runs.get(runId)
      if (run === undefined) throw notFound('run', 'run')
      if (columnIndex(run.descriptor.seed_columns, metric) < 0) throw notFound('metric', 'metric')
      const load = loader(baseline)
      const layers: RunBaselineHead['layers'] = []
      const planes: Float32Array[] = []
      for (const [at, { layer_id, seeds }] of run.descriptor.layers.entries()) {
        const { found, values } = await read(run, at, metric, baseline, momentMs, load)
        const rows = values === null ? 0 : Math.min(seeds, values.length)
        layers.push({ ...found, layer_id, rows })
        if (values !== null) planes.push(values.subarray(0, rows))
        if (at % LAYERS_PER_TURN === LAYERS_PER_TURN - 1)
          await new Promise<void>((resolve) => void clock.after(0, resolve))
      }
      const head: RunBaselineHead = { run_id: runId, metric, layers }
      return encodeHeaded(head, planes)
    },
  }
}
