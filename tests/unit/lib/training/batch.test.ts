/*
 * Batches and standstill: all or nothing to the last bit, and nothing moves that was stopped.
 * In: grown runs in the middle of a tick, batches that break anywhere, stops at any step. Out: whole encoded states compared.
 * Invariant: two runs that began alike and differ only by what must leave no trace stay equal for ever.
 * Source: docs/training.md "batches", "stop".
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runLockstep } from '../../../../lib/controller/lockstep.ts'
import { createPolicyState } from '../../../../lib/controller/policyState.ts'
import { LEGAL_EDGES, SEED_STATES } from '../../../../lib/contracts/lifecycleTable.ts'
import { SEED_COLUMNS } from '../../../../lib/contracts/metrics.ts'
import { columnIndex } from '../../../../lib/contracts/columnIndex.ts'
import { replayRun } from '../../../../lib/training/replay.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import type { BatchTrainerCommand, Trainer, TransitionCommand } from '../../../../lib/training/trainerTypes.ts'
import { bringTo, eventsOf, givenTrainer, runTicks, spirals, transition } from '../../../support/trainingFixture.ts'

type Single = BatchTrainerCommand['commands'][number]
const batch = (commands: readonly Single[], more: Partial<BatchTrainerCommand> = {}): BatchTrainerCommand => ({
  type: 'batch',
  commands,
  atomic: true,
  stopOnError: true,
  correlationId: null,
  ...more,
})
const blueprint = (seedId: number, blueprintId: string): Single => ({
  type: 'blueprint',
  layerId: 'layer_1',
  seedId,
  blueprintId,
  graftingStrategy: 'linear',
  triggeredBy: 'operator',
  expect: null,
  correlationId: null,
})

const options = { seed: 1, faultsAllowed: true } as const
/** Bytes of one run with lives in many states: at an earlier step, and in the middle of a later tick. */
const [early, late] = ((): [Uint8Array, Uint8Array] => {
  const trainer = createTrainer(options, spirals)
  runLockstep({ trainer, policy: createPolicyState({ plateauEvaluations: 0 }), steps: 807 })
  const first = stateOf(trainer)
  runLockstep({ trainer, policy: createPolicyState({ plateauEvaluations: 0 }), steps: 1_207 })
  return [first, stateOf(trainer)]
})()

function grown(): { trainer: Trainer; checkpointId: string } {
  const trainer = createTrainer(options, spirals)
  const { checkpointId } = trainer.importCheckpoint(early)
  trainer.restoreCheckpoint(trainer.importCheckpoint(late).checkpointId, 'exact')
  trainer.drainEvents()
  return { trainer, checkpointId }
}

/** Everything that decides the future: the whole encoded run, and what is still to be told. */
function stateOf(trainer: Trainer): Uint8Array {
  return trainer.checkpointBytes(trainer.saveCheckpoint().checkpointId) ?? new Uint8Array()
}

const columnsOf = (trainer: Trainer): Float32Array[] =>
  trainer.layerIds.flatMap((_, layer) => [trainer.seedColumns(layer).slice(), trainer.layerColumns(layer).slice()])

test('an atomic batch that is refused anywhere leaves the run bit for bit as it was, and its future too', () => {
  const { trainer: model, checkpointId } = grown()
  const stateAt = columnIndex(SEED_COLUMNS, 'state') * model.seedsPerLayer
  const edges = fc.record({ layer: fc.nat(2), seedId: fc.nat(3), pick: fc.nat(3), weights: fc.boolean() })
  const singles: fc.Arbitrary<Single> = fc.oneof(
    // Mostly edges that exist: a batch must have something to take back.
    edges.map(({ layer, seedId, pick, weights }): TransitionCommand => {
      const legal = LEGAL_EDGES[SEED_STATES[model.seedColumns(layer)[stateAt + seedId]!]!]
      const target = legal[pick % Math.max(1, legal.length)] ?? 'DORMANT'
      const more = weights && target === 'ROLLED_BACK' ? { checkpointId } : {}
      return transition(target, { layerId: `layer_${layer}`, seedId, force: true, ...more })
    }),
    fc
      .record({ seedId: fc.nat(3), blueprintId: fc.constantFrom('mlp', 'gated', 'affine') })
      .map(({ seedId, blueprintId }) => blueprint(seedId, blueprintId)),
  )
  let undone = 0
  fc.assert(
    fc.property(fc.array(singles, { minLength: 1, maxLength: 8 }), (commands) => {
      const [touched, untouched] = [grown().trainer, grown().trainer]
      // The last one can not be: so the batch is refused there at the latest.
      const impossible = transition('FOSSILIZED', { layerId: 'layer_0', seedId: 0, expect: { generation: 999 } })
      const before = columnsOf(touched)
      const result = touched.execute(batch([...commands, impossible]))
      expect(result.status).toBe('rejected')
      expect(result.items).toHaveLength(commands.length + 1)
      if (result.items?.some((item) => item.status === 'rolled_back')) undone++
      expect(touched.drainEvents()).toEqual([])
      expect(columnsOf(touched)).toEqual(before)
      expect(touched.hash()).toEqual(untouched.hash())
      expect(Buffer.compare(stateOf(touched), stateOf(untouched))).toBe(0)
      runTicks(touched, 3)
      runTicks(untouched, 3)
      expect(touched.hash()).toEqual(untouched.hash())
    }),
    { numRuns: 25 },
  )
  expect(undone).toBeGreaterThan(5)
})

test('an atomic batch that restores weights before it is refused gives the newer weights back', () => {
  const [touched, untouched] = [givenTrainer(), givenTrainer()]
  for (const trainer of [touched, untouched]) bringTo(trainer, 'EVALUATING')
  const [first] = [touched, untouched].map((trainer) => trainer.saveCheckpoint().checkpointId)
  for (const trainer of [touched, untouched]) {
    runTicks(trainer, 4)
    trainer.drainEvents()
  }
  const result = touched.execute(
    batch([transition('ROLLED_BACK', { checkpointId: first! }), transition('DORMANT', { seedId: 1 })]),
  )
  expect(result).toMatchObject({ status: 'rejected', code: 'COMMAND_ILLEGAL_EDGE' })
  expect(result.items?.map((item) => item.status)).toEqual(['rolled_back', 'rejected'])
  expect(touched.drainEvents()).toEqual([])
  expect(Buffer.compare(stateOf(touched), stateOf(untouched))).toBe(0)
})

test('an atomic batch that is legal applies whole, at one step, and is replayed as one', () => {
  const trainer = givenTrainer()
  runTicks(trainer, 5)
  const commands = [0, 1, 2].map((seedId) => transition('GERMINATED', { seedId }))
  const result = trainer.execute(batch(commands))
  expect(result.status).toBe('applied')
  expect(result.items?.map(({ status, state, generation }) => [status, state, generation])).toEqual(
    Array.from({ length: 3 }, () => ['applied', 'GERMINATED', 1]),
  )
  expect(eventsOf(trainer.drainEvents(), 'transition').map((event) => event.step)).toEqual([100, 100, 100])
  runTicks(trainer, 2)
  const log = trainer.commandLog()
  expect(log).toHaveLength(1)
  const replayed = { seed: 3, faultsAllowed: true }
  expect(replayRun({ options: replayed, dataset: spirals, log, steps: trainer.step }).hash()).toEqual(trainer.hash())
})

test('a batch that is not atomic keeps what was applied, and goes on or not as it was told', () => {
  const commands = [
    transition('GERMINATED'),
    transition('FOSSILIZED', { seedId: 1 }),
    transition('GERMINATED', { seedId: 2 }),
  ]
  for (const [stopOnError, statuses] of [
    [true, ['applied', 'rejected', 'skipped']],
    [false, ['applied', 'rejected', 'applied']],
  ] as const) {
    const trainer = givenTrainer()
    runTicks(trainer, 5)
    const result = trainer.execute(batch(commands, { atomic: false, stopOnError }))
    expect(result).toMatchObject({ status: 'rejected', code: 'COMMAND_ILLEGAL_EDGE' })
    expect(result.items?.map((item) => item.status)).toEqual(statuses)
    expect(eventsOf(trainer.drainEvents(), 'transition')).toHaveLength(statuses.filter((s) => s === 'applied').length)
  }
})

test('a batch that throws half way leaves nothing behind', () => {
  const [touched, untouched] = [givenTrainer(), givenTrainer()]
  runTicks(touched, 5)
  runTicks(untouched, 5)
  const broken = { ...transition('GERMINATED', { seedId: 1 }), type: 'no such type' } as unknown as Single
  expect(() => touched.execute(batch([transition('GERMINATED'), broken]))).toThrow()
  expect(touched.hash()).toEqual(untouched.hash())
  expect(Buffer.compare(stateOf(touched), stateOf(untouched))).toBe(0)
})

test('a run whose every layer stands still makes no step, erases nothing and goes on bit for bit as if nothing had been', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.boolean(), (steps, whole) => {
      const [stopped, free] = [givenTrainer(), givenTrainer()]
      for (const trainer of [stopped, free]) bringTo(trainer, 'GRAFTING')
      for (let i = 0; i < steps; i++) for (const trainer of [stopped, free]) trainer.runStep()
      const hold = (layerIds: readonly string[]) => stopped.execute({ type: 'hold', layerIds, correlationId: null })
      const before = columnsOf(stopped)
      hold(stopped.layerIds)
      expect(stopped.halted).toBe(true)
      for (let i = 0; i < 50; i++) expect(stopped.runStep()).toBe(false)
      expect(stopped.step).toBe(free.step)
      expect(columnsOf(stopped)).toEqual(before)
      expect(stopped.execute(transition('STABILIZATION', { force: true }))).toMatchObject({ code: 'COMMAND_STOPPED' })
      if (!whole) hold(stopped.layerIds.slice(1))
      hold([])
      for (let i = 0; i < 45; i++) for (const trainer of [stopped, free]) trainer.runStep()
      expect(stopped.hash()).toEqual(free.hash())
    }),
    { numRuns: 20 },
  )
})

test('a layer that stands still keeps alpha, module and structure while the host and the others go on', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GRAFTING')
  runTicks(trainer, 2)
  const alphaAt = (): number => trainer.seedColumns(0)[0]!
  trainer.drainEvents()
  trainer.execute({ type: 'hold', layerIds: ['layer_0'], correlationId: 'stop-1' })
  expect([trainer.halted, trainer.isHeld(0), trainer.isHeld(1)]).toEqual([false, true, false])
  expect(eventsOf(trainer.drainEvents(), 'control').map((e) => [e.action, e.layerId, e.correlationId])).toEqual([
    ['halted', 'layer_0', 'stop-1'],
  ])
  const [step, state, alphas] = [trainer.step, alphaAt(), alphaOf(trainer)]
  runTicks(trainer, 4)
  expect(trainer.step).toBe(step + 80)
  expect([alphaAt(), alphaOf(trainer)]).toEqual([state, alphas])
  expect(trainer.execute(transition('ROLLED_BACK'))).toMatchObject({ code: 'COMMAND_STOPPED', state: 'GRAFTING' })
  expect(trainer.execute(blueprint(0, 'mlp'))).toMatchObject({ status: 'applied' })
  const { checkpointId } = trainer.saveCheckpoint()
  expect(trainer.restoreCheckpoint(checkpointId, 'weights')).toMatchObject({ code: 'COMMAND_STOPPED' })
  trainer.execute({ type: 'hold', layerIds: [], correlationId: null })
  runTicks(trainer, 1)
  expect(alphaOf(trainer)).toBeGreaterThan(alphas)
  expect(trainer.execute({ type: 'hold', layerIds: ['layer_9'], correlationId: null })).toMatchObject({
    code: 'COMMAND_PRECONDITION',
  })
})

function alphaOf(trainer: Trainer): number {
  const at = trainer.describe().seed_columns.findIndex((column) => column.name === 'alpha')
  return trainer.seedColumns(0)[at * trainer.seedsPerLayer]!
}
