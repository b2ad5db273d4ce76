/*
 * loadFixture: the tables that ship, those of the held-out runs, and layers of generated seeds to look at.
 * In: rows, sweeps, a seed. Out: what was generated, by state and metric.
 * Invariant: samples are taken from the columns that would travel, not from the generator's inside.
 * Source: docs/performance.md "load generator".
 */
import { readFileSync } from 'node:fs'
import { SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { compileLives, compileMetric } from '../../../../lib/loadgen/compiledTables.ts'
import { type LoadTables, parseLoadTables } from '../../../../lib/loadgen/loadTables.ts'
import { type OnTransition, SeedField } from '../../../../lib/loadgen/seedField.ts'

const read = (name: string): LoadTables =>
  parseLoadTables(readFileSync(new URL(`../../../../assets/loadgen/${name}.json`, import.meta.url), 'utf8'))

export const shipped = read('tables')
export const heldOut = read('held-out')

export function createField(
  tables: LoadTables,
  metrics: readonly string[],
  rows: number,
  seed = 1,
  layer = 0,
): SeedField {
  const compiled = metrics.map((name) => compileMetric(tables, name))
  return new SeedField(compileLives(tables), compiled, rows, seed, layer)
}

export interface GeneratedMetric {
  /** Measured values by state id. */
  readonly values: readonly number[][]
  readonly unmeasured: readonly number[]
}

/** Sweeps many seeds and sorts what comes out by state; sweeps are far apart, so that samples are nearly independent. */
export function generate(
  tables: LoadTables,
  metric: string,
  rows: number,
  sweeps: number,
  every: number,
): GeneratedMetric {
  const field = createField(tables, [metric], rows)
  const target = new Float32Array(rows * 2)
  const values: number[][] = SEED_STATES.map(() => [])
  const unmeasured = SEED_STATES.map(() => 0)
  for (let sweep = 1; sweep <= sweeps * every; sweep++) {
    field.sweep(target, ['state', 0], null)
    if (sweep % every !== 0) continue
    for (let row = 0; row < rows; row++) {
      const value = target[rows + row]!
      if (Number.isNaN(value)) unmeasured[target[row]!]!++
      else values[target[row]!]!.push(value)
    }
  }
  return { values: values.map((each) => each.sort((a, b) => a - b)), unmeasured }
}

/** Every transition of a layer over some sweeps, with the sweep it happened at. */
export function liveThrough(field: SeedField, sweeps: number, onTransition: OnTransition): void {
  const target = new Float32Array(field.rows)
  for (let sweep = 0; sweep < sweeps; sweep++) field.sweep(target, ['state'], onTransition)
}
