/*
 * healthSummary: how many seeds of a layer had each value of health at each tick of a chunk: what the band of a timeline is made from.
 * In: the bytes of the health column of some ticks, with their times. Out: counts by tick and byte; as bytes of an index and back.
 * Invariant: counts are exact: a band made from them is the one made from the columns themselves.
 * Source: docs/history.md "lanes".
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { UNMEASURED_CELL } from '../../lib/frames/quantize.ts'

/** The column a timeline shows. */
export const HEALTH = 'health_score'
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

export interface HealthSummary {
  readonly atMs: Float64Array
  /** [tick][byte]; what is unmeasured is not counted. */
  readonly counts: Uint32Array
}

/** Counts the bytes [tick][row] of a column. */
export function summarizeHealth(atMs: readonly number[], bytes: Uint8Array, rows: number): HealthSummary {
  const counts = new Uint32Array(atMs.length * UNMEASURED_CELL)
  for (let tick = 0; tick < atMs.length; tick++)
    for (let at = tick * rows; at < (tick + 1) * rows; at++) {
      const byte = bytes[at]!
      if (byte < UNMEASURED_CELL) counts[tick * UNMEASURED_CELL + byte]!++
    }
  return { atMs: Float64Array.from(atMs), counts }
}

/** As bytes. */
export function encodeHealth({ atMs, counts }: HealthSummary): Uint8Array {
  const bytes = (view: Float64Array | Uint32Array) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  return zstdCompressSync(Buffer.concat([bytes(atMs), bytes(counts)]), LEVEL)
}

/** From bytes. @throws when they are not those of so many ticks */
export function decodeHealth(packed: Uint8Array, ticks: number): HealthSummary {
  const length = ticks * (8 + UNMEASURED_CELL * 4)
  const raw = zstdDecompressSync(packed, { maxOutputLength: Math.max(1, length) })
  if (raw.byteLength !== length) throw new RangeError('a summary of another length')
  const atMs = new Float64Array(ticks)
  const counts = new Uint32Array(ticks * UNMEASURED_CELL)
  new Uint8Array(atMs.buffer).set(raw.subarray(0, ticks * 8))
  new Uint8Array(counts.buffer).set(raw.subarray(ticks * 8))
  return { atMs, counts }
}
