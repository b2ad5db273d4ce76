/*
 * HealthWindow: what a chunk did during one tick, from sums taken at every step.
 * In: activations and gradients of each layer, each step. Out: the window metrics and the health score per chunk.
 * Invariant: observing allocates nothing; undefined quantities (rank of a constant, correlation of one unit) are NaN.
 * Source: docs/training.md "metrics"; seed-design.md 2.2.
 */
const ACTIVE_LIMIT = 1e-6

/** Window metrics, one entry per chunk. */
export interface HealthReadings {
  readonly mean: Float64Array
  readonly variance: Float64Array
  readonly sparsity: Float64Array
  readonly deadRatio: Float64Array
  readonly correlation: Float64Array
  readonly rank: Float64Array
  readonly demand: Float64Array
  readonly flow: Float64Array
  readonly score: Float64Array
}

/** A class because `observe` runs three times per step over every activation. */
export class HealthWindow {
  readonly readings: HealthReadings
  private readonly layers: number
  private readonly perLayer: number
  private readonly units: number
  /** All sums in one array, so that saving and clearing are one copy. Regions: see the offsets below. */
  private readonly sums: Float64Array
  private readonly sum: Float64Array
  private readonly squares: Float64Array
  private readonly zeros: Float64Array
  private readonly demand: Float64Array
  private readonly flow: Float64Array
  private readonly unitSum: Float64Array
  private readonly unitActive: Float64Array
  private readonly products: Float64Array
  private readonly counts: Float64Array

  constructor(layers: number, perLayer: number, units: number) {
    this.layers = layers
    this.perLayer = perLayer
    this.units = units
    const n = layers * perLayer
    this.sums = new Float64Array(5 * n + 2 * n * units + n * units * units + 2)
    let at = 0
    const take = (length: number): Float64Array => {
      const view = this.sums.subarray(at, at + length)
      at += length
      return view
    }
    this.sum = take(n)
    this.squares = take(n)
    this.zeros = take(n)
    this.demand = take(n)
    this.flow = take(n)
    this.unitSum = take(n * units)
    this.unitActive = take(n * units)
    this.products = take(n * units * units)
    this.counts = take(2)
    const unmeasured = () => new Float64Array(n).fill(NaN)
    this.readings = {
      mean: unmeasured(),
      variance: unmeasured(),
      sparsity: unmeasured(),
      deadRatio: unmeasured(),
      correlation: unmeasured(),
      rank: unmeasured(),
      demand: unmeasured(),
      flow: unmeasured(),
      score: unmeasured(),
    }
  }

  /** Adds one step of one layer; all arrays are [rows][width]. Call for layer 0 last or first, once per step each. */
  observe(layer: number, activations: Float32Array, dH: Float32Array, dZ: Float32Array, rows: number): void {
    const c = this.units
    const width = c * this.perLayer
    for (let k = 0; k < this.perLayer; k++) {
      const chunk = layer * this.perLayer + k
      const unitAt = chunk * c
      const productAt = chunk * c * c
      let sum = 0
      let squares = 0
      let zeros = 0
      let demand = 0
      let flow = 0
      for (let n = 0; n < rows; n++) {
        const row = n * width + k * c
        for (let j = 0; j < c; j++) {
          const v = activations[row + j]!
          const d = dH[row + j]!
          const f = dZ[row + j]!
          sum += v
          squares += v * v
          demand += d * d
          flow += f * f
          this.unitSum[unitAt + j]! += v
          if (v <= ACTIVE_LIMIT) zeros++
          else this.unitActive[unitAt + j]!++
          for (let m = 0; m <= j; m++) this.products[productAt + j * c + m]! += v * activations[row + m]!
        }
      }
      this.sum[chunk]! += sum
      this.squares[chunk]! += squares
      this.zeros[chunk]! += zeros
      this.demand[chunk]! += demand
      this.flow[chunk]! += flow
    }
    if (layer !== 0) return
    this.counts[0]! += rows
    this.counts[1]!++
  }

  /** Turns the sums into readings and starts a new window. Without a single step the readings become NaN. */
  finish(): void {
    const samples = this.counts[0]!
    const steps = this.counts[1]!
    for (let chunk = 0; chunk < this.layers * this.perLayer; chunk++) this.finishChunk(chunk, samples, steps)
    for (let layer = 0; layer < this.layers; layer++) this.scoreLayer(layer)
    this.sums.fill(0)
  }

  private covariance(chunk: number, j: number, m: number, samples: number): number {
    const c = this.units
    const mean = (this.unitSum[chunk * c + j]! / samples) * (this.unitSum[chunk * c + m]! / samples)
    return this.products[chunk * c * c + j * c + m]! / samples - mean
  }

  private finishChunk(chunk: number, samples: number, steps: number): void {
    const c = this.units
    const n = samples * c
    const r = this.readings
    const mean = this.sum[chunk]! / n
    r.mean[chunk] = mean
    r.variance[chunk] = Math.max(0, this.squares[chunk]! / n - mean * mean)
    r.sparsity[chunk] = this.zeros[chunk]! / n
    r.demand[chunk] = Math.sqrt(this.demand[chunk]! / steps)
    r.flow[chunk] = Math.sqrt(this.flow[chunk]! / steps)
    let dead = 0
    let trace = 0
    let trace2 = 0
    let correlation = 0
    let pairs = 0
    for (let j = 0; j < c; j++) {
      if (this.unitActive[chunk * c + j] === 0) dead++
      const own = this.covariance(chunk, j, j, samples)
      trace += own
      trace2 += own * own
      for (let m = 0; m < j; m++) {
        const shared = this.covariance(chunk, j, m, samples)
        trace2 += 2 * shared * shared
        const other = this.covariance(chunk, m, m, samples)
        if (own > 1e-12 && other > 1e-12) {
          correlation += Math.min(1, Math.abs(shared / Math.sqrt(own * other)))
          pairs++
        }
      }
    }
    r.deadRatio[chunk] = samples > 0 ? dead / c : NaN
    r.rank[chunk] = trace2 > 0 ? (trace * trace) / (c * trace2) : NaN
    r.correlation[chunk] = pairs > 0 ? correlation / pairs : NaN
  }

  /**
   * 0.4 live units + 0.2 variance + 0.3 gradient + 0.1 rank, relative to the layer's medians. The gradient term reads the
   * flow behind the ReLU: a dead chunk may still be wanted (demand), but nothing can reach it.
   */
  private scoreLayer(layer: number): void {
    const r = this.readings
    const from = layer * this.perLayer
    const flowMedian = this.median(r.flow, from)
    const varianceMedian = this.median(r.variance, from)
    for (let chunk = from; chunk < from + this.perLayer; chunk++) {
      const variance = r.variance[chunk]!
      const flow = r.flow[chunk]!
      const broken = !Number.isFinite(variance) || !Number.isFinite(flow) || !Number.isFinite(r.demand[chunk]!)
      if (broken) {
        r.score[chunk] = this.counts[1] === 0 ? NaN : 0
        continue
      }
      const spread = variance === 0 ? 0 : Math.min(1, (2 * variance) / (variance + varianceMedian))
      const rank = Number.isNaN(r.rank[chunk]!) ? 0 : r.rank[chunk]!
      r.score[chunk] =
        0.4 * (1 - r.deadRatio[chunk]!) + 0.2 * spread + 0.3 * gradientHealth(flow, flowMedian) + 0.1 * rank
    }
  }

  /** Of the finite values, so that one broken chunk does not blind its neighbours; NaN when there is none. */
  private median(values: Float64Array, from: number): number {
    const sorted = values
      .slice(from, from + this.perLayer)
      .filter((value) => Number.isFinite(value))
      .toSorted()
    const half = sorted.length >> 1
    return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
  }

  save(): number[] {
    return Array.from(this.sums)
  }

  restore(sums: readonly number[]): void {
    this.sums.set(sums)
  }
}

/** 1 inside 0.1..10 times the layer's median flow, falling by one per decade outside; 0 when nothing flows. */
export function gradientHealth(flow: number, median: number): number {
  if (!Number.isFinite(flow) || flow === 0) return 0
  const ratio = flow / Math.max(median, 1e-12)
  return Math.max(0, 1 - Math.max(0, Math.abs(Math.log10(ratio)) - 1))
}
