/*
 * historyTick: one layer at one tick, as it is recorded: what is needed to make the very frame that viewers were shown.
 * In: a shared table. Out: a copy of its columns with its versions, the bytes a picture is made of, and their checksum.
 * Invariant: bytes and checksum are made from the live values by the functions that live frames are made with; the checksum is over
 * rows, columns, step, tick, flags, then per column the state bytes or the quantised bytes.
 * Source: docs/history.md "checksum".
 */
import { createHash } from 'node:crypto'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import { stateByte } from '../../lib/frames/layerMirror.ts'
import { quantizeColumn } from '../../lib/frames/quantize.ts'
import { TABLE_META, type SeedTable } from '../../lib/frames/seedTable.ts'

/** What names a state: numbers are NaN where the publisher does not say. */
export interface TickMoment {
  /** When it arrived, server wall ms. */
  readonly atMs: number
  readonly tick: number
  readonly step: number
  readonly flags: number
  readonly entryMs: number
  readonly entrySeq: number
  /** 16 hex digits, taken live. */
  readonly checksum: string
}

export interface HistoryTick extends TickMoment {
  readonly layer: number
  readonly layerValues: Float32Array
  /** [column][row] */
  readonly seeds: Float32Array
}

/** Writes the bytes of a column as a picture has them. */
export function columnBytes(values: Float32Array, column: MetricColumn, target: Uint8Array): void {
  if (column.name === 'state') for (let row = 0; row < values.length; row++) target[row] = stateByte(values[row]!)
  else quantizeColumn(values, column, target)
}

/** Adds up to the checksum of one state; columns go in one by one, in the order of the run. */
export function createStateChecksum(moment: Omit<TickMoment, 'checksum' | 'atMs'>, rows: number, columns: number) {
  const head = new Float64Array([rows, columns, moment.step, moment.tick, moment.flags])
  const hash = createHash('sha256').update(new Uint8Array(head.buffer))
  return {
    add(bytes: Uint8Array): void {
      hash.update(bytes)
    },
    end: (): string => hash.digest('hex').slice(0, 16),
  }
}

/** The checksum of a run: over those of its layers, in their order. */
export function runChecksum(layers: readonly { readonly layerId: string; readonly checksum: string }[]): string {
  const hash = createHash('sha256')
  for (const { layerId, checksum } of layers) hash.update(`${layerId} ${checksum}\n`)
  return hash.digest('hex').slice(0, 16)
}

/** The checksum of columns as they are in memory, [column][row]. */
export function checksumOf(
  moment: Omit<TickMoment, 'checksum' | 'atMs'>,
  seeds: Float32Array,
  rows: number,
  columns: readonly MetricColumn[],
): string {
  const sum = createStateChecksum(moment, rows, columns.length)
  const bytes = new Uint8Array(rows)
  columns.forEach((column, at) => {
    columnBytes(seeds.subarray(at * rows, (at + 1) * rows), column, bytes)
    sum.add(bytes)
  })
  return sum.end()
}

/** Copies a table; null when its writer was in the way, or nothing arrived yet. Also how many reports there were. */
export function takeTick(
  table: SeedTable,
  layer: number,
  columns: readonly MetricColumn[],
): { readonly tick: HistoryTick; readonly version: number; readonly reports: number } | null {
  const seeds = new Float32Array(table.seeds.length)
  const layerValues = new Float32Array(table.layer.length)
  const meta = new Float64Array(table.meta.length)
  const version = table.read((source) => {
    seeds.set(source.seeds)
    layerValues.set(source.layer)
    meta.set(source.meta)
  })
  const atMs = meta[TABLE_META.ingestMs]!
  if (version < 0 || !(atMs > 0)) return null
  const moment = {
    tick: meta[TABLE_META.tick]!,
    step: meta[TABLE_META.step]!,
    flags: meta[TABLE_META.flags]!,
    entryMs: meta[TABLE_META.entryMs]!,
    entrySeq: meta[TABLE_META.entrySeq]!,
  }
  const checksum = checksumOf(moment, seeds, table.shape.rows, columns)
  return { tick: { ...moment, atMs, checksum, layer, layerValues, seeds }, version, reports: meta[TABLE_META.reports]! }
}
