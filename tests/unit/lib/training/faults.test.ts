import { expect, test } from 'vitest'
import { LAYER_COLUMNS, SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { Trainer } from '../../../../lib/training/trainerTypes.ts'
import { bringTo, eventsOf, givenDigits, givenTrainer, runTicks, transition } from '../../../support/trainingFixture.ts'

const seed = { layerId: 'layer_0', seedId: 0 } as const
const column = (trainer: Trainer, name: string): number =>
  trainer.seedColumns(0)[columnIndex(SEED_COLUMNS, name) * trainer.seedsPerLayer]!
const trainedDigits = (): Trainer => {
  const trainer = createTrainer({ seed: 2, faultsAllowed: true }, givenDigits())
  runTicks(trainer, 30)
  trainer.drainEvents()
  return trainer
}

test('a run that does not allow faults refuses every one', () => {
  const trainer = givenTrainer({ faultsAllowed: false })
  expect(trainer.injectFault({ faultId: 'f', kind: 'lr_spike' })).toMatchObject({
    status: 'rejected',
    code: 'COMMAND_PRECONDITION',
  })
  expect(eventsOf(trainer.drainEvents(), 'fault')).toEqual([])
})

test('a learning-rate spike makes the governor restore the last good weights within a few steps', () => {
  const trainer = trainedDigits()
  const before = trainer.evaluate('val').accuracy
  trainer.injectFault({ faultId: 'spike', kind: 'lr_spike', factor: 1_000 })
  expect(trainer.faultActive).toBe(true)
  let steps = 0
  let events = trainer.drainEvents()
  while (steps < 30 && eventsOf(events, 'governor').length === 0) {
    trainer.runStep()
    steps++
    events = [...events, ...trainer.drainEvents()]
  }
  expect(eventsOf(events, 'governor')).toHaveLength(1)
  expect(eventsOf(events, 'fault').map((event) => [event.faultId, event.phase])).toEqual([
    ['spike', 'injected'],
    ['spike', 'ended'],
  ])
  expect(trainer.faultActive).toBe(false)
  expect(Math.abs(trainer.evaluate('val').accuracy - before)).toBeLessThan(0.05)
})

test('the documented case: rate x150 without clipping after 6,000 steps on the digits is undone within five steps', () => {
  const trainer = createTrainer({ seed: 2, faultsAllowed: true }, givenDigits())
  runTicks(trainer, 300)
  const before = trainer.evaluate('test').accuracy
  trainer.injectFault({ faultId: 'spike', kind: 'lr_spike', factor: 150 })
  let events = trainer.drainEvents()
  let worstLoss = 0
  for (let step = 0; step < 5; step++) {
    trainer.runStep()
    events = [...events, ...trainer.drainEvents()]
    if (eventsOf(events, 'governor').length > 0) break
    worstLoss = Math.max(worstLoss, trainer.evaluate('val').loss)
  }
  expect(worstLoss).toBeGreaterThan(5)
  expect(eventsOf(events, 'governor')).toMatchObject([{ action: 'rollback', snapshotStep: 6_000 }])
  // The snapshot of step 6,000 is what was there: not nearly the same accuracy, the same.
  expect(trainer.evaluate('test').accuracy).toBe(before)
})

test('label noise costs accuracy while it lasts and ends by itself', () => {
  const [clean, noisy] = [trainedDigits(), trainedDigits()]
  noisy.injectFault({ faultId: 'n', kind: 'label_noise', ratio: 0.9, steps: 300 })
  runTicks(clean, 15)
  runTicks(noisy, 15)
  expect(noisy.evaluate('val').loss).toBeGreaterThan(clean.evaluate('val').loss + 0.3)
  runTicks(noisy, 1)
  expect(eventsOf(noisy.drainEvents(), 'fault').at(-1)).toMatchObject({ faultId: 'n', phase: 'ended' })
})

test('frozen alpha stops the ramp and nothing else', () => {
  const trainer = givenTrainer()
  expect(trainer.injectFault({ faultId: 'a', kind: 'frozen_alpha', ...seed }).status).toBe('rejected')
  bringTo(trainer, 'GRAFTING')
  runTicks(trainer, 4)
  const alpha = column(trainer, 'alpha')
  trainer.injectFault({ faultId: 'a', kind: 'frozen_alpha', ...seed })
  runTicks(trainer, 10)
  expect([column(trainer, 'alpha'), column(trainer, 'ticks_in_state')]).toEqual([alpha, 14])
  expect(column(trainer, 'seed_grad_norm')).toBeGreaterThan(0)
  trainer.execute(transition('ROLLED_BACK'))
  trainer.runStep()
  expect(trainer.faultActive).toBe(false)
})

for (const blueprintId of ['affine', 'low_rank', 'mlp', 'residual_mlp', 'gated', 'bypass_mlp']) {
  for (const state of ['TRAINING', 'GRAFTING', 'EVALUATING'] as const) {
    test(`NaN in a ${blueprintId} module in ${state} is contained within a tick and never reaches the host`, () => {
      const trainer = givenTrainer()
      bringTo(trainer, state, { blueprintId })
      trainer.drainEvents()
      expect(trainer.injectFault({ faultId: 'nan', kind: 'nan_weight', ...seed }).status).toBe('applied')
      runTicks(trainer, 1)
      const events = trainer.drainEvents()
      expect(eventsOf(events, 'fault').map((event) => event.phase)).toEqual(['injected', 'contained'])
      expect(eventsOf(events, 'transition').at(-1)).toMatchObject({ toState: 'ROLLED_BACK', triggeredBy: 'guard' })
      expect(eventsOf(events, 'governor')).toEqual([])
      expect(Number.isFinite(trainer.evaluate('val').loss)).toBe(true)
      runTicks(trainer, 2)
      expect(trainer.layerColumns(0)[columnIndex(LAYER_COLUMNS, 'train_loss')]).not.toBeNaN()
    })
  }
}

test('NaN in a fossil is restored by the governor: a fossil has no way out', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'FOSSILIZED')
  runTicks(trainer, 30)
  trainer.drainEvents()
  trainer.injectFault({ faultId: 'nan', kind: 'nan_weight', ...seed })
  runTicks(trainer, 1)
  const events = trainer.drainEvents()
  expect(eventsOf(events, 'governor')).toHaveLength(1)
  runTicks(trainer, 5)
  expect(eventsOf(trainer.drainEvents(), 'fault').filter((event) => event.phase === 'contained')).toEqual([])
  expect([column(trainer, 'state'), column(trainer, 'alpha')]).toEqual([7, 1])
})

test('a slow bias drift kills the chunk; dead units and health say so', () => {
  const trainer = givenTrainer()
  runTicks(trainer, 5)
  const healthy = column(trainer, 'health_score')
  trainer.injectFault({ faultId: 'd', kind: 'dead_bias_drift', ...seed })
  runTicks(trainer, 20)
  expect(column(trainer, 'dead_node_ratio')).toBe(1)
  expect(column(trainer, 'flow_grad_norm')).toBe(0)
  expect(column(trainer, 'effective_rank')).toBeNaN()
  // 0.4 for live units, 0.3 for flow, 0.2 for variance and 0.1 for rank are all gone.
  expect(column(trainer, 'health_score')).toBe(0)
  expect(healthy).toBeGreaterThan(0.5)
})

test('a bias jump changes the network at once', () => {
  const trainer = trainedDigits()
  const before = trainer.evaluate('val').loss
  trainer.injectFault({ faultId: 'j', kind: 'dead_bias_jump', layerId: 'layer_0', seedId: 2 })
  expect(trainer.evaluate('val').loss).toBeGreaterThan(before + 0.1)
})
