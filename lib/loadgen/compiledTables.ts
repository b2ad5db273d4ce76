/*
 * compiledTables: the fitted tables in the form the hot loop reads: one flat map per metric, cumulative edges, dwell times.
 * In: LoadTables. Out: typed arrays, shared by all layers.
 * Invariant: map[state][i] is the metric's value at latent z = -4 + i/32; NaN where the trainer left the metric unmeasured.
 * Source: docs/performance.md "load generator".
 */
import { SEED_STATE_ID, SEED_STATES } from '../contracts/lifecycleTable.ts'
import { DWELL_QUANTILES, type LoadTables, QUANTILES, type ValueTable } from './loadTables.ts'
import { normalCumulative } from './normal.ts'

/** Latents are read between -4 and 4 standard deviations, 32 cells each: finer than 64 quantiles can tell apart. */
export const LATENT_RANGE = 4
export const CELLS_PER_SIGMA = 32
/** Entries of one state: one more than cells, for the right neighbour of the last. */
export const MAP_STRIDE = 2 * LATENT_RANGE * CELLS_PER_SIGMA + 2

export interface CompiledMetric {
  readonly name: string
  readonly rho: number
  /** Scale of the innovation that keeps the latent's variance at 1. */
  readonly innovation: number
  /** [state][MAP_STRIDE] */
  readonly map: Float32Array
}

export interface CompiledLives {
  readonly occupancy: Float64Array
  /** [state] -> cumulative shares and target ids; empty for a state nobody leaves. */
  readonly edgeShares: readonly Float64Array[]
  readonly edgeTargets: readonly Uint8Array[]
  /** [state][DWELL_QUANTILES] */
  readonly dwell: Float64Array
  readonly blueprintShares: Float64Array
  readonly blueprintIndexes: Uint8Array
  readonly fossilShare: number
}

/** Reads a table at probability u of its measured part, linear between its points. */
function valueAt(quantiles: readonly number[], u: number): number {
  const at = Math.min(QUANTILES - 1, Math.max(0, u * QUANTILES - 0.5))
  const low = Math.floor(at)
  const high = Math.min(QUANTILES - 1, low + 1)
  return quantiles[low]! + (quantiles[high]! - quantiles[low]!) * (at - low)
}

function fillMap(map: Float32Array, from: number, table: ValueTable | undefined): void {
  if (table === undefined || table.quantiles === null) {
    map.fill(Number.NaN, from, from + MAP_STRIDE)
    return
  }
  for (let i = 0; i < MAP_STRIDE; i++) {
    const u = normalCumulative(-LATENT_RANGE + i / CELLS_PER_SIGMA)
    // The unmeasured share lies at the low end of the latent, so that a gap lasts as long as the metric's memory.
    const measured = (u - table.unmeasured) / (1 - table.unmeasured)
    map[from + i] = u < table.unmeasured || table.unmeasured >= 1 ? Number.NaN : valueAt(table.quantiles, measured)
  }
}

/** Compiles one metric of all states. */
export function compileMetric(tables: LoadTables, name: string): CompiledMetric {
  const map = new Float32Array(SEED_STATES.length * MAP_STRIDE)
  SEED_STATES.forEach((state, id) => fillMap(map, id * MAP_STRIDE, tables.states[state].values[name]))
  const rho = tables.rho[name] ?? 0
  return { name, rho, innovation: Math.sqrt(1 - rho * rho), map }
}

const cumulative = (shares: readonly number[]): Float64Array => {
  let sum = 0
  return Float64Array.from(shares, (share) => (sum += share))
}

/** Compiles how lives run. */
export function compileLives(tables: LoadTables): CompiledLives {
  const states = SEED_STATES.map((state) => tables.states[state])
  const dwell = new Float64Array(SEED_STATES.length * DWELL_QUANTILES)
  states.forEach((state, id) => dwell.set(state.dwell_ticks ?? [], id * DWELL_QUANTILES))
  return {
    occupancy: cumulative(states.map((state) => state.occupancy)),
    edgeShares: states.map((state) => cumulative(state.edges.map((edge) => edge.share))),
    edgeTargets: states.map((state) => Uint8Array.from(state.edges, (edge) => SEED_STATE_ID[edge.to])),
    dwell,
    blueprintShares: cumulative(tables.blueprints.map((blueprint) => blueprint.share)),
    blueprintIndexes: Uint8Array.from(tables.blueprints, (blueprint) => blueprint.index),
    fossilShare: tables.fossil_share,
  }
}

/** Index of the slice of cumulative shares that u falls into; the last one for rounding at the end. */
export function sliceOf(shares: Float64Array, u: number): number {
  let at = 0
  while (at < shares.length - 1 && u >= shares[at]!) at++
  return at
}
