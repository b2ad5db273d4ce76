/*
 * livesSeries: several metrics of one seed out of the history ring in one pass, with the least and greatest value of every bin.
 * In: a ring, columns, a window. Out: per metric its own times and values, how many measured points there were.
 * Invariant: every point was really measured at the time it carries; peaks survive; a bin without values leaves a hole, and the
 * hole is told by a null point, never joined.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "honest decimation"; seed-design.md 4.2.
 */
import { columnIndex } from '../../lib/contracts/columnIndex.ts'
import type { KnownRun } from './runBook.ts'

export interface MetricSeries {
  readonly metric: string
  readonly at_ms: number[]
  readonly values: (number | null)[]
  readonly of: number
  readonly shown: number
}

/** Collects one metric: at most two points per bin, in the order they were measured. */
export class MinMaxBins {
  readonly at_ms: number[] = []
  readonly values: (number | null)[] = []
  of = 0
  shown = 0
  readonly #fromMs: number
  readonly #binMs: number
  #bin = -1
  #lowMs = 0
  #low = Number.NaN
  #highMs = 0
  #high = Number.NaN
  #hole = false

  constructor(fromMs: number, binMs: number) {
    this.#fromMs = fromMs
    this.#binMs = binMs
  }

  add(atMs: number, value: number): void {
    const bin = Math.floor((atMs - this.#fromMs) / this.#binMs)
    if (bin !== this.#bin) {
      this.#flush()
      this.#bin = bin
    }
    if (!Number.isFinite(value)) {
      this.#hole = true
      return
    }
    this.of++
    if (!(this.#low <= value)) {
      this.#low = value
      this.#lowMs = atMs
    }
    if (!(this.#high >= value)) {
      this.#high = value
      this.#highMs = atMs
    }
  }

  end(): void {
    this.#flush()
  }

  #put(atMs: number, value: number): void {
    this.at_ms.push(Math.round(atMs))
    // A float32 has seven digits; the rest would be noise that travels.
    this.values.push(Number(value.toPrecision(7)))
    this.shown++
  }

  #flush(): void {
    if (this.#low === this.#low) {
      const [firstMs, first, lastMs, last] =
        this.#lowMs <= this.#highMs
          ? [this.#lowMs, this.#low, this.#highMs, this.#high]
          : [this.#highMs, this.#high, this.#lowMs, this.#low]
      this.#put(firstMs, first)
      if (lastMs !== firstMs) this.#put(lastMs, last)
    } else if (this.#hole && this.values.length > 0 && this.values.at(-1) !== null) {
      // Unmeasured for a whole bin: the line breaks here.
      this.at_ms.push(Math.round(this.#fromMs + (this.#bin + 0.5) * this.#binMs))
      this.values.push(null)
    }
    this.#low = Number.NaN
    this.#high = Number.NaN
    this.#hole = false
  }
}

export interface SeedSeriesRequest {
  readonly run: KnownRun
  readonly layer: number
  readonly seed: number
  readonly metrics: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  /** At most this many points per metric. */
  readonly points: number
}

/** Length of a bin, each of which gives its least and its greatest value. */
export const binOf = ({ fromMs, toMs, points }: Pick<SeedSeriesRequest, 'fromMs' | 'toMs' | 'points'>): number =>
  Math.max(1, (toMs - fromMs) / Math.max(1, Math.floor(points / 2)))

/** Says why there can be no series; null when there can. */
export function whyNoSeries(run: KnownRun, layer: number): string | null {
  const ring = run.history[layer]
  if (ring === null || ring === undefined) return 'no history is kept of this run: the memory for it is used up'
  if (ring.shape.mode !== 'full') return 'this layer has too many seeds: only its summary is kept over time'
  return null
}

/** Reads the series of one seed. */
export function readMetricSeries(request: SeedSeriesRequest): readonly MetricSeries[] {
  const { run, layer, seed, metrics, fromMs, toMs } = request
  const binMs = binOf(request)
  const { rows } = run.tables[layer]!.shape
  const taken = metrics.map((metric) => ({
    metric,
    offset: columnIndex(run.descriptor.seed_columns, metric) * rows + seed,
    bins: new MinMaxBins(fromMs, binMs),
  }))
  const ring = run.history[layer]
  if (ring && ring.shape.mode === 'full')
    ring.visit(fromMs, toMs, ({ atMs, values }) => {
      for (const { offset, bins } of taken) bins.add(atMs, offset < 0 ? Number.NaN : values[offset]!)
    })
  return taken.map(({ metric, bins }) => {
    bins.end()
    return { metric, at_ms: bins.at_ms, values: bins.values, of: bins.of, shown: bins.shown }
  })
}
