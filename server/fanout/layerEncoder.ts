/*
 * layerEncoder: the frames of one layer for one class of viewers: encoded once, whoever and however many look.
 * In: the layer's shared table. Out: bytes of a delta or keyframe, and a keyframe of the picture last sent for who comes late.
 * Invariant: every frame builds on the frame before it of the same class, or on nothing.
 * Source: docs/architecture.md "frame stream".
 */
import { constants, zstdCompressSync } from 'node:zlib'
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { binStates, binWorst } from '../../lib/frames/binning.ts'
import { quantizeColumn } from '../../lib/frames/quantize.ts'
import { TABLE_META, type SeedTable } from '../../lib/frames/seedTable.ts'
import { stateByte } from '../../lib/frames/layerMirror.ts'
import { cellsOf, encodeViewFrame, pictureBytes, type Precision } from '../../lib/frames/viewFrame.ts'
import type { KnownRun } from '../state/runBook.ts'

const LEVEL_1 = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const compress = (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes, LEVEL_1)

export interface LayerEncoder {
  /** True when the table changed since the last frame, or a keyframe is due. */
  due(nowMs: number): boolean
  /** Null when the writer was in the way: stays due. */
  encode(nowMs: number): EncodedFrame | null
  /** The picture last sent, as a keyframe that later deltas build on; null before the first frame. */
  catchUp(nowMs: number): EncodedFrame | null
}

export interface EncodedFrame {
  readonly bytes: Uint8Array
  readonly layer: number
  readonly frame: number
  readonly base: number
  /** The report that is new in this frame; null in a repetition, and in the first frame, whose picture waited for a viewer. */
  readonly news: FrameNews | null
}

/** When a report was merged, server wall ms, and where it lies on the bus. */
export interface FrameNews {
  readonly mergedMs: number
  readonly entryMs: number
  readonly entrySeq: number
  readonly topic: number
  readonly atMs: number
}

const newsOf = (meta: Float64Array): FrameNews | null =>
  Number.isNaN(meta[TABLE_META.mergedMs])
    ? null
    : {
        mergedMs: meta[TABLE_META.mergedMs]!,
        entryMs: meta[TABLE_META.entryMs]!,
        entrySeq: meta[TABLE_META.entrySeq]!,
        topic: meta[TABLE_META.entryTopic]!,
        atMs: meta[TABLE_META.ingestMs]!,
      }

export interface LayerEncoderOptions {
  readonly run: KnownRun
  readonly layer: number
  readonly classId: number
  readonly precision: Precision
  readonly metric: string
  /** Rows per cell; 1 unless binned. */
  readonly binSize: number
  readonly keyframeMs: number
}

/** Creates the encoder of one (class, layer). */
export function createLayerEncoder(options: LayerEncoderOptions): LayerEncoder {
  const { run, layer, classId, precision, metric, binSize, keyframeMs } = options
  const table: SeedTable = run.tables[layer]!
  const { rows } = table.shape
  const columns = run.descriptor.seed_columns
  const columnCount = precision === 'exact' ? columns.length : 0
  const stateColumn = columnIndex(columns, 'state')
  const metricColumn = columnIndex(columns, metric)
  const shape = { rows, columnCount, binSize, precision }
  let picture = new Uint8Array(pictureBytes(shape))
  let previous = new Uint8Array(picture.byteLength)
  const scratch = new Float32Array(precision === 'exact' ? 0 : rows * 2)
  // Full resolution, of which bins are made: states, then the metric.
  const full = new Uint8Array(precision === 'binned' ? rows * 2 : 0)
  const bins = precision === 'binned' ? cellsOf(shape) : 0
  const worstRows = new Uint32Array(bins)
  // Head and picture belong together: both are swapped only when a copy of the table counted.
  let meta = new Float64Array(table.meta.length)
  let previousMeta = new Float64Array(table.meta.length)
  let version = -1
  let frame = 0
  let keyframeAtMs = -Infinity
  /** The newest picture as a keyframe, once somebody needed it. */
  let whole: EncodedFrame | null = null

  const places = (plane: number): void => {
    for (let at = 0; at < bins; at++) picture[plane * bins + at] = worstRows[at]! - at * binSize
  }
  const bin = (): void => {
    binStates(full.subarray(0, rows), binSize, picture, worstRows)
    places(2)
    const worst = columns[metricColumn]?.worst ?? 'none'
    binWorst(full.subarray(rows), binSize, worst, picture.subarray(bins), worstRows)
    places(3)
  }

  const take = (): number => {
    if (precision === 'exact')
      return table.read((source) => {
        picture.set(new Uint8Array(source.seeds.buffer, source.seeds.byteOffset, source.seeds.byteLength))
        meta.set(source.meta)
      })
    const seen = table.read((source) => {
      if (stateColumn >= 0) scratch.set(source.seeds.subarray(stateColumn * rows, (stateColumn + 1) * rows))
      if (metricColumn >= 0) scratch.set(source.seeds.subarray(metricColumn * rows, (metricColumn + 1) * rows), rows)
      meta.set(source.meta)
    })
    // Quantised after the read: a copy is short, a logarithm per cell would keep the writer out.
    const target = precision === 'binned' ? full : picture
    for (let row = 0; row < rows; row++) target[row] = stateByte(stateColumn < 0 ? Number.NaN : scratch[row]!)
    if (metricColumn >= 0) quantizeColumn(scratch.subarray(rows), columns[metricColumn]!, target.subarray(rows))
    else target.fill(255, rows)
    if (precision === 'binned') bin()
    return seen
  }

  const number = (value: number): number => (Number.isFinite(value) && value >= 0 ? value : 0)
  const header = (nowMs: number, meta: Float64Array) => ({
    classId,
    runIndex: run.index & 0xffff,
    layer,
    frame,
    step: number(meta[TABLE_META.step]!),
    tick: number(meta[TABLE_META.tick]!) >>> 0,
    ingestMs: meta[TABLE_META.ingestMs]!,
    serverMs: nowMs,
    rows,
    columnCount,
    binSize,
    precision,
    sourceFlags: number(meta[TABLE_META.flags]!) & 0xffff,
  })

  return {
    due: (nowMs) => table.version() !== version || nowMs - keyframeAtMs >= keyframeMs,
    encode(nowMs) {
      const seen = take()
      if (seen < 0) return null
      const news = frame > 0 && seen !== version ? newsOf(meta) : null
      version = seen
      const asKeyframe = frame === 0 || nowMs - keyframeAtMs >= keyframeMs
      if (asKeyframe) keyframeAtMs = nowMs
      frame++
      const base = asKeyframe ? null : { frame: frame - 1, picture: previous }
      const bytes = encodeViewFrame(header(nowMs, meta), picture, base, compress)
      ;[picture, previous] = [previous, picture]
      ;[meta, previousMeta] = [previousMeta, meta]
      return { bytes, layer, frame, base: new DataView(bytes.buffer).getUint32(20, true), news }
    },
    catchUp(nowMs) {
      if (frame === 0) return null
      if (whole?.frame !== frame) {
        const bytes = encodeViewFrame(header(nowMs, previousMeta), previous, null, compress)
        whole = { bytes, layer, frame, base: 0, news: null }
      }
      return whole
    },
  }
}
