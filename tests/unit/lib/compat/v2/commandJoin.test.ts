import { expect, test } from 'vitest'
import { parseMessage } from '../../../../../lib/contracts/messageTypes.ts'
import type { CommandResult } from '../../../../../lib/contracts/outcomes.ts'
import { createCommandJoin, readCommand } from '../../../../../lib/compat/v2/commandJoin.ts'
import { parseForeignTopic } from '../../../../../lib/compat/v2/foreignTopic.ts'

const CONTROL = parseForeignTopic('morphogenetic.control.layer.layer_0')
const ACK = parseForeignTopic('morphogenetic.control.ack.layer.layer_0')

const command = (id: string, fields: object = {}) =>
  readCommand(
    'LifecycleTransitionCommand',
    { message_id: id, seed_id: 1, target_state: 'training', timeout_ms: 1_000, ...fields },
    CONTROL,
  )
const result = (id: string, success = true): CommandResult => {
  const metadata = { correlation_id: id, command_type: 'LifecycleTransitionCommand' }
  const raw = { success, execution_time_ms: 2, metadata, ...(success ? {} : { error: 'no' }) }
  const context = { topic: 'ack', cursor: '1-0', acceptedAtMs: 1 }
  return parseMessage('CommandResult', raw, context).message as CommandResult
}

test('silence is unknown after its own timeout, never failed; a late answer settles it once', () => {
  const join = createCommandJoin()
  expect(join.sent(command('a'), 0)).toBe('new')
  expect(join.sent(command('a'), 5)).toBe('repeat')
  expect(join.expire(999)).toEqual([])
  expect(join.expire(1_000)).toMatchObject([{ commandId: 'a', outcome: 'unknown', layerId: 'layer_0', seedId: 1 }])
  expect(join.expire(9_000)).toEqual([])
  expect(join.answered(result('a', false), ACK, 9_001)).toMatchObject({ outcome: 'failed', text: 'answered late; no' })
  expect(join.answered(result('a'), ACK, 9_002)).toBe('repeat')
  expect(join.counts()).toEqual({ waiting: 0, unknown: 0, settled: 1 })
})

test('an answer that is read before its command is held and joined; alone it tells what it knows', () => {
  const join = createCommandJoin()
  expect(join.answered(result('a'), ACK, 0)).toBe('held')
  expect(join.sent(command('a'), 1)).toMatchObject({
    outcome: 'applied',
    seedId: 1,
    type: 'LifecycleTransitionCommand',
  })
  expect(join.answered(result('b'), ACK, 0)).toBe('held')
  expect(join.expire(1_999)).toMatchObject([])
  expect(join.expire(2_000)).toMatchObject([{ commandId: 'b', outcome: 'applied', layerId: 'layer_0', seedId: null }])
})

test('a transition to the wanted state proves a command at once, a reading only once silence was unknown', () => {
  const join = createCommandJoin()
  join.sent(command('a'), 10)
  expect(join.seen('layer_0', 1, 'TRAINING', 11, false)).toEqual([])
  expect(join.seen('layer_0', 1, 'TRAINING', 9, true)).toEqual([])
  expect(join.seen('layer_0', 2, 'TRAINING', 11, true)).toEqual([])
  expect(join.seen('layer_0', 1, 'TRAINING', 11, true)).toMatchObject([{ outcome: 'applied' }])
  join.sent(command('b'), 20)
  join.expire(1_020)
  expect(join.seen('layer_0', 1, 'TRAINING', 1_021, false)).toMatchObject([{ commandId: 'b', outcome: 'applied' }])
})

test('no more than 4,096 commands are remembered; a result that names none is refused', () => {
  const join = createCommandJoin()
  for (let at = 0; at < 5_000; at++) join.sent(command(`c${at}`), at)
  const { waiting, unknown, settled } = join.counts()
  expect(waiting + unknown + settled).toBe(4_096)
  const { correlation_id: _, ...nameless } = result('x')
  expect(() => join.answered(nameless as CommandResult, ACK, 0)).toThrow(/names no command/)
})
