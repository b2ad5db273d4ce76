/*
 * replayFrames: the frames of a window as the live socket would have sent them, made from the record.
 * In: a history, a window, what the viewer looks at. Out: one binary answer: a head, then frames with their times.
 * Invariant: pictures are made by the functions of the live frames; each layer begins with a keyframe of its state at `from`; an answer
 * is bounded, and says where to go on.
 * Source: docs/history.md "frames"; docs/architecture.md "frame stream".
 */
import { constants, zstdCompressSync } from 'node:zlib'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { REPLAY_LIMITS, type ReplayFramesHead, type ReplayFramesQuery } from '../../lib/contracts/httpReplay.ts'
import { EXACT_MAX_SEEDS } from '../../lib/contracts/socketNames.ts'
import { AppError } from '../../lib/contracts/appError.ts'
import { binStates, binWorst } from '../../lib/frames/binning.ts'
import { encodeHeaded } from '../../lib/frames/headedBytes.ts'
import { cellsOf, encodeViewFrame, pictureBytes, type Precision } from '../../lib/frames/viewFrame.ts'
import type { TickMoment } from './historyTick.ts'
import { spanOf } from './historyLibrary.ts'
import type { RunHistory, Stretch } from './runHistory.ts'
import { findTick, tickBytes, tickValues } from './tickAt.ts'

const LEVEL_1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const compress = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, LEVEL_1)

interface View {
  readonly precision: Precision
  readonly metric: string
  readonly binSize: number
  readonly classId: number
  readonly runIndex: number
}
interface Place {
  readonly stretch: Stretch
  readonly at: number
  readonly moment: TickMoment
}

const number = (value: number): number => (Number.isFinite(value) && value >= 0 ? value : 0)

/** Makes the pictures of one layer, each building on the one before. */
function createFramer(history: RunHistory, layer: number, view: View) {
  const columns = history.run.descriptor.seed_columns
  const { precision, binSize } = view
  let previous: { frame: number; picture: Uint8Array } | null = null

  const bin = (state: Uint8Array, cells: Uint8Array, picture: Uint8Array, bins: number): void => {
    const rows = new Uint32Array(bins)
    const places = (plane: number): void => {
      for (let at = 0; at < bins; at++) picture[plane * bins + at] = rows[at]! - at * binSize
    }
    binStates(state, binSize, picture, rows)
    places(2)
    const worst = columns[columnIndex(columns, view.metric)]?.worst ?? 'none'
    binWorst(cells, binSize, worst, picture.subarray(bins), rows)
    places(3)
  }

  return (place: Place): Uint8Array => {
    const { stretch, at, moment } = place
    const { rows } = stretch
    const shape = { rows, columnCount: precision === 'exact' ? columns.length : 0, binSize, precision }
    const picture = new Uint8Array(pictureBytes(shape))
    if (precision === 'exact') {
      const values = new Float32Array(picture.buffer)
      columns.forEach((column, index) => values.set(tickValues(stretch, at, column), index * rows))
    } else {
      const state = tickBytes(stretch, at, columns, 'state')
      const cells = tickBytes(stretch, at, columns, view.metric)
      if (precision === 'binned') bin(state, cells, picture, cellsOf(shape))
      else {
        picture.set(state)
        picture.set(cells, rows)
      }
    }
    const frame = (previous?.frame ?? 0) + 1
    const header = {
      classId: view.classId,
      runIndex: view.runIndex,
      layer,
      frame,
      step: number(moment.step),
      tick: number(moment.tick) >>> 0,
      ingestMs: moment.atMs,
      // What a page shows was shown when it arrived: replay has no age of its own.
      serverMs: moment.atMs,
      sourceFlags: number(moment.flags) & 0xffff,
      ...shape,
    }
    const bytes = encodeViewFrame(header, picture, previous, compress)
    previous = { frame, picture }
    return bytes
  }
}

/** Ticks of a layer that are shown: the one at `from`, then those behind it, at least `stepMs` apart. */
function* placesOf(
  history: RunHistory,
  layerId: string,
  from: ReplayFramesQuery['from'],
  toMs: number,
  stepMs: number,
) {
  const stretches = history.stretches(layerId)
  const first = from === undefined ? null : findTick(stretches, from)
  const fromMs = from?.ms ?? Number.NEGATIVE_INFINITY
  let lastMs = Number.NEGATIVE_INFINITY
  if (first !== null) {
    const moment = first.stretch.moments()[first.at]!
    lastMs = moment.atMs
    yield { ...first, moment }
  }
  for (const stretch of stretches) {
    if (stretch.toMs <= Math.max(lastMs, fromMs) && lastMs !== Number.NEGATIVE_INFINITY) continue
    if (stretch.toMs < fromMs || stretch.fromMs > toMs) continue
    const moments = stretch.moments()
    for (let at = 0; at < moments.length; at++) {
      const moment = moments[at]!
      if (moment.atMs > toMs) break
      if (moment.atMs <= lastMs || moment.atMs < fromMs || moment.atMs - lastMs < stepMs) continue
      lastMs = moment.atMs
      yield { stretch, at, moment }
    }
  }
}

const countTicks = (history: RunHistory, layers: readonly string[], fromMs: number, toMs: number): number =>
  layers.reduce(
    (sum, layerId) =>
      sum +
      history.stretches(layerId).reduce((ticks, stretch) => {
        if (stretch.toMs < fromMs || stretch.fromMs > toMs) return ticks
        if (stretch.fromMs >= fromMs && stretch.toMs <= toMs) return ticks + stretch.count
        return ticks + stretch.moments().filter((one) => one.atMs >= fromMs && one.atMs <= toMs).length
      }, 0),
    0,
  )

/** Makes the answer of GET /api/replay/frames. @throws STATE_NOT_FOUND, CONTRACT_INVALID */
export function framesOf(
  history: RunHistory,
  query: ReplayFramesQuery,
  limits: Pick<typeof REPLAY_LIMITS, 'frameBytes' | 'frames'> = REPLAY_LIMITS,
): Uint8Array<ArrayBuffer> {
  const { descriptor } = history.run
  const span = spanOf(history)
  const fromMs = query.from?.ms ?? span?.fromMs ?? 0
  const toMs = query.to?.ms ?? fromMs
  if (toMs < fromMs) throw new AppError('CONTRACT_INVALID', 'to lies before from', { path: 'to' })
  if (columnIndex(descriptor.seed_columns, query.metric) < 0)
    throw new AppError('STATE_NOT_FOUND', 'this metric is not known', { path: 'metric' })
  const wanted = descriptor.layers.flatMap(({ layer_id: layerId }, layer) =>
    query.layer === undefined || query.layer === layerId ? [{ layerId, layer }] : [],
  )
  if (wanted.length === 0) throw new AppError('STATE_NOT_FOUND', 'this layer is not known', { path: 'layer' })
  const seeds = descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
  const precision = query.precision ?? (query.bin > 1 ? 'binned' : seeds <= EXACT_MAX_SEEDS ? 'exact' : 'cells')
  if (precision === 'binned' && query.bin < 2)
    throw new AppError('CONTRACT_INVALID', 'binned frames need bin=2 or more', { path: 'bin' })
  const view = {
    precision,
    metric: query.metric,
    binSize: precision === 'binned' ? query.bin : 1,
    classId: query.class,
    runIndex: query.index,
  }
  const lanes = wanted.map(({ layerId, layer }) => ({
    framer: createFramer(history, layer, view),
    places: placesOf(history, layerId, query.from ?? { ms: fromMs, seq: null }, toMs, query.step_ms),
    layer,
    next: null as Place | null,
  }))
  for (const lane of lanes) lane.next = lane.places.next().value ?? null
  const planes: Uint8Array[] = []
  let [bytes, frames] = [0, 0]
  let nextMs: number | null = null
  for (;;) {
    const lane = lanes.reduce<(typeof lanes)[number] | null>(
      (best, one) =>
        one.next !== null && (best === null || one.next.moment.atMs < best.next!.moment.atMs) ? one : best,
      null,
    )
    if (lane === null) break
    const place = lane.next!
    // Whole moments only: a page that goes on from here must not miss a layer.
    if ((bytes > limits.frameBytes || frames >= limits.frames) && place.moment.atMs > fromMs) {
      nextMs = place.moment.atMs
      break
    }
    const frame = lane.framer(place)
    const head = new Uint8Array(16)
    const view64 = new DataView(head.buffer)
    view64.setFloat64(0, place.moment.atMs, true)
    view64.setUint32(8, lane.layer, true)
    view64.setUint32(12, frame.byteLength, true)
    planes.push(head, frame, new Uint8Array((8 - (frame.byteLength & 7)) & 7))
    bytes += 16 + frame.byteLength
    frames++
    lane.next = lane.places.next().value ?? null
  }
  const head: ReplayFramesHead = {
    run_id: history.run.run_id,
    kept: history.run.kept,
    from_ms: fromMs,
    to_ms: toMs,
    step_ms: query.step_ms,
    metric: query.metric,
    precision,
    bin_size: view.binSize,
    frames,
    of: countTicks(
      history,
      wanted.map(({ layerId }) => layerId),
      fromMs,
      toMs,
    ),
    next_ms: nextMs,
    layers: wanted.map(({ layerId, layer }) => ({
      layer,
      layer_id: layerId,
      rows: descriptor.layers[layer]!.seeds,
    })),
  }
  return encodeHeaded(head, planes)
}
