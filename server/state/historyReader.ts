/*
 * historyReader: series of one metric out of a layer's history ring, downsampled to what a screen can show.
 * In: a ring, a column, a time range. Out: times and one row of values per seed; bins without data stay out: gaps stay gaps.
 * Invariant: a value shown was really measured inside its bin: the least and the greatest of every seed, in the order they were
 * measured, on the times of the bin's first and last slot (all seeds share one time axis); nothing is interpolated. A slot that is
 * overwritten while others are read is left out, never half shown.
 * Source: docs/protocol.md "HTTP"; seed-design.md 4.2.
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import { stateByte } from '../../lib/frames/layerMirror.ts'
import type { KnownRun } from './runBook.ts'

export interface Series {
  readonly at_ms: readonly number[]
  /** values[seed][point] */
  readonly values: readonly (readonly (number | null)[])[]
  readonly states: readonly (readonly number[])[]
  /** Slots in the range before downsampling. */
  readonly of: number
}

export interface SeriesRequest {
  readonly run: KnownRun
  readonly layer: number
  readonly metric: string
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
  /** Only this seed. */
  readonly seed?: number | undefined
}

const EMPTY: Series = Object.freeze({ at_ms: [], values: [], states: [], of: 0 })

/** Reads a series at once: for few seeds. */
export function readSeries(request: SeriesRequest): Series {
  const steps = seriesSteps(request)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Reads a series, with a place to pause after each slot; empty when no history per seed or no such metric is kept. */
export function* seriesSteps(request: SeriesRequest): Generator<void, Series, void> {
  const { run, layer, metric, fromMs, toMs, points, seed } = request
  const ring = run.history[layer]
  const column = columnIndex(run.descriptor.seed_columns, metric)
  if (ring === null || ring === undefined || ring.shape.mode !== 'full' || column < 0) return EMPTY
  const { rows } = run.tables[layer]!.shape
  const stateColumn = columnIndex(run.descriptor.seed_columns, 'state')
  const first = seed ?? 0
  const count = seed === undefined ? rows : 1
  const maker = createSeriesMaker({ count, fromMs, toMs, points })
  const wanted = new Float32Array(count)
  const stated = new Float32Array(count).fill(Number.NaN)
  const [begin, end] = ring.range()
  for (let index = begin; index < end; index++) {
    const slotMs = ring.atMs(index)
    if (!(slotMs >= fromMs && slotMs <= toMs)) continue
    if (stateColumn >= 0) ring.copy(index, stateColumn * rows + first, stated)
    if (!ring.copy(index, column * rows + first, wanted)) continue
    maker.add(slotMs, wanted, (row) => (stateColumn < 0 ? 254 : stateByte(stated[row]!)))
    yield
  }
  return maker.end()
}

export interface SeriesShape {
  /** Seeds of each moment. */
  readonly count: number
  readonly fromMs: number
  readonly toMs: number
  readonly points: number
}

/** Makes a series out of moments in their order, wherever they were kept. */
export function createSeriesMaker({ count, fromMs, toMs, points }: SeriesShape) {
  const bins = Math.max(1, Math.floor(points / 2))
  const binMs = Math.max(1, (toMs - fromMs) / bins)
  const atMs: number[] = []
  const values: (number | null)[][] = Array.from({ length: count }, () => [])
  const states: number[][] = Array.from({ length: count }, () => [])
  const extremes = Array.from({ length: count }, createExtremes)
  let lastBin = -1
  let opened = 0
  let of = 0
  return {
    /** Values of all its seeds at one moment. */
    add(momentMs: number, column: Float32Array, stateOf: (row: number) => number): void {
      of++
      const bin = Math.min(bins - 1, Math.floor((momentMs - fromMs) / binMs))
      const opens = bin !== lastBin
      if (opens) opened = atMs.length
      lastBin = bin
      // The bin's first slot has the first point; every later one moves the second.
      const point = opens ? opened : opened + 1
      atMs[point] = momentMs
      for (let row = 0; row < count; row++) {
        const extreme = extremes[row]!
        if (opens) extreme.open()
        extreme.add(column[row]!)
        extreme.write(values[row]!, opened, point)
        states[row]![point] = stateOf(row)
      }
    },
    end: (): Series => ({ at_ms: atMs, values, states, of }),
  }
}

/** Least and greatest value of one seed inside one bin, and which came first. */
function createExtremes() {
  let slots = 0
  let measured = 0
  let low = Number.NaN
  let high = Number.NaN
  let lowAt = 0
  let highAt = 0
  return {
    open(): void {
      slots = 0
      measured = 0
      low = Number.NaN
      high = Number.NaN
    },
    add(value: number): void {
      slots++
      if (!Number.isFinite(value)) return
      measured++
      if (!(low <= value)) [low, lowAt] = [value, slots]
      if (!(high >= value)) [high, highAt] = [value, slots]
    },
    /** Writes the bin as it is so far. A value measured once is shown once: the other point is unmeasured. */
    write(row: (number | null)[], begin: number, end: number): void {
      if (measured === 0) {
        row[begin] = null
        row[end] = null
      } else if (measured === 1) {
        row[begin] = lowAt === 1 ? low : null
        if (end > begin) row[end] = lowAt === 1 ? null : low
      } else {
        row[begin] = lowAt <= highAt ? low : high
        row[end] = lowAt <= highAt ? high : low
      }
    },
  }
}

/** All columns of one seed in one pass: with 26 columns, one pass each would be felt. */
export function readSeedSeries(
  run: KnownRun,
  layer: number,
  seed: number,
  { fromMs, toMs, points }: { readonly fromMs: number; readonly toMs: number; readonly points: number },
) {
  const names = run.descriptor.seed_columns.map((column) => column.name)
  const atMs: number[] = []
  const series: (number | null)[][] = names.map(() => [])
  const ring = run.history[layer]
  const { rows } = run.tables[layer]!.shape
  const binMs = Math.max(1, (toMs - fromMs) / points)
  let lastBin = -1
  if (ring !== null && ring !== undefined && ring.shape.mode === 'full')
    ring.visit(fromMs, toMs, (slot) => {
      const bin = Math.min(points - 1, Math.floor((slot.atMs - fromMs) / binMs))
      const point = bin === lastBin ? atMs.length - 1 : atMs.length
      lastBin = bin
      atMs[point] = slot.atMs
      series.forEach((values, column) => {
        const value = slot.values[column * rows + seed]!
        values[point] = Number.isFinite(value) ? value : null
      })
    })
  return { at_ms: atMs, columns: Object.fromEntries(names.map((name, column) => [name, series[column]!])) }
}
