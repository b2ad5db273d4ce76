import { expect, test } from 'vitest'
import { createPolicyState } from '../../../../lib/controller/policyState.ts'
import { runLockstep } from '../../../../lib/controller/lockstep.ts'
import { replayRun } from '../../../../lib/training/replay.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { Trainer } from '../../../../lib/training/trainerTypes.ts'
import {
  bringTo,
  eventsOf,
  givenDigits,
  givenTrainer,
  runTicks,
  spirals,
  transition,
} from '../../../support/trainingFixture.ts'

// A policy that does not wait for a plateau: growth is in every one of these runs.
const eager = () => createPolicyState({ plateauEvaluations: 0 })
const grow = (seed: number, steps = 2_400): Trainer => {
  const trainer = createTrainer({ seed }, spirals)
  runLockstep({ trainer, policy: eager(), steps })
  return trainer
}

test('two runs of one seed have the same weights and the same history, another seed has neither', () => {
  const [one, two, other] = [grow(1), grow(1), grow(2)]
  expect(eventsOf(one.drainEvents(), 'transition').length).toBeGreaterThan(5)
  expect(two.hash()).toEqual(one.hash())
  expect(other.hash().weights).not.toBe(one.hash().weights)
  expect(other.hash().events).not.toBe(one.hash().events)
})

test('on the digits too: 2,200 steps with growth, twice the same hash', () => {
  const run = () => {
    const trainer = createTrainer({ seed: 2 }, givenDigits())
    runLockstep({ trainer, policy: createPolicyState(), steps: 2_200 })
    return trainer
  }
  const first = run()
  expect(eventsOf(first.drainEvents(), 'transition').length).toBeGreaterThan(0)
  expect(run().hash()).toEqual(first.hash())
}, 120_000)

test('the command log replays to the same weights and history, refusals, faults and restores included', () => {
  const options = { seed: 5, faultsAllowed: true }
  const trainer = createTrainer(options, spirals)
  let policy = runLockstep({ trainer, policy: eager(), steps: 900 })
  trainer.execute(transition('FOSSILIZED'))
  const { checkpointId } = trainer.saveCheckpoint()
  trainer.injectFault({ faultId: 'noise', kind: 'label_noise', steps: 100 })
  policy = runLockstep({ trainer, policy, steps: 300 })
  trainer.halt()
  trainer.resume()
  trainer.restoreCheckpoint(checkpointId, 'weights')
  runLockstep({ trainer, policy, steps: 600 })
  trainer.restoreCheckpoint(checkpointId, 'exact')
  runTicks(trainer, 10)
  const replayed = replayRun({ options, dataset: spirals, log: trainer.commandLog(), steps: 2_000 })
  expect(replayed.step).toBe(trainer.step)
  expect(replayed.hash()).toEqual(trainer.hash())
})

test('a hold among the evaluations of a tick is in force at once, moves nothing, and replays at its very place', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GRAFTING')
  const hold = (layerIds: readonly string[]) => trainer.execute({ type: 'hold', layerIds, correlationId: null })
  const pieces: number[] = []
  const seen: unknown[] = []
  for (let step = 0; seen.length === 0 && step < 2_000; step++)
    trainer.runStep((piece) => {
      pieces.push(piece)
      if (piece !== 0) return
      const { weights } = trainer.hash()
      hold(trainer.layerIds)
      seen.push(trainer.halted, trainer.hash().weights === weights, trainer.execute(transition('CULLED')).status)
    })
  expect(pieces.length).toBeGreaterThan(0)
  // What would move structure waits for the end of the tick.
  expect(seen).toEqual([true, true, 'rejected'])
  expect(trainer.runStep()).toBe(false)
  hold([])
  const before = trainer.commandLog().at(-1)!.position
  runTicks(trainer, 20)
  const steps = before + 20 * 20
  const log = trainer.commandLog()
  expect(log.filter((entry) => entry.piece === 0)).toHaveLength(1)
  const options = { seed: 3, faultsAllowed: true }
  expect(replayRun({ options, dataset: spirals, log, steps }).hash()).toEqual(trainer.hash())
  // At another place it would be another history: the blend of that tick would go on.
  const elsewhere = log.map(({ piece: _piece, ...entry }) => entry)
  expect(replayRun({ options, dataset: spirals, log: elsewhere, steps }).hash()).not.toEqual(trainer.hash())
})

test('a dropped command changes the replayed history: the log is not decoration', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'FINE_TUNING')
  const steps = trainer.step
  const log = trainer.commandLog()
  const options = { seed: 3, faultsAllowed: true }
  expect(replayRun({ options, dataset: spirals, log, steps }).hash()).toEqual(trainer.hash())
  expect(replayRun({ options, dataset: spirals, log: log.slice(0, -1), steps }).hash().events).not.toBe(
    trainer.hash().events,
  )
})

test('correlation ids are told but are not history', () => {
  const [named, anonymous] = [givenTrainer(), givenTrainer()]
  bringTo(named, 'TRAINING', { correlationId: 'a-random-uuid' })
  bringTo(anonymous, 'TRAINING')
  expect(eventsOf(named.drainEvents(), 'transition')[0]?.correlationId).toBe('a-random-uuid')
  expect(named.hash()).toEqual(anonymous.hash())
})
