import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SeedState } from '../../../../lib/contracts/lifecycle.ts'
import { SEED_STATES, SEED_STATE_ID, isLegalEdge } from '../../../../lib/contracts/lifecycleTable.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import type { Observation } from '../../../../lib/controller/observation.ts'
import { chooseBlueprint, decide } from '../../../../lib/controller/policy.ts'
import { createPolicyState, type PolicyState } from '../../../../lib/controller/policyState.ts'
import { createRandomPolicy } from '../../../../lib/controller/randomPolicy.ts'

type Reading = Readonly<Record<string, number>> & { readonly state?: never }
interface Given {
  readonly tick: number
  readonly seeds: readonly { readonly state: SeedState; readonly with?: Reading }[]
  readonly valLoss?: number
  readonly asOfStep?: number
  readonly outcomes?: Observation['outcomes']
  readonly halted?: boolean
}

function observation({
  tick,
  seeds,
  valLoss = NaN,
  asOfStep = NaN,
  outcomes = [],
  halted = false,
}: Given): Observation {
  const seedColumns = new Float32Array(SEED_COLUMNS.length * seeds.length).fill(NaN)
  seeds.forEach((seed, row) => {
    const put = (name: string, value: number) => {
      seedColumns[columnIndex(SEED_COLUMNS, name) * seeds.length + row] = value
    }
    const defaults = { generation: 1, ticks_in_state: 1, blueprint: 6, demand_grad_norm: 0.1, dead_node_ratio: 0 }
    for (const [name, value] of Object.entries({ ...defaults, ...seed.with })) put(name, value)
    put('state', SEED_STATE_ID[seed.state])
  })
  const layerColumns = new Float32Array(LAYER_COLUMNS.length).fill(NaN)
  layerColumns[columnIndex(LAYER_COLUMNS, 'val_loss')] = valLoss
  layerColumns[columnIndex(LAYER_COLUMNS, 'val_accuracy')] = 0.8
  layerColumns[columnIndex(LAYER_COLUMNS, 'as_of_step')] = asOfStep
  const layers = [{ layerId: 'layer_0', seeds: seeds.length, seedColumns, layerColumns }]
  return { step: tick * 20, tick, halted, layers, outcomes }
}
const decideOne = (state: SeedState, reading: Reading) =>
  decide(createPolicyState(), observation({ tick: 1, seeds: [{ state, with: reading }] })).decisions[0]?.targetState ??
  null

const growing = (): PolicyState => ({ ...createPolicyState(), growing: true, valAccuracy: 0.8 })

test('each state has its way forward and its way out', () => {
  expect(decideOne('GERMINATED', {})).toBe('TRAINING')
  const trained = { ticks_in_state: 30, reconstruction_loss: 0.01, shadow_gain: 0.01 }
  expect(decideOne('TRAINING', trained)).toBe('GRAFTING')
  expect(decideOne('TRAINING', { ...trained, ticks_in_state: 10, reconstruction_loss: 0.2 })).toBe('CULLED')
  expect(decideOne('TRAINING', { ...trained, shadow_gain: 0 })).toBeNull()
  expect(decideOne('TRAINING', { ...trained, shadow_gain: 0, ticks_in_state: 60 })).toBe('CULLED')
  expect(decideOne('GRAFTING', { alpha: 0.9, ticks_in_state: 80 })).toBeNull()
  expect(decideOne('GRAFTING', { alpha: 0.9, ticks_in_state: 81 })).toBe('ROLLED_BACK')
  expect(decideOne('GRAFTING', { alpha: 1 })).toBe('STABILIZATION')
  expect(decideOne('STABILIZATION', { ticks_in_state: 6 })).toBe('EVALUATING')
  const measured = { ticks_in_state: 6, performance_delta: 0.01, stability_score: 0.9 }
  expect(decideOne('EVALUATING', measured)).toBe('FINE_TUNING')
  expect(decideOne('EVALUATING', { ...measured, stability_score: 0.5 })).toBeNull()
  expect(decideOne('EVALUATING', { ...measured, performance_delta: -0.01, ticks_in_state: 12 })).toBe('CULLED')
  const tuned = { ticks_in_state: 12, performance_delta: 0.01, total_improvement: 0.02 }
  expect(decideOne('FINE_TUNING', tuned)).toBe('FOSSILIZED')
  expect(decideOne('FINE_TUNING', { ...tuned, performance_delta: 0.004 })).toBeNull()
  expect(decideOne('FINE_TUNING', { ...tuned, performance_delta: 0.004, ticks_in_state: 36 })).toBe('CULLED')
  expect(decideOne('FOSSILIZED', { ticks_in_state: 9_999 })).toBeNull()
  for (const [state, ticks] of [
    ['CULLED', 25],
    ['CANCELLED', 10],
    ['ROLLED_BACK', 25],
  ] as const) {
    expect(decideOne(state, { ticks_in_state: ticks - 1 })).toBeNull()
    expect(decideOne(state, { ticks_in_state: ticks })).toBe('DORMANT')
  }
})

test('an unmeasured reading is never good enough', () => {
  expect(decideOne('TRAINING', { ticks_in_state: 30 })).toBeNull()
  expect(decideOne('EVALUATING', { ticks_in_state: 6 })).toBeNull()
  expect(decideOne('FINE_TUNING', { ticks_in_state: 12 })).toBeNull()
})

test('growth begins at a plateau of five evaluations, not before', () => {
  let state = createPolicyState()
  const seen: number[] = []
  for (let tick = 1; tick <= 8; tick++) {
    const step = decide(state, observation({ tick, seeds: [{ state: 'DORMANT' }], valLoss: 0.5, asOfStep: tick * 100 }))
    state = step.state
    if (step.decisions.length > 0) seen.push(tick)
  }
  // The first evaluation is the best one; five that do not better it follow.
  expect(seen).toEqual([6])
})

test('it plants where units are dead, then where demand is highest', () => {
  const choose = (seeds: Given['seeds']) => decide(growing(), observation({ tick: 100, seeds })).decisions[0]
  const wanted = { state: 'DORMANT', with: { demand_grad_norm: 0.9 } } as const
  const dead = { state: 'DORMANT', with: { dead_node_ratio: 1, demand_grad_norm: 0.01 } } as const
  expect(choose([{ state: 'DORMANT' }, wanted])).toMatchObject({ seedId: 1, targetState: 'GERMINATED' })
  expect(choose([wanted, { state: 'DORMANT' }, dead])).toMatchObject({ seedId: 2, blueprintId: 'bypass_mlp' })
})

test('no more than three live seeds, germinations in flight included, and one in ten ticks', () => {
  const live = { state: 'STABILIZATION' } as const
  const full = observation({ tick: 100, seeds: [live, live, live, { state: 'DORMANT' }] })
  expect(decide(growing(), full).decisions).toEqual([])
  const two = (tick: number) => observation({ tick, seeds: [live, live, { state: 'DORMANT' }, { state: 'DORMANT' }] })
  const first = decide(growing(), two(100))
  expect(first.decisions).toHaveLength(1)
  // Still in flight at tick 110: it holds the third slot although no column shows it yet.
  expect(decide(first.state, two(110)).decisions).toEqual([])
})

test('a decision in flight is repeated only after its time-out', () => {
  let state = createPolicyState()
  const sent: number[] = []
  for (let tick = 1; tick <= 45; tick++) {
    const step = decide(state, observation({ tick, seeds: [{ state: 'GERMINATED' }] }))
    state = step.state
    if (step.decisions.length > 0) sent.push(tick)
  }
  expect(sent).toEqual([1, 21, 41])
})

test('a refused decision backs off, twice as long each time, and is forgotten when the seed moves on', () => {
  let state = createPolicyState()
  const sent: number[] = []
  let outcomes: Observation['outcomes'] = []
  for (let tick = 1; tick <= 60; tick++) {
    const step = decide(state, observation({ tick, seeds: [{ state: 'GERMINATED' }], outcomes }))
    state = step.state
    outcomes = step.decisions.map(({ key }) => ({ key, applied: false }))
    if (step.decisions.length > 0) sent.push(tick)
  }
  expect(sent).toEqual([1, 7, 18, 39])
  const moved = decide(state, observation({ tick: 61, seeds: [{ state: 'TRAINING' }] }))
  expect(moved.state.pending).toEqual({})
})

test('lost germinations free their seeds and slots again, so growth goes on', () => {
  let state = growing()
  const sent: [number, number][] = []
  // No command ever arrives: every seed stays dormant, no outcome is told.
  for (let tick = 1; tick <= 60; tick++) {
    const seeds = [{ state: 'DORMANT' }, { state: 'DORMANT' }] as const
    const step = decide(state, observation({ tick, seeds }))
    state = step.state
    for (const decision of step.decisions) sent.push([tick, decision.seedId])
  }
  expect(sent).toEqual([
    [1, 0],
    [11, 1],
    [21, 0],
    [31, 1],
    [41, 0],
    [51, 1],
  ])
})

test('a seed that holds the host to ransom is culled after two evaluations', () => {
  let state = createPolicyState()
  const ransom = { ticks_in_state: 15, performance_delta: 0.03, total_improvement: -0.02 }
  const sent: string[] = []
  for (let tick = 1; tick <= 4; tick++) {
    const seeds = [{ state: 'FINE_TUNING', with: ransom }] as const
    const step = decide(state, observation({ tick, seeds, valLoss: 0.5, asOfStep: tick * 100 }))
    state = step.state
    for (const decision of step.decisions) sent.push(`${tick} ${decision.targetState}`)
  }
  expect(sent).toEqual(['3 CULLED'])
})

test('recipes: the first until a life ends, then every other germination explores, the rest exploit', () => {
  const fresh = growing()
  expect(chooseBlueprint(fresh)).toBe('bypass_mlp')
  const fossil = { tries: 3, ended: 1, value: 0.02, fossilised: 1 }
  const after = (germinations: number, blueprints: PolicyState['blueprints']) =>
    chooseBlueprint({ ...fresh, germinations, blueprints })
  expect(after(3, { bypass_mlp: fossil })).toBe('low_rank')
  expect(after(4, { bypass_mlp: fossil, low_rank: { tries: 1, ended: 1, value: 0, fossilised: 0 } })).toBe('bypass_mlp')
  const failing = { tries: 9, ended: 9, value: 0, fossilised: 0 }
  expect(after(4, { bypass_mlp: failing, gated: { tries: 1, ended: 1, value: 0.01, fossilised: 1 } })).toBe('gated')
})

test('ten lives in a row without a fossil end growth', () => {
  const state = { ...growing(), failedLives: 9 }
  const before = decide(state, observation({ tick: 99, seeds: [{ state: 'TRAINING' }] }))
  const after = decide(before.state, observation({ tick: 100, seeds: [{ state: 'CULLED' }, { state: 'DORMANT' }] }))
  expect(after.state.saturated).toBe(true)
  expect(after.decisions).toEqual([])
})

const anyReading = fc.record(
  Object.fromEntries(
    SEED_COLUMNS.map((column) => [
      column.name,
      fc.oneof(fc.constant(NaN), fc.double({ min: -100, max: 100, noNaN: true })),
    ]),
  ),
)
const anySeed = fc.record({ state: fc.constantFrom(...SEED_STATES), with: anyReading as fc.Arbitrary<Reading> })
const anyRun = fc.array(fc.array(anySeed, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 30 })

test('whatever it sees, it wants only legal edges, from the state it saw, one decision per seed', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      let state = growing()
      run.forEach((seeds, i) => {
        const step = decide(state, observation({ tick: i + 1, seeds, valLoss: 1, asOfStep: i }))
        state = step.state
        expect(new Set(step.decisions.map((decision) => decision.seedId)).size).toBe(step.decisions.length)
        for (const decision of step.decisions) {
          expect(decision.expect.fromState).toBe(seeds[decision.seedId]!.state)
          expect(isLegalEdge(decision.expect.fromState, decision.targetState)).toBe(true)
        }
      })
    }),
    { seed: 11, numRuns: 100 },
  )
})

test('it is a function: the same inputs give the same outputs and nothing it was given changes', () => {
  fc.assert(
    fc.property(anyRun, (run) => {
      const play = () => {
        let state = Object.freeze(growing())
        const all: unknown[] = []
        run.forEach((seeds, i) => {
          const seen = observation({ tick: i + 1, seeds })
          const copy = structuredClone(seen)
          const step = decide(state, seen)
          expect(seen).toEqual(copy)
          state = Object.freeze(step.state)
          all.push(step.decisions)
        })
        return { all, state }
      }
      expect(play()).toEqual(play())
    }),
    { seed: 12, numRuns: 50 },
  )
})

test('an old or repeated tick, and a halted trainer, get no decision', () => {
  const seeds = [{ state: 'GERMINATED' }] as const
  const { state } = decide(createPolicyState(), observation({ tick: 5, seeds: [{ state: 'DORMANT' }] }))
  expect(decide(state, observation({ tick: 5, seeds }))).toEqual({ state, decisions: [] })
  expect(decide(state, observation({ tick: 6, seeds, halted: true })).decisions).toEqual([])
})

test('the random control differs in place and recipe only', () => {
  const seeds = [
    { state: 'DORMANT', with: { demand_grad_norm: 9 } },
    { state: 'DORMANT' },
    { state: 'GERMINATED' },
  ] as const
  const seen = observation({ tick: 100, seeds })
  const wanted = (draw: number) =>
    createRandomPolicy(() => draw)(growing(), seen).decisions.map((d) => [d.seedId, d.targetState, d.blueprintId])
  expect(wanted(0)).toEqual([
    [2, 'TRAINING', undefined],
    [0, 'GERMINATED', 'bypass_mlp'],
  ])
  expect(wanted(0.99)).toEqual([
    [2, 'TRAINING', undefined],
    [1, 'GERMINATED', 'mlp'],
  ])
})
