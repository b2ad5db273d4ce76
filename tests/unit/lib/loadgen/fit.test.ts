/*
 * The fit: what the generator makes against recordings it was not fitted to.
 * In: shipped tables, held-out tables. Out: proof by Kolmogorov-Smirnov distance, lag-1 correlation, shares of edges.
 * Invariant: bounds are those of the sample's size in STAYS, for the ticks of one stay are much alike; nothing is timed.
 * Source: docs/performance.md "load generator".
 */
import { describe, expect, test } from 'vitest'
import { isLegalEdge, SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { fitTables, ksDistance } from '../../../../lib/loadgen/fitTables.ts'
import { LOAD_METRICS } from '../../../../lib/loadgen/loadRun.ts'
import type { LoadTables } from '../../../../lib/loadgen/loadTables.ts'
import { normalQuantile } from '../../../../lib/loadgen/normal.ts'
import { createRecorder } from '../../../../lib/loadgen/recording.ts'
import { createField, generate, heldOut, liveThrough, shipped } from './loadFixture.ts'

/** Two-sample Kolmogorov-Smirnov bound at one in a thousand, for n and m independent values. */
const ksBound = (n: number, m: number): number => 1.95 * Math.sqrt((n + m) / (n * m))
const RHO_TOLERANCE = 0.02
/** Dormant seeds are nine in ten, with 200 stays: their tables must do better than chance allows. */
const DORMANT_BOUND = 0.2

interface Distance {
  readonly table: string
  readonly distance: number
  readonly bound: number
}

function distances(tables: LoadTables): Distance[] {
  return LOAD_METRICS.flatMap((metric) => {
    const made = generate(tables, metric, 8_000, 4, 25)
    return SEED_STATES.flatMap((state, id) => {
      const held = heldOut.states[state].values[metric]?.quantiles
      if (!held || made.values[id]!.length === 0) return []
      const bound = ksBound(shipped.states[state].stays, heldOut.states[state].stays)
      return [{ table: `${state} ${metric}`, distance: ksDistance(made.values[id]!, held), bound }]
    })
  })
}

describe('values', () => {
  const found = distances(shipped)

  test('every table is as near to held-out runs as a sample of that many stays can be', () => {
    expect(found.length).toBeGreaterThan(100)
    expect(found.filter(({ distance, bound }) => distance > bound)).toEqual([])
  })

  test('tables of dormant seeds are within the stated bound', () => {
    const dormant = found.filter(({ table }) => table.startsWith('DORMANT'))
    expect(dormant.length).toBeGreaterThanOrEqual(9)
    expect(dormant.filter(({ distance }) => distance > DORMANT_BOUND)).toEqual([])
  })

  test('the bound can tell: tables of another state break it', () => {
    const swapped = { ...shipped, states: { ...shipped.states, DORMANT: shipped.states.FOSSILIZED } }
    const edges = {
      ...swapped.states.DORMANT,
      edges: shipped.states.DORMANT.edges,
      dwell_ticks: shipped.states.DORMANT.dwell_ticks,
    }
    const wrong = distances({ ...swapped, states: { ...swapped.states, DORMANT: edges } })
    expect(wrong.filter(({ distance, bound }) => distance > bound).length).toBeGreaterThan(2)
  })

  test('a metric is unmeasured as often as it was recorded', () => {
    const made = generate(shipped, 'shadow_gain', 20_000, 4, 60)
    const training = SEED_STATES.indexOf('TRAINING')
    const share = made.unmeasured[training]! / (made.unmeasured[training]! + made.values[training]!.length)
    expect(Math.abs(share - shipped.states.TRAINING.values['shadow_gain']!.unmeasured)).toBeLessThan(0.1)
    expect(made.values[SEED_STATES.indexOf('DORMANT')]).toEqual([])
  })
})

describe('memory', () => {
  test('the lag-1 correlation of a latent is the recorded one', () => {
    // Seen through a table that is the identity: quantiles of the standard normal in every state.
    for (const metric of ['update_ratio', 'health_score', 'chunk_variance']) {
      const rows = 4_000
      const rho = shipped.rho[metric]!
      const field = createField(identityTables(metric), [metric], rows)
      const target = new Float32Array(rows)
      let [xy, xx, yy] = [0, 0, 0]
      let before = new Float32Array(0)
      for (let sweep = 0; sweep < 40; sweep++) {
        field.sweep(target, [0], null)
        before.forEach((x, row) => {
          xy += x * target[row]!
          xx += x * x
          yy += target[row]! * target[row]!
        })
        before = target.slice()
      }
      expect(Math.abs(xy / Math.sqrt(xx * yy) - rho)).toBeLessThan(RHO_TOLERANCE)
    }
  })

  test('memory of held-out runs is near the fitted one', () => {
    for (const metric of LOAD_METRICS) expect(Math.abs(shipped.rho[metric]! - heldOut.rho[metric]!)).toBeLessThan(0.06)
  })
})

/** The shipped lives with values that are the latent itself. */
function identityTables(metric: string): LoadTables {
  const quantiles = Array.from({ length: 64 }, (_, i) => normalQuantile((i + 0.5) / 64))
  const states = Object.fromEntries(
    SEED_STATES.map((state) => [
      state,
      { ...shipped.states[state], values: { [metric]: { unmeasured: 0, quantiles } } },
    ]),
  ) as LoadTables['states']
  return { ...shipped, states }
}

describe('lives', () => {
  test('only legal edges are taken, and their shares are the recorded ones', () => {
    const counts = new Map<string, number>()
    const totals = new Map<string, number>()
    const illegal: string[] = []
    const tables = { ...shipped, fossil_share: 1 }
    liveThrough(createField(tables, [], 20_000), 200, (_row, from, to) => {
      const [a, b] = [SEED_STATES[from]!, SEED_STATES[to]!]
      if (!isLegalEdge(a, b)) illegal.push(`${a} ${b}`)
      counts.set(`${a} ${b}`, (counts.get(`${a} ${b}`) ?? 0) + 1)
      totals.set(a, (totals.get(a) ?? 0) + 1)
    })
    expect(illegal).toEqual([])
    for (const state of SEED_STATES)
      for (const { to, share } of shipped.states[state].edges)
        expect(Math.abs((counts.get(`${state} ${to}`) ?? 0) / (totals.get(state) ?? 1) - share)).toBeLessThan(0.05)
  })

  test('fossils stay below the recorded share or where they began', () => {
    const field = createField(shipped, [], 5_000)
    liveThrough(field, 1_500, () => undefined)
    const fossil = SEED_STATES.indexOf('FOSSILIZED')
    const share = field.state.filter((state) => state === fossil).length / field.rows
    expect(share).toBeGreaterThan(0.05)
    expect(share).toBeLessThanOrEqual(shipped.fossil_share + 1 / field.rows)
  })

  test('alpha ramps from 0 to 1 while grafting, never leaves 0..1 and never jumps back', () => {
    const rows = 300
    const field = createField(shipped, [], rows)
    const target = new Float32Array(rows * 2)
    const ended = new Set(['CULLED', 'DORMANT'])
    let before = new Float32Array(rows)
    let [outside, back] = [0, 0]
    for (let sweep = 0; sweep < 400; sweep++) {
      field.sweep(target, ['state', 'alpha'], null)
      for (let row = 0; row < rows; row++) {
        const alpha = target[rows + row]!
        if (!(alpha >= 0 && alpha <= 1.000_1)) outside++
        if (!ended.has(SEED_STATES[target[row]!]!) && alpha < before[row]! - 1e-4) back++
      }
      before = target.slice(rows)
    }
    expect([outside, back]).toEqual([0, 0])
  })
})

test('the same seed and layer give the same bytes, another one does not', () => {
  const bytes = (seed: number, layer: number): Float32Array => {
    const field = createField(shipped, ['health_score', 'flow_grad_norm'], 300, seed, layer)
    const target = new Float32Array(300 * 4)
    for (let sweep = 0; sweep < 50; sweep++) field.sweep(target, ['state', 'ticksInState', 0, 1], null)
    return target
  }
  const one = bytes(7, 3)
  expect(bytes(7, 3)).toEqual(one)
  expect(bytes(8, 3)).not.toEqual(one)
  expect(bytes(7, 4)).not.toEqual(one)
})

test('a fit reads quantiles, dwell times and edges out of a recording', () => {
  const values = [new Float32Array([0, 0, 0, 0, 1, 2]), new Float32Array([1, 0, 1, 0, 3, Number.NaN])]
  let tick = 0
  const trainer = { layerIds: ['layer_0'], seedsPerLayer: 2, tick: 0, seedColumns: () => values[tick]! }
  const recorder = createRecorder(trainer, 3, 2)
  recorder.take()
  tick = 1
  recorder.take()
  const recording = recorder.finish(1, [{ tick: 1, seed: 0, from: 'DORMANT', to: 'GERMINATED' }])
  const provenance = {
    trainer: 'a test',
    fit_seeds: [1],
    steps_per_seed: 2,
    steps_per_tick: 1,
    seed_ticks: 4,
    note: '',
  }
  const columns = ['state', 'blueprint', 'health_score']
  const tables = fitTables({
    recordings: [recording],
    columns,
    metrics: ['health_score'],
    blueprintIds: { 1: 'affine' },
    provenance,
  })
  expect(tables.states.DORMANT).toMatchObject({ samples: 3, stays: 2, edges: [{ to: 'GERMINATED', share: 1 }] })
  expect(tables.states.DORMANT.dwell_ticks?.[0]).toBe(1)
  expect(tables.states.DORMANT.values['health_score']).toMatchObject({ unmeasured: 0.33333 })
  expect(tables.states.GERMINATED.values['health_score']?.quantiles?.[63]).toBe(3)
  expect(tables.blueprints).toEqual([{ blueprint_id: 'affine', index: 1, share: 1 }])
})
