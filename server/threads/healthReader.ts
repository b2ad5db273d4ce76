/*
 * healthReader: the newest health of a seed, or the mean over a layer where no seed is named.
 * In: the tables of the runs. Out: a number, or null where nothing was measured.
 * Invariant: one cell, or one column, is copied, never a whole layer; a place that is not there is unmeasured, not an error.
 * Source: docs/training.md "health"; docs/architecture.md "columns on the hot path".
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { RunBook } from '../state/runBook.ts'
import type { HealthPlace } from './healthWatch.ts'

const METRIC = 'health_score'

function meanOf(values: Float32Array): number | null {
  let sum = 0
  let measured = 0
  for (const value of values) {
    if (!Number.isFinite(value)) continue
    sum += value
    measured++
  }
  return measured === 0 ? null : sum / measured
}

/** Creates the reader. */
export function createHealthReader(runs: Pick<RunBook, 'get'>): (place: HealthPlace) => number | null {
  return ({ runId, layerId, seedId }) => {
    const run = runId === null || layerId === null ? undefined : runs.get(runId)
    const layer = layerId === null ? undefined : run?.layerIndex.get(layerId)
    const table = layer === undefined ? undefined : run?.tables[layer]
    if (run === undefined || table === undefined) return null
    const column = columnIndex(run.descriptor.seed_columns, METRIC)
    const { rows } = table.shape
    if (column < 0 || (seedId !== null && seedId >= rows)) return null
    const first = column * rows + (seedId ?? 0)
    const values = new Float32Array(seedId === null ? rows : 1)
    const version = table.read((source) => values.set(source.seeds.subarray(first, first + values.length)))
    return version < 0 ? null : meanOf(values)
  }
}
