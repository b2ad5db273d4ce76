import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isAppError } from '../../../../lib/contracts/appError.ts'
import { createPolicyState, type PolicyState } from '../../../../lib/controller/policyState.ts'
import { runLockstep } from '../../../../lib/controller/lockstep.ts'
import { createTrainer } from '../../../../lib/training/trainer.ts'
import { bringTo, eventsOf, givenTrainer, runTicks, spirals, transition } from '../../../support/trainingFixture.ts'

const codeOf = (attempt: () => unknown): string | null => {
  try {
    attempt()
  } catch (error) {
    return isAppError(error) ? error.code : 'not ours'
  }
  return null
}

/** Rewrites the header's text and gives it lengths and a checksum that hold. */
function forge(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const all = Buffer.from(bytes)
  const headEnd = 48 + all.readUInt32LE(8)
  const text = all.subarray(48, headEnd).toString('utf8')
  expect(text).toContain(from)
  const head = Buffer.from(text.replace(from, to))
  const body = Buffer.concat([head, all.subarray(headEnd)])
  const prefix = Buffer.from(all.subarray(0, 48))
  prefix.writeUInt32LE(head.length, 8)
  createHash('sha256').update(body).digest().copy(prefix, 16)
  return Buffer.concat([prefix, body])
}

/** A grown run, stopped in the middle of a tick: the hardest place to save. */
function givenGrownRun(): { trainer: ReturnType<typeof createTrainer>; policy: PolicyState } {
  const trainer = createTrainer({ seed: 1, faultsAllowed: true }, spirals)
  const policy = runLockstep({ trainer, policy: createPolicyState({ plateauEvaluations: 0 }), steps: 1_207 })
  return { trainer, policy }
}

test('bytes written by one process restore in another: same hash, same columns, same future', () => {
  const { trainer, policy } = givenGrownRun()
  trainer.injectFault({ faultId: 'noise', kind: 'label_noise', steps: 500 })
  const { checkpointId } = trainer.saveCheckpoint()
  const saved = trainer.hash()
  const other = createTrainer({ seed: 1, faultsAllowed: true }, spirals)
  other.importCheckpoint(trainer.checkpointBytes(checkpointId)!)
  expect(other.restoreCheckpoint(checkpointId, 'exact').status).toBe('applied')
  expect(other.hash()).toEqual(saved)
  expect([other.step, other.tick, other.faultActive]).toEqual([1_207, 60, true])
  runLockstep({ trainer, policy, steps: 900 })
  runLockstep({ trainer: other, policy, steps: 900 })
  expect(other.hash()).toEqual(trainer.hash())
  for (const layer of [0, 1, 2]) expect(other.seedColumns(layer)).toEqual(trainer.seedColumns(layer))
})

test('an exact restore goes back in the same process and lives the same future again', () => {
  const { trainer, policy } = givenGrownRun()
  const { checkpointId } = trainer.saveCheckpoint()
  runLockstep({ trainer, policy, steps: 500 })
  const future = trainer.hash()
  trainer.restoreCheckpoint(checkpointId, 'exact')
  runLockstep({ trainer, policy, steps: 500 })
  expect(trainer.hash()).toEqual(future)
})

test('saving is an observation: it changes neither weights nor history', () => {
  const [watched, alone] = [givenGrownRun(), givenGrownRun()]
  watched.trainer.saveCheckpoint()
  runTicks(watched.trainer, 3)
  runTicks(alone.trainer, 3)
  expect(watched.trainer.hash()).toEqual(alone.trainer.hash())
})

test('a weights restore keeps the counters running and rolls blended seeds back', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GRAFTING')
  const { checkpointId } = trainer.saveCheckpoint()
  const before = trainer.evaluate('val').loss
  runTicks(trainer, 10)
  const step = trainer.step
  trainer.drainEvents()
  expect(trainer.restoreCheckpoint(checkpointId, 'weights').status).toBe('applied')
  expect(trainer.step).toBe(step)
  expect(trainer.evaluate('val').loss).toBe(before)
  const told = eventsOf(trainer.drainEvents(), 'transition')
  expect(told.map((event) => [event.toState, event.triggeredBy])).toEqual([['ROLLED_BACK', 'operator']])
})

test('a roll-back that names a checkpoint restores its weights; an unknown one is refused before anything happens', () => {
  const trainer = givenTrainer()
  bringTo(trainer, 'GRAFTING')
  const { checkpointId } = trainer.saveCheckpoint()
  const before = trainer.evaluate('val').loss
  runTicks(trainer, 4)
  expect(trainer.execute(transition('ROLLED_BACK', { checkpointId: 'nowhere' }))).toMatchObject({ state: 'GRAFTING' })
  expect(trainer.execute(transition('ROLLED_BACK', { checkpointId })).status).toBe('applied')
  expect(trainer.evaluate('val').loss).toBe(before)
})

test('any single damaged byte is refused by code and leaves the run as it was', () => {
  const { trainer } = givenGrownRun()
  const { checkpointId } = trainer.saveCheckpoint()
  const good = trainer.checkpointBytes(checkpointId)!
  const before = trainer.hash()
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bad = good.slice()
      bad[at]! ^= flip
      expect(codeOf(() => trainer.importCheckpoint(bad))).toMatch(/^CONTRACT_(INVALID|VERSION)$/)
    }),
    { seed: 7, numRuns: 200 },
  )
  for (const bytes of [new Uint8Array(0), good.subarray(0, 100), new Uint8Array(5_000)]) {
    expect(codeOf(() => trainer.importCheckpoint(bytes))).toBe('CONTRACT_INVALID')
  }
  expect(trainer.hash()).toEqual(before)
})

test('a well-formed lie is refused too: a right checksum over a header that does not fit', () => {
  const { trainer } = givenGrownRun()
  const bytes = trainer.checkpointBytes(trainer.saveCheckpoint().checkpointId)!
  const before = trainer.hash()
  const lies: readonly [string, string][] = [
    ['"seeds":[', '"seedz":['],
    ['"words":[', '"wordz":['],
    ['"checkpointId":"ck', '"checkpointId":".."'],
    ['"state":"', '"state":"X'],
    ['"tick":', '"tock":'],
    ['"lastGood":{', '"lastGoof":{'],
    ['"blueprintId":"', '"blueprintId":"_'],
  ]
  for (const [from, to] of lies) {
    expect(
      codeOf(() => trainer.importCheckpoint(forge(bytes, from, to))),
      to,
    ).toMatch(/^CONTRACT_INVALID$/)
  }
  expect(trainer.hash()).toEqual(before)
})

test('a checkpoint of another configuration or version is refused by its own code', () => {
  const { trainer } = givenGrownRun()
  const bytes = trainer.checkpointBytes(trainer.saveCheckpoint().checkpointId)!
  expect(codeOf(() => createTrainer({ seed: 2 }, spirals).importCheckpoint(bytes))).toBe('COMMAND_PRECONDITION')
  const newer = bytes.slice()
  newer[4] = 9
  expect(codeOf(() => trainer.importCheckpoint(newer))).toBe('CONTRACT_VERSION')
})

test('memory holds the configured number of checkpoints; the oldest leaves first', () => {
  const trainer = givenTrainer({ checkpointsKept: 2 })
  const ids = [0, 1, 2].map(() => trainer.saveCheckpoint().checkpointId)
  expect(ids.map((id) => trainer.checkpointBytes(id) !== null)).toEqual([false, true, true])
  expect(trainer.restoreCheckpoint(ids[0]!, 'exact')).toMatchObject({
    status: 'rejected',
    code: 'COMMAND_PRECONDITION',
  })
})
