import { expect, test } from 'vitest'
import { createSpirals } from '../../lib/training/dataset.ts'
import type { SeedState } from '../../lib/training/trainerTypes.ts'
import { givenDigits, spirals, transition } from '../support/trainingFixture.ts'
import { watchTrainer, type WatchedTrainer } from '../support/watchedTrainer.ts'

/** Forces a seed along the main path, one tick in each state; a forced edge is what an operator may do. */
function bring(it: WatchedTrainer, to: SeedState, more: Partial<Parameters<typeof transition>[1]> = {}): void {
  const path: SeedState[] = [
    'GERMINATED',
    'TRAINING',
    'GRAFTING',
    'STABILIZATION',
    'EVALUATING',
    'FINE_TUNING',
    'FOSSILIZED',
  ]
  for (const next of path.slice(0, path.indexOf(to) + 1)) {
    const result = it.trainer.execute(transition(next, { force: true, ...more }))
    if (result.status !== 'applied') throw new Error(`${next}: ${result.text}`)
    it.run(1)
  }
}
const end = (it: WatchedTrainer, to: SeedState, more: object = {}): void => {
  const result = it.trainer.execute(transition(to, { force: true, ...more }))
  if (result.status !== 'applied') throw new Error(`${to}: ${result.text}`)
  it.run(1)
}
const fault = (it: WatchedTrainer, request: Parameters<WatchedTrainer['trainer']['injectFault']>[0]): void => {
  const result = it.trainer.injectFault(request)
  if (result.status !== 'applied') throw new Error(result.text)
}
const at = { layerId: 'layer_0', seedId: 0 }

test('non_finite: a NaN in a weight is raised on its seed, and clears after twenty clean ticks', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(5)
  bring(it, 'TRAINING', { blueprintId: 'affine' })
  fault(it, { kind: 'nan_weight', faultId: 'f', ...at })
  expect(it.runUntil(() => it.open('non_finite').length > 0, 10)).toBe(true)
  expect(it.open('non_finite')[0]).toMatchObject({ seedId: 0, layerId: 'layer_0', severity: 'critical' })
  expect(it.runUntil(() => it.open('non_finite').length === 0, 25)).toBe(true)
}, 120_000)

test('gradient_explosion and governor_rollback: labels that turn wrong at once are seen as both, and gradients calm down', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(150)
  fault(it, { kind: 'label_noise', faultId: 'f', ratio: 0.8, steps: 200 })
  expect(it.runUntil(() => it.open('gradient_explosion').length > 0, 10)).toBe(true)
  expect(it.open('gradient_explosion')[0]).toMatchObject({ severity: 'critical', layerId: null })
  // The governor tells of an event: an acknowledgement ends it, time does not.
  expect(it.open('governor_rollback')).toHaveLength(1)
  expect(it.runUntil(() => it.open('gradient_explosion').length === 0, 60)).toBe(true)
  expect(it.open('governor_rollback')).toHaveLength(1)
}, 120_000)

test('loss_degradation: wrong labels make the loss rise over its best, and right ones bring it back', () => {
  const it = watchTrainer({ seed: 1 }, givenDigits())
  it.run(120)
  expect(it.firings.filter(({ rule }) => rule === 'loss_degradation')).toEqual([])
  fault(it, { kind: 'label_noise', faultId: 'f', ratio: 0.9, steps: 600 })
  expect(it.runUntil(() => it.open('loss_degradation').length > 0, 60)).toBe(true)
  expect(it.runUntil(() => it.open('loss_degradation').length === 0, 200)).toBe(true)
}, 120_000)

test('dead_chunk, vanishing_flow and dormant_drift: biases that drift down kill a chunk; a restored checkpoint revives it', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(210)
  const { checkpointId } = it.trainer.saveCheckpoint()
  fault(it, { kind: 'dead_bias_drift', faultId: 'f', ...at, steps: 1_600 })
  expect(it.runUntil(() => it.open('dead_chunk').length > 0, 200)).toBe(true)
  expect(it.open('dead_chunk')[0]).toMatchObject({ seedId: 0, layerId: 'layer_0' })
  expect(it.runUntil(() => it.open('vanishing_flow').length > 0, 30)).toBe(true)
  expect(it.runUntil(() => it.open('dormant_drift').length > 0, 30)).toBe(true)
  it.run(90)
  expect(it.trainer.restoreCheckpoint(checkpointId, 'weights').status).toBe('applied')
  expect(it.runUntil(() => it.open('dead_chunk').length === 0 && it.open('vanishing_flow').length === 0, 60)).toBe(true)
  // A seed that is grown there is what the rule asks for: a chunk that lives does not drift.
  for (const { layerId, seedId } of it.open('dormant_drift'))
    bring(it, 'GERMINATED', { layerId: layerId!, seedId: seedId! })
  expect(it.open('dormant_drift')).toEqual([])
}, 120_000)

test('stuck_in_state: alpha that is held is seen after twice the usual time, and leaving the state clears it', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(5)
  bring(it, 'GRAFTING')
  it.run(5)
  fault(it, { kind: 'frozen_alpha', faultId: 'f', ...at, ticks: 200 })
  expect(it.runUntil(() => it.open('stuck_in_state').length > 0, 60)).toBe(true)
  expect(it.runUntil(() => it.open('stuck_in_state').some(({ severity }) => severity === 'critical'), 60)).toBe(true)
  end(it, 'ROLLED_BACK')
  expect(it.open('stuck_in_state')).toEqual([])
}, 120_000)

test('alpha_jump: an edge that is forced out of the ramp makes alpha jump, and it clears by itself', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(5)
  bring(it, 'GRAFTING')
  it.run(3)
  end(it, 'STABILIZATION')
  expect(it.open('alpha_jump')).toHaveLength(1)
  expect(it.runUntil(() => it.open('alpha_jump').length === 0, 25)).toBe(true)
}, 120_000)

test('cull_storm, blueprint_failing and saturation: lives that all end culled are seen; time and one that is kept clear them', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(5)
  for (let life = 0; life < 10; life++) {
    const where = { layerId: `layer_${life % 3}`, seedId: Math.floor(life / 3) }
    bring(it, 'TRAINING', { blueprintId: 'gated', ...where })
    end(it, 'CULLED', where)
  }
  expect(it.open('cull_storm')).toHaveLength(1)
  expect(it.open('blueprint_failing')[0]?.text).toBe('gated was tried 3 times and never kept.')
  expect(it.open('saturation')).toHaveLength(1)
  it.run(30)
  bring(it, 'FOSSILIZED', { blueprintId: 'gated', layerId: 'layer_2', seedId: 3 })
  expect(it.open('blueprint_failing')).toEqual([])
  expect(it.open('saturation')).toEqual([])
  expect(it.runUntil(() => it.open('cull_storm').length === 0, 110)).toBe(true)
}, 120_000)

test('ransomware: a module the host leans on while the whole became worse is named, and ends with its life', () => {
  const it = watchTrainer({ seed: 1 }, givenDigits())
  it.run(170)
  const stay: readonly (readonly [SeedState, number])[] = [
    ['GERMINATED', 1],
    ['TRAINING', 40],
    ['GRAFTING', 21],
    ['STABILIZATION', 2],
    ['EVALUATING', 2],
    ['FINE_TUNING', 2],
  ]
  for (const [state, ticks] of stay) {
    end(it, state, { blueprintId: 'bypass_mlp' })
    it.run(ticks - 1)
  }
  // Wrong labels that become more, too slowly for the governor.
  const worse = (): boolean => {
    fault(it, { kind: 'label_noise', faultId: `f${it.trainer.tick}`, ratio: 0.08, steps: 100_000 })
    return it.runUntil(() => it.open('ransomware').length > 0, 5)
  }
  let found = false
  for (let round = 0; round < 15 && !found; round++) found = worse()
  expect(it.open('ransomware')[0]).toMatchObject({ layerId: 'layer_0', seedId: 0, severity: 'warning' })
  end(it, 'CULLED')
  expect(it.open('ransomware')).toEqual([])
}, 180_000)

test('no_checkpoint: without snapshots their age is told; a restore of what is not there is critical; one snapshot settles it', () => {
  const it = watchTrainer({ seed: 3, ticksPerSnapshot: 60_000 }, spirals)
  expect(it.runUntil(() => it.open('no_checkpoint').length > 0, 110)).toBe(true)
  const refused = it.trainer.restoreCheckpoint('cp-none', 'weights')
  expect(refused.status).toBe('rejected')
  it.message('CommandOutcome', {
    command_id: '00000000-0000-4000-8000-000000000009',
    command_type: 'CheckpointCommand',
    layer_id: 'layer_0',
    kind: 'rejected',
    code: 'COMMAND_PRECONDITION',
    text: refused.text,
    run_id: 'watched',
  })
  expect(it.open('no_checkpoint')[0]).toMatchObject({ severity: 'critical' })
  it.trainer.saveCheckpoint()
  it.run(1)
  expect(it.open('no_checkpoint')).toEqual([])
}, 120_000)

test('illegal_transition: a run that was put back as a whole repeats generations, and that is told', () => {
  const it = watchTrainer({ seed: 3 }, spirals)
  it.run(5)
  const { checkpointId } = it.trainer.saveCheckpoint()
  for (let life = 0; life < 2; life++) {
    bring(it, 'TRAINING')
    end(it, 'CULLED')
    it.run(30)
    end(it, 'DORMANT')
  }
  expect(it.firings.filter(({ rule }) => rule === 'illegal_transition')).toEqual([])
  expect(it.trainer.restoreCheckpoint(checkpointId, 'exact').status).toBe('applied')
  bring(it, 'GERMINATED')
  expect(it.open('illegal_transition')[0]?.text).toContain('went back from 2 to 1')
}, 120_000)

test('overfit_gap: too little data is learned by heart, and wrong labels take the gap away', () => {
  const it = watchTrainer({ seed: 3 }, createSpirals(7, { samples: 90 }))
  expect(it.runUntil(() => it.open('overfit_gap').length > 0, 1_500)).toBe(true)
  fault(it, { kind: 'label_noise', faultId: 'f', ratio: 1, steps: 20_000 })
  expect(it.runUntil(() => it.open('overfit_gap').length === 0, 800)).toBe(true)
}, 120_000)

test('a run in which nothing is wrong raises nothing that is critical', () => {
  const it = watchTrainer({ seed: 2 }, givenDigits(), { policy: true })
  it.run(150)
  const counts = new Map<string, number>()
  for (const { rule } of it.firings) counts.set(rule, (counts.get(rule) ?? 0) + 1)
  process.stdout.write(`150 ticks with the policy and without faults: ${JSON.stringify(Object.fromEntries(counts))}\n`)
  expect(it.firings.filter(({ severity }) => severity === 'critical')).toEqual([])
}, 180_000)
