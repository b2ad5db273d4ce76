/*
 * fitTables: quantiles, memory and lives of recorded trainer runs, and how far two samples are apart.
 * In: recordings. Out: LoadTables; Kolmogorov-Smirnov distances.
 * Invariant: pure; the same recordings give the same tables; unmeasured readings are counted, never given a value.
 * Source: docs/performance.md "load generator".
 */
import type { SeedState } from '../contracts/lifecycle.ts'
import { LEGAL_EDGES, SEED_STATE_ID, SEED_STATES } from '../contracts/lifecycleTable.ts'
import { DWELL_QUANTILES, type LoadTables, QUANTILES, type StateTable, type ValueTable } from './loadTables.ts'
import { normalQuantile } from './normal.ts'
import type { Recording } from './recording.ts'

export interface FitInput {
  readonly recordings: readonly Recording[]
  /** Column names in recorded order; must hold `state` and `blueprint`. */
  readonly columns: readonly string[]
  /** Columns that get tables. */
  readonly metrics: readonly string[]
  readonly blueprintIds: Readonly<Record<number, string>>
  readonly provenance: LoadTables['provenance']
}

/** Evenly placed quantiles of sorted values, at (i + 0.5) / count, linear between neighbours. */
export function quantilesOf(sorted: Float64Array, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const at = ((i + 0.5) / count) * sorted.length - 0.5
    const low = Math.max(0, Math.min(sorted.length - 1, Math.floor(at)))
    const high = Math.min(sorted.length - 1, low + 1)
    const share = Math.max(0, Math.min(1, at - low))
    return round(sorted[low]! + (sorted[high]! - sorted[low]!) * share)
  })
}

/** Five digits say more than the sample knows and keep the file small; rounding is monotone. */
const round = (value: number): number => Number(value.toPrecision(5))

/** Largest distance between the distribution functions of two sorted samples, 0..1. */
export function ksDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [i, j, worst] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!)
    while (i < a.length && a[i]! <= value) i++
    while (j < b.length && b[j]! <= value) j++
    worst = Math.max(worst, Math.abs(i / a.length - j / b.length))
  }
  return worst
}

/** Calls back with the value of one column for every recorded seed-tick in the state, in order of tick and seed. */
export function eachReading(
  recording: Recording,
  stateAt: number,
  column: number,
  visit: (state: number, value: number) => void,
): void {
  const { values, columns } = recording
  for (let at = 0; at < values.length; at += columns) visit(values[at + stateAt]!, values[at + column]!)
}

/** Measured values of one metric by state id, sorted, and how many readings were unmeasured. */
export function samplesByState(
  recordings: readonly Recording[],
  stateAt: number,
  column: number,
): readonly { readonly sorted: Float64Array; readonly unmeasured: number }[] {
  const measured: number[][] = SEED_STATES.map(() => [])
  const unmeasured = SEED_STATES.map(() => 0)
  for (const recording of recordings)
    eachReading(recording, stateAt, column, (state, value) => {
      if (Number.isFinite(value)) measured[state]?.push(value)
      else unmeasured[state]!++
    })
  return measured.map((values, state) => ({ sorted: Float64Array.from(values).sort(), unmeasured: unmeasured[state]! }))
}

const valueTable = ({ sorted, unmeasured }: { sorted: Float64Array; unmeasured: number }): ValueTable => ({
  unmeasured: sorted.length + unmeasured === 0 ? 1 : round(unmeasured / (sorted.length + unmeasured)),
  quantiles: sorted.length === 0 ? null : quantilesOf(sorted, QUANTILES),
})

/** Share of the sorted values below `value`, ties counted half. */
function rankOf(sorted: Float64Array, value: number): number {
  const firstAt = (over: boolean): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (sorted[middle]! < value || (over && sorted[middle] === value)) low = middle + 1
      else high = middle
    }
    return low
  }
  return (firstAt(false) + firstAt(true)) / 2 / sorted.length
}

/** Lag-1 correlation of normal scores over neighbouring ticks of one seed that stay in one state; 0 when there are too few. */
function memoryOf(input: FitInput, stateAt: number, column: number, sorted: readonly Float64Array[]): number {
  let [xy, xx, yy, n] = [0, 0, 0, 0]
  for (const { values, columns, seeds } of input.recordings)
    for (let at = seeds * columns; at < values.length; at += columns) {
      const before = at - seeds * columns
      const state = values[at + stateAt]!
      const [from, to] = [values[before + column]!, values[at + column]!]
      if (values[before + stateAt] !== state || !Number.isFinite(from) || !Number.isFinite(to)) continue
      const sample = sorted[state]
      // A table of one value has no scores.
      if (sample === undefined || sample[0] === sample[sample.length - 1]) continue
      const x = score(rankOf(sample, from), sample.length)
      const y = score(rankOf(sample, to), sample.length)
      xy += x * y
      xx += x * x
      yy += y * y
      n++
    }
  return n < 100 ? 0 : round(Math.min(0.999, Math.max(-0.999, xy / Math.sqrt(xx * yy))))
}

const score = (rank: number, count: number): number =>
  normalQuantile(Math.min(1 - 0.5 / count, Math.max(0.5 / count, rank)))

interface Lives {
  /** Stays in each state, ended or not: what the sample really counts, for the ticks of one stay are much alike. */
  readonly stays: number[]
  readonly dwell: number[][]
  readonly edges: Map<SeedState, number>[]
}

/** Ticks in each state until it was left, and where to; states still held at the end say nothing and are left out. */
function livesOf(recordings: readonly Recording[]): Lives {
  const lives: Lives = {
    stays: SEED_STATES.map(() => 0),
    dwell: SEED_STATES.map(() => []),
    edges: SEED_STATES.map(() => new Map()),
  }
  for (const { seeds, transitions } of recordings) {
    const since = new Int32Array(seeds)
    lives.stays[SEED_STATE_ID.DORMANT]! += seeds
    for (const { seed, tick, from, to } of transitions) {
      const id = SEED_STATE_ID[from]
      // Two transitions in one tick: a state that no tick ever showed takes no time on the wire either.
      lives.dwell[id]!.push(Math.max(1, tick - since[seed]!))
      since[seed] = tick
      lives.stays[SEED_STATE_ID[to]]!++
      if (LEGAL_EDGES[from].includes(to)) lives.edges[id]!.set(to, (lives.edges[id]!.get(to) ?? 0) + 1)
    }
  }
  return lives
}

function stateTable(
  id: number,
  lives: Lives,
  counts: readonly number[],
  values: Record<string, ValueTable>,
): StateTable {
  const edges = [...lives.edges[id]!].sort(([a], [b]) => SEED_STATE_ID[a] - SEED_STATE_ID[b])
  const total = edges.reduce((sum, [, count]) => sum + count, 0)
  const dwell = Float64Array.from(lives.dwell[id]!).sort()
  const all = counts.reduce((sum, count) => sum + count, 0)
  return {
    occupancy: round(counts[id]! / all),
    samples: counts[id]!,
    stays: lives.stays[id]!,
    dwell_ticks: dwell.length === 0 ? null : quantilesOf(dwell, DWELL_QUANTILES),
    edges: edges.map(([to, count]) => ({ to, share: count / total })),
    values,
  }
}

/** Share of all seeds that were FOSSILIZED when their run ended. */
function fossilShare(recordings: readonly Recording[], stateAt: number): number {
  let [fossils, all] = [0, 0]
  for (const { values, columns, seeds } of recordings)
    for (let at = values.length - seeds * columns; at < values.length; at += columns) {
      if (values[at + stateAt] === SEED_STATE_ID.FOSSILIZED) fossils++
      all++
    }
  return round(fossils / all)
}

function blueprintShares(input: FitInput, stateAt: number, blueprintAt: number): LoadTables['blueprints'] {
  const counts = new Map<number, number>()
  for (const recording of input.recordings)
    eachReading(recording, stateAt, blueprintAt, (_state, index) => {
      if (index > 0) counts.set(index, (counts.get(index) ?? 0) + 1)
    })
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([index, count]) => ({
      blueprint_id: input.blueprintIds[index] ?? `recorded_${index}`,
      index,
      share: count / total,
    }))
}

/** Fits all tables. */
export function fitTables(input: FitInput): LoadTables {
  const { recordings, columns, metrics, provenance } = input
  const stateAt = columns.indexOf('state')
  const rho: Record<string, number> = {}
  const values: Record<string, ValueTable>[] = SEED_STATES.map(() => ({}))
  for (const metric of metrics) {
    const column = columns.indexOf(metric)
    const samples = samplesByState(recordings, stateAt, column)
    samples.forEach((sample, state) => (values[state]![metric] = valueTable(sample)))
    rho[metric] = memoryOf(
      input,
      stateAt,
      column,
      samples.map((sample) => sample.sorted),
    )
  }
  const lives = livesOf(recordings)
  const counts = samplesByState(recordings, stateAt, stateAt).map((sample) => sample.sorted.length)
  const states = Object.fromEntries(
    SEED_STATES.map((name, id) => [name, stateTable(id, lives, counts, values[id]!)]),
  ) as LoadTables['states']
  return {
    provenance,
    metrics: [...metrics],
    rho,
    fossil_share: fossilShare(recordings, stateAt),
    blueprints: blueprintShares(input, stateAt, columns.indexOf('blueprint')),
    states,
  }
}
