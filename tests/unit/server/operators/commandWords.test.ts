import { describe, expect, test } from 'vitest'
import { COMMAND_EDGES, COMMAND_STATES, isFinalState } from '../../../../lib/contracts/commandStateTable.ts'
import type { GatewayCommand } from '../../../../lib/contracts/gatewayControl.ts'
import { endOf, newMarks, silentEnd } from '../../../../server/operators/gatewayWords.ts'
import { partId, toOrder } from '../../../../server/operators/commandOrder.ts'
import { tellPrecedent } from '../../../../server/operators/precedent.ts'
import { addStage, moveOn, toRecord, type StoredCommand } from '../../../../server/operators/storedCommand.ts'
import { judgeUnknown, type Evidence, type Transition } from '../../../../server/operators/unknownWatch.ts'
import { HTTP_API } from '../../../../lib/contracts/httpApi.ts'
import { outcomeOf } from '../../../support/stubGateway.ts'
import { createTestNetwork, dormant } from '../../../support/testNetwork.ts'

const ID = '018bcfe5-6800-7000-8000-000000000001'
const stored = (more: Partial<StoredCommand> = {}): StoredCommand => ({
  id: ID,
  type: 'LifecycleTransitionCommand',
  state: 'ISSUED',
  stages: [{ stage: 'issued', atMs: 1_000, by: 'server' }],
  outcome: null,
  hash: 'h'.repeat(64),
  level: 1,
  raised: [],
  actor: 'ann',
  session: 's',
  via: 'web',
  reason: 'why',
  runId: 'run-1',
  layerId: 'a',
  seedId: 0,
  targetState: 'GERMINATED',
  body: { type: 'LifecycleTransitionCommand', target_state: 'GERMINATED', parameters: {}, force: false },
  text: 'a seed 0 to GERMINATED',
  createdMs: 900,
  updatedMs: 1_000,
  heldUntilMs: null,
  deadlineMs: 7_000,
  graceMs: 5_000,
  approvals: [],
  approval: null,
  attempts: 1,
  key: 'key-00000001',
  correlationId: ID,
  parentId: null,
  children: 0,
  effect: null,
  basis: { state: 'DORMANT', generation: 0, blueprint: null, tick: 1, metric: null, value: null, siblings: null },
  verdict: null,
  bulk: null,
  auditSeq: 4,
  inverse: null,
  timeoutMs: 5_000,
  ttlMs: 5_000,
  priority: 'normal',
  ...more,
})

describe('states', () => {
  test('of all pairs exactly those of the table move, and nothing moves out of an end', () => {
    for (const from of COMMAND_STATES)
      for (const to of COMMAND_STATES) {
        const moved = moveOn(stored({ state: from }), { state: to, stage: 'started', by: 'x', atMs: 2_000 })
        const wanted = from === to ? !isFinalState(from) : COMMAND_EDGES[from].includes(to)
        expect(moved !== null, `${from} to ${to}`).toBe(wanted)
        if (moved !== null) expect(moved).toMatchObject({ state: to, updatedMs: 2_000 })
      }
  })
  test('a record has the shape of the contract, and its stages tell how long each took', () => {
    const record = toRecord(addStage(stored(), { stage: 'sent', by: 'gateway', text: 'by bus', atMs: 1_040 }))
    expect(HTTP_API.command.output.parse(record)).toEqual(record)
    expect(record.stages[1]).toMatchObject({ stage: 'sent', after_ms: 40 })
  })
})

describe('what the gateway says', () => {
  test('a repeat that names the command itself carries its first outcome', () => {
    const outcome = {
      ...outcomeOf(ID, 'applied'),
      kind: 'duplicate',
      duplicate_of: ID,
      details: { outcome: 'rejected', outcome_code: 'COMMAND_GUARD', outcome_text: 'no' },
    }
    expect(endOf(stored(), outcome as never)).toMatchObject({
      state: 'REJECTED',
      outcome: { kind: 'rejected', code: 'COMMAND_GUARD', text: 'no' },
    })
    const other = { ...outcome, duplicate_of: 'another' }
    expect(endOf(stored(), other as never)).toMatchObject({ state: 'DUPLICATE' })
  })
  test('while it is unknown, applied is late and everything else is not applied', () => {
    const unknown = stored({ state: 'UNKNOWN' })
    expect(endOf(unknown, outcomeOf(ID, 'applied'))).toMatchObject({ state: 'APPLIED_LATE' })
    expect(endOf(unknown, outcomeOf(ID, 'failed', 'broke'))).toMatchObject({
      state: 'NOT_APPLIED',
      text: 'the layer said failed: broke',
    })
    expect(endOf(unknown, { ...outcomeOf(ID, 'applied'), kind: 'accepted' } as never)).toBeNull()
  })
  test('each stage is told once, and only those of the layer move', () => {
    const marks: GatewayCommand['stages'] = [
      { stage: 'taken', at_ms: 1, path: null },
      { stage: 'sent', at_ms: 2, path: 'bus' },
      { stage: 'received', at_ms: 3, path: 'socket' },
      { stage: 'started', at_ms: 4, path: null },
    ]
    expect(newMarks(stored(), marks).map(({ stage, state }) => [stage, state])).toEqual([
      ['sent', null],
      ['received', 'DELIVERED'],
      ['started', 'STARTED'],
    ])
    const known = addStage(stored(), { stage: 'sent', by: 'gateway', atMs: 2 })
    expect(newMarks(known, marks).map(({ stage }) => stage)).toEqual(['received', 'started'])
  })
  test('what certainly never left has failed, what nobody answered is unknown, and the rest says nothing', () => {
    expect(silentEnd('undelivered', '')).toMatchObject({ state: 'FAILED' })
    expect(silentEnd('unknown', 'silence')).toMatchObject({ state: 'UNKNOWN', outcome: { kind: 'unknown' } })
    expect(silentEnd('started', '')).toBeNull()
  })
})

describe('unknown', () => {
  const transition = (more: Partial<Transition> = {}): Transition =>
    ({
      kind: 'transition',
      at_ms: 2_000,
      seed_id: 0,
      layer_id: 'a',
      from_state: 'DORMANT',
      to_state: 'GERMINATED',
      correlation_id: 'another',
      ...more,
    }) as Transition
  const judge = (command: Partial<StoredCommand>, evidence: Partial<Evidence>, seed: object = {}, ageMs = 100) => {
    const network = createTestNetwork({ a: dormant(2) })
    Object.assign(network.of['a']!.seeds[0]!, seed)
    network.of['a']!.ageMs = ageMs
    const base: Evidence = { nowMs: 20_000, issuedMs: 1_000, layer: network.layer('a'), transitions: [], freshTicks: 2 }
    return judgeUnknown(stored({ state: 'UNKNOWN', ...command }), { ...base, ...evidence }).kind
  }
  test.each<[string, string, Partial<StoredCommand>, Partial<Evidence>, object?, number?]>([
    ['a transition that names it', 'applied', {}, { transitions: [transition({ correlation_id: ID })] }],
    [
      'one that names it, also before its time is over',
      'applied',
      {},
      { nowMs: 2_000, transitions: [transition({ correlation_id: ID })] },
    ],
    ['its time is not over', 'open', {}, { nowMs: 7_500 }],
    ['unchanged in two fresh frames', 'not-applied', {}, {}],
    ['only one frame yet', 'open', {}, { freshTicks: 1 }],
    ['no frame yet', 'open', {}, { freshTicks: null }],
    ['a layer that fell silent', 'open', {}, {}, {}, 90_000],
    ['a layer nobody knows', 'open', {}, { layer: null }],
    ['in its target, and nobody else did it', 'applied', {}, {}, { state: 'GERMINATED', generation: 1 }],
    [
      'in its target, by somebody else',
      'not-applied',
      {},
      { transitions: [transition()] },
      { state: 'GERMINATED', generation: 1 },
    ],
    [
      'the same step by a publisher that names no cause',
      'applied',
      {},
      { transitions: [transition({ correlation_id: null })] },
      { state: 'GERMINATED' },
    ],
    ['in a third state, and nobody knows why', 'open', {}, {}, { state: 'CULLED' }],
    ['in its target two lives later', 'open', {}, {}, { state: 'GERMINATED', generation: 7 }],
    ['a no-op', 'not-applied', { type: 'NoOp', seedId: null }, {}],
    ['a checkpoint, which no column shows', 'open', { type: 'CheckpointCommand', seedId: null }, {}],
  ])('%s: %s', (_title, kind, command, evidence, seed, ageMs) => {
    expect(judge(command, evidence, seed, ageMs)).toBe(kind)
  })
  test('a blueprint is told by the column that carries it', () => {
    const blueprint = {
      type: 'BlueprintUpdateCommand' as const,
      targetState: null,
      body: { blueprint_id: 'mlp' },
      basis: {
        state: 'GERMINATED' as const,
        generation: 0,
        blueprint: 1,
        tick: 1,
        metric: null,
        value: null,
        siblings: null,
      },
    }
    const seed = (index: number) => ({ state: 'GERMINATED', metrics: { blueprint: index } })
    expect(judge(blueprint, {}, seed(3))).toBe('applied')
    expect(judge(blueprint, {}, seed(1))).toBe('not-applied')
    expect(judge({ ...blueprint, basis: { ...blueprint.basis, blueprint: 3 } }, {}, seed(3))).toBe('open')
  })
})

describe('orders', () => {
  test('carry what was seen, who agreed and the audit checkpoint, and are the same each time', () => {
    const approvals = [
      { by: 'bob', at: '', decision: 'approve' as const, note: '', session: 'b' },
      { by: 'eve', at: '', decision: 'refuse' as const, note: '', session: 'e' },
    ]
    const mark = { size: 9, rootHex: 'a'.repeat(64) }
    const order = toOrder(stored({ approvals, effect: { metric: 'alpha', delta: 0.5, within_s: 60 } }), mark)
    expect(order).toMatchObject({
      id: ID,
      audit_size: 9,
      command: {
        message_type: 'LifecycleTransitionCommand',
        expect: { from_state: 'DORMANT', generation: 0 },
        approved_by: ['bob'],
        idempotency_key: ID,
        expected_effect: 'alpha +0.5 in 60 s',
      },
    })
    expect(toOrder(stored({ approvals, effect: { metric: 'alpha', delta: 0.5, within_s: 60 } }), mark)).toEqual(order)
  })
  test('parts of a batch have ids made of its own', () => {
    expect(new Set([0, 1, 63].map((at) => partId(ID, at))).size).toBe(3)
    expect(partId(ID, 0)).toMatch(/^[0-9a-f-]{36}$/)
    const batch = stored({
      type: 'BatchCommand',
      seedId: null,
      basis: null,
      body: {
        atomic: true,
        commands: [{ type: 'LifecycleTransitionCommand', seed_id: 1, target_state: 'TRAINING', parameters: {} }],
      },
    })
    expect(toOrder(batch, null).command).toMatchObject({
      atomic: true,
      commands: [{ message_type: 'LifecycleTransitionCommand', correlation_id: ID, seed_id: 1 }],
    })
  })
  test('a run control is no order', () => {
    expect(() => toOrder(stored({ type: 'RunControl' }), null)).toThrow('no order')
  })
})

describe('precedent', () => {
  const to = { wasRolledBack: () => false, layerId: 'a', seedId: 0, from: 'DORMANT' }
  const ended = (at: number, state: StoredCommand['state'], ackMs: number, more: Partial<StoredCommand> = {}) =>
    stored({
      state,
      createdMs: at,
      stages: [
        { stage: 'issued', atMs: at, by: 'server' },
        { stage: state === 'REJECTED' ? 'rejected' : 'applied', atMs: at + ackMs, by: 'layer' },
      ],
      ...more,
    })
  test('none is said in words, with no figure', () => {
    expect(tellPrecedent([], to)).toMatchObject({
      n: 0,
      ack_p95_ms: null,
      health_delta: null,
      text: expect.stringContaining('no precedent'),
    })
  })
  test('outcomes are counted, acknowledgements have quantiles, the nearest are of the same seed first', () => {
    const cases = [
      ...Array.from({ length: 19 }, (_, at) => ended(1_000 + at, 'APPLIED', 10 + at, { seedId: at + 1 })),
      ended(500, 'REJECTED', 400),
    ]
    const told = tellPrecedent(cases, { ...to, wasRolledBack: ({ seedId }) => seedId === 3 })
    expect(told).toMatchObject({ n: 20, applied: 19, refused: 1, rolled_back: 1, ack_p95_ms: 28, ack_p50_ms: 19 })
    expect(told.nearest[0]).toMatchObject({ seed_id: 0, state: 'REJECTED' })
  })
})
