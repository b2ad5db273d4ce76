/*
 * tickEncoder: writes all layers of one tick as wire frames, seed frame then layer frame, back to back.
 * In: the layer table of a run and a way to fetch the columns of a layer. Out: bytes in a slot or a plain buffer.
 * Invariant: layer index = position in RunDescriptor.layers; the length of a tick never changes during a run.
 * Source: seed-design.md 2.2; docs/protocol.md "frames".
 */
import { AppError } from '../contracts/appError.ts'
import {
  encodeWireHeader,
  FRAME_KIND,
  WIRE_HEADER_BYTES,
  wireFrameBytes,
  type WireFrameHeader,
} from '../frames/wireFrame.ts'
import { copyBytes } from '../primitives/copyBytes.ts'

export interface TickHead {
  readonly seq: number
  readonly step: number
  readonly tick: number
  readonly publishedAtS: number
  readonly flags: number
  readonly windowMs: number
}

export interface TickEncoderOptions {
  readonly schemaId: number
  readonly seedsPerLayer: readonly number[]
  readonly seedColumns: number
  readonly layerColumns: number
}

export interface TickEncoder {
  /** Bytes of one tick of all layers. */
  readonly tickBytes: number
  /** Bytes of one layer of one tick. */
  layerBytes(layer: number): number
  /** Writes one layer at `offset`; returns the offset behind it. */
  encodeLayer(
    target: Uint8Array,
    offset: number,
    layer: number,
    head: TickHead,
    seeds: Float32Array,
    summary: Float32Array,
  ): number
}

type Head = Omit<WireFrameHeader, 'payloadBytes' | 'encoding'>

/** The header goes first: it refuses what does not fit, before a byte of the columns is there. */
function encodeFrame(target: Uint8Array, offset: number, head: Head, columns: Float32Array): number {
  const { buffer, byteOffset, byteLength } = columns
  if (byteLength !== head.rows * head.columns * 4)
    throw new AppError('CONTRACT_FRAME', `${byteLength} bytes of columns for ${head.rows} x ${head.columns}`, {
      path: 'columns',
    })
  const bytes = encodeWireHeader(target, offset, head)
  // The target is shared with the publisher's thread: set() would copy it word by word.
  copyBytes(target.subarray(offset + WIRE_HEADER_BYTES), new Uint8Array(buffer, byteOffset, byteLength))
  return bytes
}

/** Creates the encoder of one run. Encoding is synchronous and allocates nothing but small headers. */
export function createTickEncoder(options: TickEncoderOptions): TickEncoder {
  const { schemaId, seedsPerLayer, seedColumns, layerColumns } = options
  const summaryBytes = layerColumns > 0 ? wireFrameBytes(1, layerColumns) : 0
  const layerBytes = (layer: number): number => wireFrameBytes(seedsPerLayer[layer] ?? 0, seedColumns) + summaryBytes
  return {
    tickBytes: seedsPerLayer.reduce((sum, _, layer) => sum + layerBytes(layer), 0),
    layerBytes,
    encodeLayer(target, offset, layer, head, seeds, summary) {
      const common = { ...head, schemaId, layer }
      const rows = seedsPerLayer[layer] ?? 0
      const seedHead = { ...common, kind: FRAME_KIND.seeds, rows, columns: seedColumns }
      const next = offset + encodeFrame(target, offset, seedHead, seeds)
      if (layerColumns === 0) return next
      const layerHead = { ...common, kind: FRAME_KIND.layer, rows: 1, columns: layerColumns }
      return next + encodeFrame(target, next, layerHead, summary)
    },
  }
}
