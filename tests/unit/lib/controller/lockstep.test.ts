import { expect, test } from 'vitest'
import { runLockstep } from '../../../../lib/controller/lockstep.ts'
import { createPolicyState } from '../../../../lib/controller/policyState.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import { eventsOf, givenDigits } from '../../../support/trainingFixture.ts'

test('on the digits, run seed 2 germinates and fossilises a seed within 4,500 steps, every edge by the policy', () => {
  const trainer = createTrainer({ seed: 2 }, givenDigits())
  const policy = runLockstep({ trainer, policy: createPolicyState(), steps: 4_500 })
  const events = trainer.drainEvents()
  const told = eventsOf(events, 'transition')
  const first = (state: string) => told.find((event) => event.toState === state)?.step ?? Infinity
  expect(first('GERMINATED')).toBeLessThan(first('FOSSILIZED'))
  expect(first('FOSSILIZED')).toBeLessThanOrEqual(4_500)
  expect(new Set(told.map((event) => event.triggeredBy))).toEqual(new Set(['policy']))
  // Policy and guards read the same numbers: no decision was refused.
  expect(eventsOf(events, 'guard_refused')).toEqual([])
  expect(policy.blueprints['bypass_mlp']?.fossilised).toBeGreaterThan(0)
  const curve = eventsOf(events, 'evaluation')
  expect(curve).toHaveLength(45)
  expect(curve.at(-1)!.valAccuracy!).toBeGreaterThan(curve[17]!.valAccuracy! + 0.03)
}, 120_000)
