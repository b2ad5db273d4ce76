import { expect, test } from 'vitest'
import { AppError } from '../../../../lib/contracts/appError.ts'
import type { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'
import { createActRecorder } from '../../../../server/audit/actRecorder.ts'
import { SYSTEM_ACTOR, type AuditDraft } from '../../../../server/audit/auditDraft.ts'
import { noteIncidents } from '../../../../server/audit/noteIncidents.ts'
import { auditedOperators } from '../../../../server/operators/auditedOperators.ts'
import type { Operator } from '../../../../server/operators/caller.ts'
import type { OperatorsHandle } from '../../../../server/operators/operatorsHandle.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const caller = {
  actor: 'demo-1',
  session: 's',
  via: 'web',
  permissions: [],
  audit: { ...SYSTEM_ACTOR, id: 'demo-1' },
} as Operator
const draft = (seed: number): CommandDraft =>
  ({
    type: 'LifecycleTransitionCommand',
    layer_id: 'layer_0',
    seed_id: seed,
    target_state: 'GERMINATED',
    reason: 'try',
  }) as unknown as CommandDraft

function world(refuse: AppError | null) {
  const clock = createManualClock()
  const entries: AuditDraft[] = []
  const problems: string[] = []
  let broken = false
  const audit = {
    append: (entry: AuditDraft) => {
      if (broken) return Promise.reject(new AppError('STATE_STORAGE', 'the disk is full'))
      entries.push(entry)
      return Promise.resolve({ seq: entries.length - 1, hash: '' })
    },
  }
  const acts = createActRecorder({ audit, clock, onProblem: (text) => void problems.push(text) })
  const answer = () => (refuse === null ? Promise.resolve({ id: 'c' }) : Promise.reject(refuse))
  const plain = Object.fromEntries(
    ['preview', 'submit', 'approve', 'cancel', 'retry', 'bulk', 'act', 'stop', 'stopReason', 'resume'].map((name) => [
      name,
      answer,
    ]),
  ) as unknown as OperatorsHandle
  const breakDisk = (): void => {
    broken = true
  }
  return { clock, entries, problems, acts, breakDisk, operators: auditedOperators(plain, acts, clock) }
}

test('every act that is refused is written down with who, what and why, and refused all the same', async () => {
  const { operators, entries } = world(new AppError('COMMAND_HALTED', 'an emergency stop is in force'))
  const tries: (() => Promise<unknown>)[] = [
    () => operators.preview(draft(1), caller),
    () => operators.submit(draft(1), caller, 'key'),
    () => operators.approve('c', { decision: 'approve', hash: 'h', note: '' }, caller),
    () => operators.cancel('c', { reason: 'no' }, caller),
    () => operators.retry('c', { force: false, reason: '' }, caller),
    () => operators.bulk('c', { action: 'pause', reason: '' } as never, caller),
    () => operators.act({ action: 'take', reason: '' } as never, caller),
    () => operators.stop({ scope: 'all', reason: '' } as never, caller),
    () => operators.stopReason('c', 'because', caller),
    () => operators.resume({ stop_id: 's', reason: '' } as never, caller, null),
  ]
  for (const attempt of tries) await expect(attempt()).rejects.toMatchObject({ code: 'COMMAND_HALTED' })
  expect(entries.map(({ action }) => action)).toEqual([
    'command.preview',
    'command.intent',
    'command.approve',
    'command.cancel',
    'command.retry',
    'bulk.pause',
    'control.take',
    'stop.intent',
    'stop.reason',
    'resume.intent',
  ])
  expect(
    entries.every(
      ({ outcome, errorCode, actor }) =>
        outcome === 'denied' && errorCode === 'COMMAND_HALTED' && actor.id === 'demo-1',
    ),
  ).toBe(true)
  expect(entries[1]).toMatchObject({
    object: { id: 'layer_0/1' },
    params: { target_state: 'GERMINATED' },
    reason: 'try',
  })
})

test('the same look at what would happen counts once a minute; another one counts', async () => {
  const { operators, entries, clock } = world(null)
  for (const seed of [1, 1, 2, 1]) await operators.preview(draft(seed), caller)
  expect(entries.map(({ object, outcome }) => `${object.id} ${outcome}`)).toEqual(['layer_0/1 done', 'layer_0/2 done'])
  await clock.advance(61_000)
  await operators.preview(draft(1), caller)
  expect(entries).toHaveLength(3)
})

test('a flood of refusals is ten entries a second and one that counts the rest', async () => {
  const { operators, entries, clock } = world(new AppError('GUARD_RATE', 'too many'))
  for (let n = 0; n < 250; n++) await operators.submit(draft(n), caller, null).catch(() => undefined)
  expect(entries).toHaveLength(10)
  await clock.advance(1_000)
  expect(entries).toHaveLength(11)
  expect(entries.at(-1)).toMatchObject({ action: 'access.denied', params: { count: 240 } })
})

test('an act of the door is written before and after; without the intent on the disk it does not happen', async () => {
  const { acts, entries, breakDisk } = world(null)
  const act = { action: 'load.start', object: { type: 'route', id: '/api/load' } }
  expect(await acts.perform(SYSTEM_ACTOR, act, () => 7)).toBe(7)
  await expect(
    acts.perform(SYSTEM_ACTOR, act, () => {
      throw new AppError('STATE_CONFLICT', 'one runs already')
    }),
  ).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  expect(entries.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual([
    ['intent', undefined],
    ['done', undefined],
    ['intent', undefined],
    ['denied', 'STATE_CONFLICT'],
  ])
  breakDisk()
  let happened = false
  await expect(acts.perform(SYSTEM_ACTOR, act, () => (happened = true))).rejects.toMatchObject({
    code: 'STATE_STORAGE',
  })
  expect(happened).toBe(false)
})

test('incidents of the server are entries, what is only information is not', () => {
  const { acts, entries } = world(null)
  const incident = {
    kind: 'incident',
    at_ms: 1,
    run_id: null,
    code: 'BUS_DOWN',
    text: 'gone',
    lost: 3,
    from_ms: null,
    to_ms: null,
  }
  noteIncidents(acts, [
    { ...incident, severity: 'critical' },
    { ...incident, severity: 'info' },
  ] as never)
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({ action: 'server.incident', object: { id: 'BUS_DOWN' }, reason: 'gone' })
})
