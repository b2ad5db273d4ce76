import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { SEED_STATES, isLegalEdge } from '../../../../lib/contracts/lifecycleTable.ts'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { SeedState, Trainer } from '../../../../lib/training/trainerTypes.ts'
import {
  bringTo,
  eventsOf,
  givenDigits,
  givenTrainer,
  runTicks,
  spirals,
  transition,
} from '../../../support/trainingFixture.ts'

const read = (trainer: Trainer, name: string, row = 0, layer = 0): number =>
  trainer.seedColumns(layer)[columnIndex(SEED_COLUMNS, name) * trainer.seedsPerLayer + row]!
const stateOf = (trainer: Trainer): SeedState => {
  const result = trainer.execute(transition('DORMANT', { expect: { generation: -1 } }))
  return result.state!
}

/** Leads a seed to any state by legal forced edges. */
function leadTo(state: SeedState): Trainer {
  const trainer = givenTrainer()
  if (state === 'CULLED' || state === 'ROLLED_BACK') bringTo(trainer, 'EVALUATING')
  else if (state === 'CANCELLED') bringTo(trainer, 'TRAINING')
  else bringTo(trainer, state)
  if (stateOf(trainer) !== state) trainer.execute(transition(state, { force: true }))
  return trainer
}

test('every pair of states is either a legal edge that force opens, or refused as no edge at all', () => {
  let pairs = 0
  for (const from of SEED_STATES) {
    // A refused edge changes nothing, so one trainer serves them all; each legal edge gets its own.
    const trainer = leadTo(from)
    for (const to of SEED_STATES) {
      pairs++
      const legal = isLegalEdge(from, to)
      const result = (legal ? leadTo(from) : trainer).execute(transition(to, { force: true }))
      if (legal) expect([from, to, result.status, result.state]).toEqual([from, to, 'applied', to])
      else expect([from, to, result]).toMatchObject([from, to, { code: 'COMMAND_ILLEGAL_EDGE', state: from }])
    }
  }
  expect(pairs).toBe(121)
})

test('a guard refusal names value and threshold and tells at most one event in 25 ticks', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'TRAINING')
  trainer.drainEvents()
  const result = trainer.execute(transition('GRAFTING'))
  expect(result).toMatchObject({ status: 'rejected', code: 'COMMAND_GUARD', state: 'TRAINING' })
  expect(result.text).toContain('shadow_gain is unmeasured, required >= 0.002')
  for (let i = 0; i < 9; i++) trainer.execute(transition('GRAFTING'))
  expect(eventsOf(trainer.drainEvents(), 'guard_refused')).toHaveLength(1)
  runTicks(trainer, 25)
  trainer.execute(transition('GRAFTING'))
  expect(eventsOf(trainer.drainEvents(), 'guard_refused').map((event) => event.suppressed)).toEqual([9])
})

test('compare-and-set refuses another state or generation and says where the seed is', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GERMINATED')
  for (const expect_ of [{ fromState: 'DORMANT' as const }, { generation: 0 }]) {
    const result = trainer.execute(transition('TRAINING', { expect: expect_ }))
    expect(result).toMatchObject({
      status: 'rejected',
      code: 'COMMAND_PRECONDITION',
      state: 'GERMINATED',
      generation: 1,
    })
  }
  const right = trainer.execute(transition('TRAINING', { expect: { fromState: 'GERMINATED', generation: 1 } }))
  expect(right.status).toBe('applied')
})

test('what is not built is refused by name; what does not exist too', () => {
  const trainer = givenTrainer()
  runTicks(trainer, 5)
  for (const more of [{ blueprintId: 'transformer' }, { graftingStrategy: 'conditional' }, { rampTicks: 0 }]) {
    expect(trainer.execute(transition('GERMINATED', more))).toMatchObject({ code: 'COMMAND_UNSUPPORTED' })
  }
  for (const more of [{ layerId: 'layer_9' }, { seedId: 4 }, { seedId: -1 }, { seedId: 0.5 }]) {
    expect(trainer.execute(transition('GERMINATED', more))).toMatchObject({ code: 'COMMAND_PRECONDITION' })
  }
})

test('a transition event carries guard, generation, recipe and the metrics of the moment before', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'FINE_TUNING', { correlationId: 'c-1' })
  const events = trainer.drainEvents()
  const told = eventsOf(events, 'transition')
  expect(told.map((event) => event.toState)).toEqual([
    'GERMINATED',
    'TRAINING',
    'GRAFTING',
    'STABILIZATION',
    'EVALUATING',
    'FINE_TUNING',
  ])
  const last = told.at(-1)!
  expect(last).toMatchObject({ generation: 1, blueprintId: 'bypass_mlp', correlationId: 'c-1', forced: true })
  expect(last.guard?.name).toBe('performance_delta')
  expect(last.metrics['state']).toBe(5)
  expect(Object.keys(last.metrics)).toEqual(SEED_COLUMNS.map((column) => column.name))
  const reading = eventsOf(events, 'counterfactual')[0]!
  expect((reading.b - reading.c) / reading.samples).toBeCloseTo(reading.accuracyOn - reading.accuracyOff, 12)
  expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1))
})

test('columns are unmeasured as NaN at first and real after a tick', () => {
  const trainer = createTrainer({ seed: 3 }, spirals)
  expect(read(trainer, 'health_score')).toBeNaN()
  runTicks(trainer, 5)
  expect(read(trainer, 'health_score')).toBeGreaterThan(0)
  expect(read(trainer, 'reconstruction_loss')).toBeNaN()
  expect(read(trainer, 'compute_time_us')).toBeNaN()
  const layer = trainer.layerColumns(1)
  expect(layer[columnIndex(LAYER_COLUMNS, 'as_of_step')]).toBe(100)
  expect(layer[columnIndex(LAYER_COLUMNS, 'steps_per_s')]).toBeNaN()
  expect(layer[columnIndex(LAYER_COLUMNS, 'parameters')]).toBe(trainer.describe().host_parameters)
})

test('module columns fill while a module trains, and compute time only with a clock', () => {
  let us = 0
  const trainer = createTrainer({ seed: 3 }, spirals, { nowUs: () => (us += 2) })
  bringTo(trainer, 'TRAINING')
  runTicks(trainer, 12)
  for (const name of [
    'seed_grad_norm',
    'grad_ratio',
    'update_ratio',
    'reconstruction_loss',
    'shadow_gain',
    'weight_drift',
  ]) {
    expect(read(trainer, name), name).not.toBeNaN()
  }
  expect(read(trainer, 'compute_time_us')).toBeGreaterThan(0)
  const blind = givenTrainer()
  bringTo(blind, 'TRAINING')
  runTicks(blind, 12)
  // The clock is measured and never read: both runs are one run.
  expect(blind.hash()).toEqual(trainer.hash())
})

test('halt adds no step and erases nothing; resume goes on exactly', () => {
  const [halted, straight] = [givenTrainer(), givenTrainer()]
  bringTo(halted, 'GRAFTING')
  bringTo(straight, 'GRAFTING')
  halted.halt()
  const before = halted.hash()
  expect(halted.runStep()).toBe(false)
  expect([halted.halted, halted.hash(), stateOf(halted)]).toEqual([true, before, 'GRAFTING'])
  halted.resume()
  runTicks(halted, 5)
  runTicks(straight, 5)
  expect(halted.hash()).toEqual(straight.hash())
})

test('freezing a seed holds its alpha and weights while the host goes on', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GRAFTING')
  runTicks(trainer, 3)
  const alpha = read(trainer, 'alpha')
  const frozen = trainer.execute({ type: 'freeze', layerId: 'layer_0', seedId: 0, correlationId: null })
  expect(frozen.status).toBe('applied')
  const before = trainer.hash().weights
  runTicks(trainer, 3)
  expect(read(trainer, 'alpha')).toBe(alpha)
  expect(read(trainer, 'alpha_velocity')).toBe(0)
  expect(read(trainer, 'seed_grad_norm')).toBeNaN()
  expect(trainer.hash().weights).not.toBe(before)
  const byPolicy = trainer.execute(transition('ROLLED_BACK', { triggeredBy: 'policy' }))
  expect(byPolicy).toMatchObject({ status: 'rejected', code: 'COMMAND_PRECONDITION' })
  trainer.execute({ type: 'unfreeze', layerId: null, seedId: null, correlationId: null })
  runTicks(trainer, 1)
  expect(read(trainer, 'alpha')).toBeGreaterThan(alpha)
})

test('a blueprint is set before training only: planned when dormant, rebuilt when germinated', () => {
  const trainer = givenTrainer()
  const update = {
    type: 'blueprint',
    layerId: 'layer_0',
    seedId: 0,
    triggeredBy: 'operator',
    correlationId: null,
  } as const
  const set = (blueprintId: string) =>
    trainer.execute({ ...update, blueprintId, graftingStrategy: 'safe', rampTicks: 7, expect: null })
  runTicks(trainer, 5)
  expect(set('gated').status).toBe('applied')
  trainer.execute(transition('GERMINATED'))
  runTicks(trainer, 1)
  expect(read(trainer, 'blueprint')).toBe(5)
  expect(set('mlp').status).toBe('applied')
  runTicks(trainer, 1)
  expect(read(trainer, 'blueprint')).toBe(3)
  trainer.execute(transition('TRAINING'))
  expect(set('affine')).toMatchObject({ status: 'rejected', code: 'COMMAND_PRECONDITION' })
})

test('options that make no sense are refused by code, all of them at once', () => {
  const attempt = (): unknown => {
    try {
      createTrainer({ seed: 0.5, width: 9, batch: 0 }, spirals)
    } catch (error) {
      return error
    }
    return null
  }
  const error = attempt()
  expect(isAppError(error, 'CONFIG_INVALID')).toBe(true)
  expect((error as Error).message).toMatch(/seed 0.5.*batch 0.*width 9/)
})

test('the description names data set, sizes and every column', () => {
  const trainer = createTrainer({ seed: 2 }, givenDigits())
  const description = trainer.describe()
  expect(description.host_parameters).toBe(1_810)
  expect(description.layers).toHaveLength(3)
  expect(description.blueprints.map((entry) => entry.parameters)).toEqual([4, 7, 42, 178, 162, 4_778])
  expect(description.faults_allowed).toBe(false)
})
