/*
 * dormantDrift: a dormant chunk whose activations are not what they were: robust z against its own first ticks.
 * In: variance and correlation of each seed while it is dormant. Out: findings.
 * Invariant: the baseline of a seed is taken once, from 32 samples over its first dormant ticks; before that it is not judged; the work of
 * taking baselines is spread over ticks.
 * Source: docs/alerts.md "rules that ship".
 */
import type { AlertRule } from '../contracts/alerts.ts'
import { SEED_STATE_ID } from '../contracts/lifecycleTable.ts'
import { Hysteresis } from './hysteresis.ts'
import { tellRows, type LayerColumns, type OnFinding, type SeedDetector } from './seedFinding.ts'

const METRICS = ['chunk_variance', 'avg_inter_node_correlation'] as const
const SAMPLES = 32
/** Baselines taken in one tick: two sorts of 32 values each. */
const FINISHED_PER_TICK = 200
/** A median absolute deviation of a normal distribution is its sigma divided by this. */
const MAD_TO_SIGMA = 1.4826
/** Readings repeat themselves where nothing moves: a deviation of nothing would make every change infinite. */
const LEAST_SHARE = 0.05
const LEAST = 1e-3

const median = (sorted: Float32Array): number => {
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Centre and spread of some values, not moved by a few wild ones. */
export function robustBaseline(values: Float32Array): { readonly centre: number; readonly spread: number } {
  const centre = median(values.slice().sort())
  const deviations = values.map((value) => Math.abs(value - centre)).sort()
  const spread = Math.max(median(deviations) * MAD_TO_SIGMA, Math.abs(centre) * LEAST_SHARE, LEAST)
  return { centre, spread }
}

/** Makes the detector of one layer. */
export function createDormantDrift(rule: AlertRule, rows: number, onFinding: OnFinding): SeedDetector {
  const { raise, clear, raise_ticks: raiseTicks, baseline_ticks: baselineTicks } = rule.params as Record<string, number>
  const every = Math.max(1, Math.floor(baselineTicks! / SAMPLES))
  const dormantTicks = new Uint16Array(rows)
  const taken = new Uint8Array(rows)
  /** Per metric: centre and spread of each row; NaN until its baseline is taken. */
  const centres = METRICS.map(() => new Float32Array(rows).fill(Number.NaN))
  const spreads = METRICS.map(() => new Float32Array(rows).fill(Number.NaN))
  /** Samples are let go when the last baseline of the layer is taken. */
  let samples: Float32Array[] | null = METRICS.map(() => new Float32Array(rows * SAMPLES))
  let missing = rows
  let worstMetric: string = METRICS[0]
  const words = {
    metric: METRICS[0],
    threshold: () => raise!,
    text: (_row: number, value: number) =>
      `${worstMetric} of a dormant chunk is ${value.toFixed(1)} robust deviations from its first ${baselineTicks} ticks.`,
  }
  const rowsOf = new Hysteresis(rows, raiseTicks!, 1, tellRows(onFinding, words))

  const finish = (row: number): void => {
    for (let metric = 0; metric < METRICS.length; metric++) {
      const values = samples![metric]!.subarray(row * SAMPLES, (row + 1) * SAMPLES).filter((value) => value === value)
      if (values.length < SAMPLES / 2) continue
      const { centre, spread } = robustBaseline(values)
      centres[metric]![row] = centre
      spreads[metric]![row] = spread
    }
    taken[row] = SAMPLES + 1
    if (--missing === 0) samples = null
  }

  const learn = (row: number, seeds: Float32Array, offsets: readonly number[]): boolean => {
    if (taken[row]! > SAMPLES || samples === null) return false
    if (taken[row] === SAMPLES) return true
    if (dormantTicks[row]!++ % every !== 0) return false
    offsets.forEach((at, metric) => {
      samples![metric]![row * SAMPLES + taken[row]!] = at < 0 ? Number.NaN : seeds[at + row]!
    })
    taken[row]!++
    return false
  }

  return {
    adopt: (row, level) => rowsOf.adopt(row, level),
    evaluate({ seeds, offsetOf }: LayerColumns) {
      const stateAt = offsetOf('state')
      const offsets = METRICS.map(offsetOf)
      if (stateAt < 0 || offsets.every((at) => at < 0)) return
      let finished = 0
      rowsOf.begin()
      for (let row = 0; row < rows; row++) {
        if (seeds[stateAt + row] !== SEED_STATE_ID.DORMANT) {
          // It lives: what its chunk does is no drift any more.
          if (rowsOf.isRaised(row)) rowsOf.step(row, -1, 0)
          continue
        }
        if (missing > 0 && learn(row, seeds, offsets) && finished++ < FINISHED_PER_TICK) finish(row)
        let worst = Number.NaN
        for (let metric = 0; metric < METRICS.length; metric++) {
          const at = offsets[metric]!
          if (at < 0) continue
          const z = Math.abs(seeds[at + row]! - centres[metric]![row]!) / spreads[metric]![row]!
          if (!(z <= worst) && z === z) {
            worst = z
            if (z > raise!) worstMetric = METRICS[metric]!
          }
        }
        if (worst === worst) rowsOf.step(row, worst > raise! ? 1 : worst < clear! ? -1 : 0, worst)
      }
    },
  }
}
