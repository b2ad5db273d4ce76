import { expect, test } from 'vitest'
import { LEGAL_EDGES, SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { evaluateGuards, findRefusal, type GuardFacts } from '../../../../lib/training/guards.ts'
import { createSeedRecord, type SeedRecord } from '../../../../lib/training/seedRecord.ts'
import { createTrainerConfig } from '../../../../lib/training/trainerConfig.ts'
import type { SeedState } from '../../../../lib/training/trainerTypes.ts'

const config = createTrainerConfig({ seed: 1 }).guards

/** Facts under which every guard of every edge passes. */
function facts(seed: Partial<SeedRecord> = {}, more: Partial<GuardFacts> = {}): GuardFacts {
  const record = {
    ...createSeedRecord(0, 4),
    ticksInState: 100,
    alpha: 1,
    reconstructionLoss: 0.01,
    shadowGain: 0.01,
    contribution: 0.02,
    stability: 0.95,
    totalImprovement: 0.1,
    ...seed,
  }
  return { seed: record, activeSeeds: 1, halted: false, valLoss: 0.6, moduleNorm: 3, config, ...more }
}
const refusal = (from: SeedState, to: SeedState, given: GuardFacts, force = false) =>
  findRefusal(evaluateGuards(from, to, given), force)?.reading.name ?? null

test('with good readings every legal edge is free', () => {
  for (const from of SEED_STATES)
    for (const to of LEGAL_EDGES[from]) expect(refusal(from, to, facts()), `${from}>${to}`).toBeNull()
})

const bad: readonly [SeedState, SeedState, string, GuardFacts][] = [
  ['DORMANT', 'GERMINATED', 'active_seeds', facts({}, { activeSeeds: 3 })],
  ['DORMANT', 'GERMINATED', 'baseline_val_loss', facts({}, { valLoss: NaN })],
  ['GERMINATED', 'TRAINING', 'active_seeds', facts({}, { activeSeeds: 4 })],
  ['TRAINING', 'GRAFTING', 'shadow_gain', facts({ shadowGain: 0.0019 })],
  ['TRAINING', 'GRAFTING', 'reconstruction_loss', facts({ reconstructionLoss: 0.051 })],
  ['TRAINING', 'GRAFTING', 'ticks_in_state', facts({ ticksInState: 29 })],
  ['TRAINING', 'CULLED', 'ticks_in_state', facts({ ticksInState: 9 })],
  ['GRAFTING', 'STABILIZATION', 'alpha', facts({ alpha: 0.99 })],
  ['STABILIZATION', 'EVALUATING', 'ticks_in_state', facts({ ticksInState: 5 })],
  ['EVALUATING', 'FINE_TUNING', 'performance_delta', facts({ contribution: 0 })],
  ['EVALUATING', 'FINE_TUNING', 'stability_score', facts({ stability: 0.79 })],
  ['EVALUATING', 'FINE_TUNING', 'ticks_in_state', facts({ ticksInState: 5 })],
  ['EVALUATING', 'CULLED', 'ticks_in_state', facts({ ticksInState: 5 })],
  ['FINE_TUNING', 'FOSSILIZED', 'performance_delta', facts({ contribution: 0.0049 })],
  ['FINE_TUNING', 'FOSSILIZED', 'total_improvement', facts({ totalImprovement: 0.009 })],
  ['FINE_TUNING', 'FOSSILIZED', 'ticks_in_state', facts({ ticksInState: 11 })],
  ['FINE_TUNING', 'CULLED', 'ticks_in_state', facts({ ticksInState: 11 })],
  ['CULLED', 'DORMANT', 'ticks_in_state', facts({ ticksInState: 24 })],
  ['CANCELLED', 'DORMANT', 'ticks_in_state', facts({ ticksInState: 9 })],
  ['ROLLED_BACK', 'DORMANT', 'ticks_in_state', facts({ ticksInState: 24 })],
]
for (const [from, to, name, given] of bad) {
  test(`${from} -> ${to} is refused by ${name}, and force skips it`, () => {
    expect(refusal(from, to, given)).toBe(name)
    expect(refusal(from, to, given, true)).toBeNull()
  })
}

test('an unmeasured metric refuses by name and is told as null, not as 0', () => {
  const checks = evaluateGuards('FINE_TUNING', 'FOSSILIZED', facts({ contribution: NaN }))
  const found = findRefusal(checks, false)
  expect(found?.reading).toEqual({ name: 'performance_delta', value: null, threshold: 0.005, passed: false })
  expect(found?.text).toContain('unmeasured')
})

test('force never skips a broken module or a halted trainer', () => {
  for (const [from, to] of [
    ['GERMINATED', 'TRAINING'],
    ['TRAINING', 'GRAFTING'],
    ['GRAFTING', 'STABILIZATION'],
    ['STABILIZATION', 'EVALUATING'],
    ['EVALUATING', 'FINE_TUNING'],
    ['FINE_TUNING', 'FOSSILIZED'],
  ] as const) {
    expect(refusal(from, to, facts({}, { moduleNorm: NaN }), true)).toBe('module_weight_norm')
  }
  expect(refusal('DORMANT', 'GERMINATED', facts({}, { halted: true }), true)).toBe('halted')
})
