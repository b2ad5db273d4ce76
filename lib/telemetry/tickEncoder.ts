/*
 * tickEncoder: writes all layers of one tick as wire frames, seed frame then layer frame, back to back.
 * In: the layer table of a run and a way to fetch the columns of a layer. Out: bytes in a slot or a plain buffer.
 * Invariant: layer index = position in RunDescriptor.layers; the length of a tick never changes during a run.
 * Source: seed-design.md 2.2; docs/protocol.md "frames".
 */
import { encodeWireFrame, FRAME_KIND, wireFrameBytes } from '../frames/wireFrame.ts'

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
      const next = offset + encodeWireFrame(target, offset, seedHead, seeds)
      if (layerColumns === 0) return next
      const layerHead = { ...common, kind: FRAME_KIND.layer, rows: 1, columns: layerColumns }
      return next + encodeWireFrame(target, next, layerHead, summary)
    },
  }
}
