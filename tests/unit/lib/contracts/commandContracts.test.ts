import { describe, expect, test } from 'vitest'
import { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'
import { COMMANDS_API } from '../../../../lib/contracts/commandsApi.ts'
import {
  COMMAND_EDGES,
  COMMAND_STATES,
  isCancellable,
  isFinalState,
} from '../../../../lib/contracts/commandStateTable.ts'
import { ResumeRequest, StopRequest } from '../../../../lib/contracts/httpStops.ts'
import { IdempotencyKey, OPS_EVENT_SCHEMAS, OPS_EVENTS_PER_SECOND } from '../../../../lib/contracts/opsEvents.ts'
import { OPS_NAMESPACE } from '../../../../lib/contracts/socketNames.ts'

const transition = { type: 'LifecycleTransitionCommand', layer_id: 'layer_0', seed_id: 3, target_state: 'GERMINATED' }

describe('drafts', () => {
  test('one seed needs a layer and a seed; the rest has its documented defaults', () => {
    expect(CommandDraft.parse(transition)).toEqual({
      ...transition,
      reason: '',
      priority: 'normal',
      ttl_ms: 5_000,
      timeout_ms: 5_000,
      force: false,
      parameters: {},
    })
  })
  test.each([
    [{ ...transition, seed_id: undefined }, ['seed_id'], 'name one seed'],
    [{ ...transition, targets: { kind: 'layer', layer_id: 'layer_0' } }, ['targets'], 'not both'],
    [{ ...transition, target_state: 'BLENDING' }, ['target_state'], 'Invalid'],
    [{ ...transition, priority: 'critical' }, ['priority'], 'Invalid'],
    [{ type: 'CheckpointCommand', layer_id: 'layer_0', operation: 'restore' }, ['checkpoint_id'], 'which checkpoint'],
    [{ type: 'EmergencyStopCommand' }, ['type'], 'Invalid'],
  ])('%o is refused at %o', (draft, path, text) => {
    const issue = CommandDraft.safeParse(draft).error?.issues[0]
    expect(issue?.path).toEqual(path)
    expect(issue?.message).toContain(text)
  })
  test('many are named by seeds, by layer or by a sentence', () => {
    const many = [
      { kind: 'seeds', layers: [{ layer_id: 'layer_0', seed_ids: [1, 2] }] },
      { kind: 'layer', layer_id: 'layer_1' },
      { kind: 'query', query: { states: ['TRAINING'], where: [{ metric: 'health', op: '<', value: 0.3 }] } },
    ]
    for (const targets of many) {
      const { layer_id: _layer, seed_id: _seed, ...rest } = transition
      expect(CommandDraft.safeParse({ ...rest, targets }).error).toBeUndefined()
    }
  })
})

describe('states', () => {
  test('every state can be reached from the first and reaches an end', () => {
    const seen = new Set<string>(['DRAFTED'])
    for (const state of seen) for (const next of COMMAND_EDGES[state as 'DRAFTED']) seen.add(next)
    expect([...seen].sort()).toEqual([...COMMAND_STATES].sort())
    const ends = (state: (typeof COMMAND_STATES)[number]): boolean =>
      isFinalState(state) || COMMAND_EDGES[state].some(ends)
    expect(COMMAND_STATES.filter((state) => !ends(state))).toEqual([])
  })
  test('only what was not sent can be cancelled with certainty, and UNKNOWN only settles', () => {
    expect(COMMAND_STATES.filter(isCancellable)).toEqual(['VALIDATED', 'AWAIT_APPROVAL', 'APPROVED', 'HELD'])
    expect(isFinalState('UNKNOWN')).toBe(false)
    expect(COMMAND_EDGES.UNKNOWN).toEqual(['APPLIED_LATE', 'NOT_APPLIED'])
  })
})

describe('stop and resume', () => {
  test('a stop needs a scope and nothing else', () => {
    expect(StopRequest.parse({ scope: 'all' })).toEqual({ scope: 'all', reason: '', mode: 'freeze' })
    expect(StopRequest.safeParse({ scope: ['layer_0'] }).success).toBe(true)
    expect(StopRequest.safeParse({ scope: [] }).success).toBe(false)
    expect(StopRequest.safeParse({}).success).toBe(false)
  })
  test('a resume names its stop and its reason', () => {
    const stop_id = '0199d4a2-7c00-7000-8000-000000000001'
    const resume = ResumeRequest.parse({ stop_id, reason: 'cause found', confirmed: ['cause'] })
    expect(resume.ramp).toEqual({ hold_s: 10, health_floor: 0.2 })
    expect(ResumeRequest.safeParse({ stop_id, reason: '', confirmed: [] }).success).toBe(false)
  })
})

describe('doors', () => {
  test('what changes something is for operators, on both transports', () => {
    const routes = Object.values(COMMANDS_API)
    expect(routes.filter((route) => route.method === 'POST' && route.permission !== 'operator')).toEqual([])
    expect(routes.filter((route) => route.method === 'GET' && route.permission !== 'viewer')).toEqual([])
    expect(OPS_NAMESPACE).toBe('/ops')
    expect(OPS_EVENTS_PER_SECOND).toBeGreaterThan(0)
    const open = Object.entries(OPS_EVENT_SCHEMAS).filter(([, { permission }]) => permission === 'viewer')
    expect(open.map(([event]) => event)).toEqual(['hello', 'choices'])
  })
  test('an idempotency key is one line of at least eight characters', () => {
    expect(IdempotencyKey.safeParse('a1b2c3d4').success).toBe(true)
    expect(IdempotencyKey.safeParse('short').success).toBe(false)
    expect(IdempotencyKey.safeParse('two\nlines--').success).toBe(false)
  })
})
