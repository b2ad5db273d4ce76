/*
 * takePicture: every column of every seed of a run at this moment, as one block of numbers.
 * In: a run with its shared tables. Out: a picture to record; null before anything was measured.
 * Invariant: only copies; each layer is of one tick, unmeasured stays NaN.
 * Source: docs/protocol.md "runs and recordings".
 */
import { TABLE_META } from '../../lib/frames/seedTable.ts'
import { copyLayer } from '../state/layerReader.ts'
import type { KnownRun } from '../state/runBook.ts'
import type { RecordedPicture } from './recordingFile.ts'

/** With 26 columns about 400 KB each. */
export const MAX_PICTURED_SEEDS = 4_096

export const seedsOf = (run: KnownRun): number => run.descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)

const newest = (values: readonly number[]): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...values.filter(Number.isFinite))
const orNull = (value: number): number | null => (Number.isFinite(value) ? Math.trunc(value) : null)

/** Copies all layers. */
export function takePicture(run: KnownRun): RecordedPicture | null {
  const copies = run.descriptor.layers.map((layer, at) => ({ layerId: layer.layer_id, copy: copyLayer(run, at) }))
  const meta = (slot: number): number => newest(copies.map(({ copy }) => copy.meta[slot] ?? Number.NaN))
  const atMs = meta(TABLE_META.ingestMs)
  if (!Number.isFinite(atMs) || atMs <= 0) return null
  const values = new Float32Array(copies.reduce((sum, { copy }) => sum + copy.seeds.length, 0))
  let at = 0
  for (const { copy } of copies) {
    values.set(copy.seeds, at)
    at += copy.seeds.length
  }
  return {
    atMs,
    step: orNull(meta(TABLE_META.step)),
    tick: orNull(meta(TABLE_META.tick)),
    layers: copies.map(({ layerId, copy }) => ({ layerId, rows: copy.rows })),
    columns: run.descriptor.seed_columns.map((column) => column.name),
    values,
  }
}
