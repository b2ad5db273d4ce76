/*
 * seedDetectors: what a rule looks for in the columns of one layer, seed by seed, tick by tick.
 * In: a rule, the columns of a layer. Out: findings: raised, cleared, worse.
 * Invariant: pure but for the memory of each detector; plain loops over typed arrays, nothing allocated while all is well; NaN is
 * unmeasured: neither good nor bad.
 * Source: docs/alerts.md "rules that ship"; docs/training.md "health".
 */
import type { AlertRule } from '../contracts/alerts.ts'
import { SEED_STATE_ID } from '../contracts/lifecycleTable.ts'
import { createDormantDrift } from './dormantDrift.ts'
import { Hysteresis } from './hysteresis.ts'
import { brief, tellRows, type OnFinding, type SeedDetector } from './seedFinding.ts'

type Maker = (rule: AlertRule, rows: number, onFinding: OnFinding) => SeedDetector

/** A column against two fixed thresholds. */
const threshold =
  (metric: string, above: boolean, name: string): Maker =>
  (rule, rows, onFinding) => {
    const { raise, clear, raise_ticks: raiseTicks, clear_ticks: clearTicks } = rule.params as Record<string, number>
    const words = {
      metric,
      threshold: () => raise!,
      text: (_row: number, value: number) =>
        `${name} is ${brief(value)}, ${above ? 'at or above' : 'at or below'} ${brief(raise!)} for ${raiseTicks} ${raiseTicks === 1 ? 'tick' : 'ticks'}.`,
    }
    const rowsOf = new Hysteresis(rows, raiseTicks!, clearTicks!, tellRows(onFinding, words), above ? 'high' : 'low')
    return {
      adopt: (row, level) => rowsOf.adopt(row, level),
      evaluate({ seeds, offsetOf }) {
        const at = offsetOf(metric)
        if (at < 0) return
        rowsOf.begin()
        for (let row = 0; row < rows; row++) {
          const value = seeds[at + row]!
          const bad = above ? value >= raise! : value <= raise!
          const good = above ? value < clear! : value > clear!
          rowsOf.step(row, bad ? 1 : good ? -1 : 0, value)
        }
      },
    }
  }

/** Seeds that the median of a layer is taken from, evenly spread. */
const MEDIAN_OF = 1_024

/** Median of what is measured, of at most 1,024 evenly spread rows; NaN when there is nothing. */
export function layerMedian(values: Float32Array, at: number, rows: number, scratch: Float32Array): number {
  // Odd: rows that alternate are met both.
  const stride = Math.ceil(rows / MEDIAN_OF) | 1
  let count = 0
  for (let row = 0; row < rows; row += stride) {
    const value = values[at + row]!
    if (value === value) scratch[count++] = value
  }
  if (count === 0) return Number.NaN
  const sorted = scratch.subarray(0, count).sort()
  return count % 2 === 1 ? sorted[count >> 1]! : (sorted[(count >> 1) - 1]! + sorted[count >> 1]!) / 2
}

const vanishingFlow: Maker = (rule, rows, onFinding) => {
  const { raise, clear, raise_ticks: raiseTicks, clear_ticks: clearTicks } = rule.params as Record<string, number>
  const scratch = new Float32Array(Math.min(rows, MEDIAN_OF) + 1)
  let median = Number.NaN
  const words = {
    metric: 'flow_grad_norm',
    threshold: () => raise! * median,
    text: (_row: number, value: number) =>
      `Gradient flow is ${brief(value)}, less than ${brief(raise!)} of the layer's median ${brief(median)}, for ${raiseTicks} ticks.`,
  }
  const rowsOf = new Hysteresis(rows, raiseTicks!, clearTicks!, tellRows(onFinding, words), 'low')
  return {
    adopt: (row, level) => rowsOf.adopt(row, level),
    evaluate({ seeds, offsetOf }) {
      const at = offsetOf('flow_grad_norm')
      if (at < 0) return
      median = layerMedian(seeds, at, rows, scratch)
      if (!(median > 0)) return
      rowsOf.begin()
      const low = raise! * median
      const high = clear! * median
      for (let row = 0; row < rows; row++) {
        const value = seeds[at + row]!
        rowsOf.step(row, value < low ? 1 : value > high ? -1 : 0, value)
      }
    },
  }
}

const STATE_NAMES = new Map(Object.entries(SEED_STATE_ID).map(([name, id]) => [id, name]))

const stuckInState: Maker = (rule, rows, onFinding) => {
  const {
    factor,
    critical_factor: critical,
    germinated,
    training,
    grafting,
    evaluating,
  } = rule.params as Record<string, number>
  const nominal = new Float32Array(256).fill(Number.POSITIVE_INFINITY)
  nominal[SEED_STATE_ID.GERMINATED] = germinated!
  nominal[SEED_STATE_ID.TRAINING] = training!
  nominal[SEED_STATE_ID.GRAFTING] = grafting!
  nominal[SEED_STATE_ID.EVALUATING] = evaluating!
  const states = new Uint8Array(rows)
  const words = {
    metric: 'ticks_in_state',
    threshold: () => null,
    text: (row: number, value: number) =>
      `In ${STATE_NAMES.get(states[row]!) ?? 'its state'} for ${brief(value)} ticks; ${brief(nominal[states[row]!]!)} are usual.`,
  }
  const rowsOf = new Hysteresis(rows, 1, 1, tellRows(onFinding, words))
  return {
    adopt: (row, level) => rowsOf.adopt(row, level),
    evaluate({ seeds, offsetOf }) {
      const stateAt = offsetOf('state')
      const ticksAt = offsetOf('ticks_in_state')
      if (stateAt < 0 || ticksAt < 0) return
      rowsOf.begin()
      for (let row = 0; row < rows; row++) {
        const state = seeds[stateAt + row]!
        if (state !== state) continue
        const changed = states[row] !== state
        states[row] = state
        const ticks = seeds[ticksAt + row]!
        const usual = nominal[state & 255]!
        const verdict = ticks > factor! * usual ? 1 : ticks === ticks || changed ? -1 : 0
        rowsOf.step(row, verdict, ticks, ticks > critical! * usual ? 2 : 1)
      }
    },
  }
}

/** In these alpha may move as it likes: the ramp, the ends of a life. */
const MAY_MOVE = new Uint8Array(256)
for (const name of ['GRAFTING', 'FOSSILIZED', 'CULLED', 'CANCELLED', 'ROLLED_BACK', 'DORMANT'] as const)
  MAY_MOVE[SEED_STATE_ID[name]] = 1

const alphaJump: Maker = (rule, rows, onFinding) => {
  const { raise, clear_ticks: clearTicks } = rule.params as Record<string, number>
  const before = new Float32Array(rows).fill(Number.NaN)
  let beforeTick = Number.NaN
  const words = {
    metric: 'alpha',
    threshold: () => raise!,
    text: (_row: number, value: number) =>
      `Alpha moved by ${brief(value)} within one tick, outside a ramp and outside the end of a life.`,
  }
  const rowsOf = new Hysteresis(rows, 1, clearTicks!, tellRows(onFinding, words))
  return {
    adopt: (row, level) => rowsOf.adopt(row, level),
    evaluate({ seeds, offsetOf, tick }) {
      const at = offsetOf('alpha')
      const stateAt = offsetOf('state')
      if (at < 0 || stateAt < 0) return
      // Over a hole in the ticks nobody can tell a jump from a ramp.
      const next = tick === beforeTick + 1
      beforeTick = tick
      rowsOf.begin()
      for (let row = 0; row < rows; row++) {
        const alpha = seeds[at + row]!
        const moved = Math.abs(alpha - before[row]!)
        before[row] = alpha
        const jump = next && moved > raise! && MAY_MOVE[seeds[stateAt + row]! & 255] === 0
        if (jump) rowsOf.step(row, 1, moved)
        else if (rowsOf.raised.size > 0) rowsOf.step(row, -1, moved)
      }
    },
  }
}

const ransomware: Maker = (rule, rows, onFinding) => {
  const { contribution, improvement, reads } = rule.params as Record<string, number>
  const before = new Float32Array(rows).fill(Number.NaN)
  const words = {
    metric: 'performance_delta',
    threshold: () => contribution!,
    text: (_row: number, value: number) =>
      `It contributes ${brief(value * 100)} points while the whole became worse since its germination, for ${reads} reads.`,
  }
  const rowsOf = new Hysteresis(rows, reads!, 1, tellRows(onFinding, words))
  return {
    adopt: (row, level) => rowsOf.adopt(row, level),
    evaluate({ seeds, offsetOf }) {
      const at = offsetOf('performance_delta')
      const totalAt = offsetOf('total_improvement')
      const stateAt = offsetOf('state')
      if (at < 0 || totalAt < 0) return
      rowsOf.begin()
      for (let row = 0; row < rows; row++) {
        const value = seeds[at + row]!
        const last = before[row]!
        before[row] = value
        const raised = rowsOf.isRaised(row)
        // Its life is over, and what it was accused of with it: the readings stand there until the next one.
        const state = stateAt < 0 ? SEED_STATE_ID.FINE_TUNING : seeds[stateAt + row]!
        if (state < SEED_STATE_ID.EVALUATING || state > SEED_STATE_ID.FOSSILIZED) {
          if (raised) rowsOf.step(row, -1, value)
          continue
        }
        if (value !== value) continue
        const bad = value > contribution! && seeds[totalAt + row]! < improvement!
        const ended = !(value > contribution!) || seeds[totalAt + row]! >= improvement!
        // A reading stands for many ticks: it counts once.
        if (bad && (value !== last || raised)) rowsOf.step(row, 1, value)
        else if (ended) rowsOf.step(row, -1, value)
      }
    },
  }
}

const MAKERS: Readonly<Partial<Record<AlertRule['detector'], Maker>>> = Object.freeze({
  metric: (rule, rows, onFinding) =>
    threshold(rule.metric!, rule.params['above'] !== 0, rule.metric!)(rule, rows, onFinding),
  dead_chunk: threshold('dead_node_ratio', true, 'The share of dead units'),
  vanishing_flow: vanishingFlow,
  stuck_in_state: stuckInState,
  alpha_jump: alphaJump,
  dormant_drift: createDormantDrift,
  ransomware,
})

/** Makes the detector of a rule for a layer of so many rows; null: it does not look at seeds' columns. */
export function createSeedDetector(rule: AlertRule, rows: number, onFinding: OnFinding): SeedDetector | null {
  return MAKERS[rule.detector]?.(rule, rows, onFinding) ?? null
}
