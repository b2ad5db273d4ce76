import { expect, test } from 'vitest'
import { createCommandThreads, faultThread } from '../../../../lib/agents/commandThreads.ts'
import { threadOfDecision } from '../../../../lib/agents/controllerAgent.ts'
import { toEventMessage } from '../../../../lib/agents/eventMessages.ts'
import { Command } from '../../../../lib/contracts/commands.ts'
import { transition } from '../../../support/commandBench.ts'

const command = (more: Record<string, unknown>) => Command.parse(transition(more))

test('what a command causes belongs to the thread the command names, and names the command as its cause', () => {
  const threads = createCommandThreads()
  const asked = command({ correlation_id: 'alert-7' })
  threads.note(asked)
  const { body } = toEventMessage(
    {
      kind: 'checkpoint',
      seq: 1,
      step: 1,
      tick: 1,
      correlationId: asked.message_id,
      action: 'saved',
      checkpointId: 'c',
      bytes: 1,
      sha256: 'a'.repeat(64),
    },
    'run',
    threads,
  )
  expect(body).toMatchObject({ correlation_id: 'alert-7', causation_id: asked.message_id })
})

test('a command without a thread is one, and so is what is not known any more', () => {
  const threads = createCommandThreads(2)
  const many = [1, 2, 3].map((at) => command({ correlation_id: `alert-${at}`, message_id: crypto.randomUUID() }))
  for (const one of many) threads.note(one)
  expect(many.map((one) => threads.threadOf(one.message_id))).toEqual([many[0]!.message_id, 'alert-2', 'alert-3'])
  expect(threads.threadOf('never heard of')).toBe('never heard of')
})

test('parts of a batch belong to the thread of the batch unless they name their own', () => {
  const threads = createCommandThreads()
  const first = transition({ message_id: crypto.randomUUID() })
  const second = transition({ message_id: crypto.randomUUID(), correlation_id: 'own' })
  const { target_state: _state, parameters: _parameters, seed_id: _seed, ...head } = transition({})
  threads.note(
    Command.parse({ ...head, message_type: 'BatchCommand', correlation_id: 'whole', commands: [first, second] }),
  )
  expect(threads.threadOf(String(first['message_id']))).toBe('whole')
  expect(threads.threadOf(String(second['message_id']))).toBe('own')
})

test('a fault that nobody commanded is its own thread from injection to end', () => {
  const event = {
    kind: 'fault',
    seq: 1,
    step: 1,
    tick: 1,
    correlationId: null,
    faultId: 'noise-1',
    fault: 'label_noise',
    layerId: null,
    seedId: null,
    text: 'noise',
  } as const
  const threads = createCommandThreads()
  for (const phase of ['injected', 'ended'] as const)
    expect(toEventMessage({ ...event, phase }, 'run', threads).body).toMatchObject({
      correlation_id: faultThread('noise-1'),
    })
})

test('an intent of the controller has a thread that stands in an address', () => {
  const thread = threadOfDecision('digits-s1-abc layer_0:3/2/DORMANT>GERMINATED')
  expect(thread).toMatch(/^[A-Za-z0-9_:-]{1,128}$/)
  expect(thread).not.toBe(threadOfDecision('digits-s1-abc layer_0:3/3/DORMANT>GERMINATED'))
})
