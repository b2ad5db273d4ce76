import { describe, expect, test } from 'vitest'
import { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'
import { BUDGET, createBudgetBook, isOverBudget } from '../../../../server/operators/blastBudget.ts'
import { createArmTokens } from '../../../../server/operators/armTokens.ts'
import { createCommandIds } from '../../../../server/operators/commandId.ts'
import { gradeEffect } from '../../../../server/operators/effectGrade.ts'
import { evaluatingCommand, type GuardContext } from '../../../../server/operators/guardEngine.ts'
import { nextControl } from '../../../../server/operators/controlToken.ts'
import { createRateLimit } from '../../../../server/operators/rateLimit.ts'
import { atOnce, ITEMS_PER_STEP } from '../../../../server/state/inTurns.ts'
import { waveSizes } from '../../../../server/operators/targetSplit.ts'
import { driftOf, isDrifted, judgeWave } from '../../../../server/operators/waveGate.ts'
import { createManualClock } from '../../../support/manualClock.ts'
import { createTestNetwork, dormant, type TestNetwork } from '../../../support/testNetwork.ts'

const context = (network: TestNetwork, more: Partial<GuardContext> = {}): GuardContext => ({
  network,
  budget: createBudgetBook(createManualClock()),
  environment: 'DEMO',
  quota: 500,
  proposed: false,
  halted: () => false,
  againstRun: () => null,
  ...more,
})
const evaluateCommand = (asked: CommandDraft, given: GuardContext) => atOnce(evaluatingCommand(asked, given))
const draft = (more: object = {}) =>
  CommandDraft.parse({
    type: 'LifecycleTransitionCommand',
    layer_id: 'a',
    seed_id: 0,
    target_state: 'GERMINATED',
    ...more,
  })
const many = (targets: object, more: object = {}) =>
  CommandDraft.parse({ type: 'LifecycleTransitionCommand', target_state: 'GERMINATED', targets, ...more })
const codes = (found: { readonly reasons: readonly { readonly code: string }[] }) =>
  found.reasons.map(({ code }) => code)

describe('one seed', () => {
  test('a legal edge on a fresh layer has no reason against it, and its way back is named', () => {
    const found = evaluateCommand(draft(), context(createTestNetwork({ a: dormant(4) })))
    expect(found).toMatchObject({
      reasons: [],
      changing: 1,
      verdict: { level: 1 },
      inverse: { targetState: 'CANCELLED' },
    })
    expect(found.effect.text).toBe('a seed 0 goes from DORMANT to GERMINATED')
  })
  test.each<[string, object, (network: TestNetwork) => Partial<GuardContext>, string[]]>([
    ['an edge that does not exist', { target_state: 'GRAFTING' }, () => ({}), ['COMMAND_ILLEGAL_EDGE']],
    ['the state it is in', { target_state: 'DORMANT' }, () => ({}), ['COMMAND_ILLEGAL_EDGE']],
    ['a stale layer', {}, (network) => ((network.of['a']!.ageMs = 20_000), {}), ['COMMAND_TARGET_STALE']],
    [
      'a silent layer, also by force',
      { force: true },
      (network) => ((network.of['a']!.ageMs = 90_000), {}),
      ['COMMAND_TARGET_STALE'],
    ],
    ['a layer that never reported', {}, (network) => ((network.of['a']!.ageMs = null), {}), ['COMMAND_TARGET_STALE']],
    ['an emergency stop', {}, () => ({ halted: () => true }), ['COMMAND_HALTED']],
    [
      'a state nobody knows',
      {},
      (network) => ((network.of['a']!.seeds[0]!.state = 'UNKNOWN'), {}),
      ['COMMAND_TARGET_STALE'],
    ],
  ])('%s is a reason against it', (_title, more, change, expected) => {
    const network = createTestNetwork({ a: dormant(4) })
    expect(codes(evaluateCommand(draft(more), context(network, change(network))))).toEqual(expected)
  })
  test('a late layer is told and does not block; a stale one goes by force, at level 3', () => {
    const network = createTestNetwork({ a: dormant(4) })
    network.of['a']!.ageMs = 1_500
    expect(evaluateCommand(draft(), context(network)).reasons).toEqual([])
    network.of['a']!.ageMs = 3_000
    const forced = evaluateCommand(draft({ force: true }), context(network))
    expect(forced).toMatchObject({ reasons: [], verdict: { level: 3 }, demands: { gesture: 'hold', armed: true } })
    expect(forced.warnings.map(({ code }) => code)).toEqual(['COMMAND_TARGET_STALE'])
  })
  test('a proof of life is answered under a stop, a layer or seed that does not exist is said', () => {
    const network = createTestNetwork({ a: dormant(4) })
    const noop = CommandDraft.parse({ type: 'NoOp', layer_id: 'a' })
    expect(evaluateCommand(noop, context(network, { halted: () => true })).reasons).toEqual([])
    expect(() => evaluateCommand(draft({ layer_id: 'z' }), context(network))).toThrow('not known')
    expect(() => evaluateCommand(draft({ seed_id: 9 }), context(network))).toThrow('no seed 9')
  })
  test('the readings the layer will judge by are shown with value, threshold and whether they pass', () => {
    const network = createTestNetwork({
      a: [{ state: 'TRAINING', generation: 1, metrics: { shadow_gain: 0.1, ticks_in_state: 3 } }],
    })
    network.of['a']!.thresholds = { minShadowGain: 0.05, minTrainingTicks: 10 }
    const { guards } = evaluateCommand(draft({ target_state: 'GRAFTING' }), context(network))
    const of = (name: string) => guards.find((guard) => guard.name === name)
    expect(of('shadow_gain')).toMatchObject({ value: 0.1, threshold: 0.05, passed: true, decided_by: 'layer' })
    expect(of('ticks_in_state')).toMatchObject({ value: 3, threshold: 10, passed: false })
    expect(of('reconstruction_loss')).toMatchObject({ value: null, threshold: null, passed: null })
  })
})

describe('many seeds', () => {
  const mixed = () =>
    createTestNetwork({ a: [...dormant(20), { state: 'TRAINING', generation: 1, metrics: {} }], b: dormant(10) })
  test('a layer, a list and a query name the same seeds, split into what changes and what does not', () => {
    const network = mixed()
    const layer = evaluateCommand(many({ kind: 'layer', layer_id: 'a' }), context(network))
    expect(layer.targets).toMatchObject({ total: 21, will_change: 20, illegal: 1, waves: [1, 1, 18] })
    const list = evaluateCommand(
      many({ kind: 'seeds', layers: [{ layer_id: 'a', seed_ids: Array.from({ length: 21 }, (_, id) => 20 - id) }] }),
      context(network),
    )
    expect(list.targets.list_hash).toBe(layer.targets.list_hash)
    const query = many({
      kind: 'query',
      query: { layers: ['a'], states: ['DORMANT'], where: [{ metric: 'health_score', op: '>', value: 0.5 }] },
    })
    expect(evaluateCommand(query, context(network)).targets).toMatchObject({
      total: 20,
      will_change: 20,
      list_hash: layer.targets.list_hash,
    })
    network.of['a']!.seeds[3]!.generation = 5
    expect(evaluateCommand(query, context(network)).targets.list_hash).not.toBe(layer.targets.list_hash)
  })
  test('what is unmeasured matches no limit, an empty selection and one over the quota are refused', () => {
    const network = mixed()
    network.of['b']!.seeds[0]!.metrics = {}
    const query = (value: number) =>
      many({ kind: 'query', query: { layers: ['b'], where: [{ metric: 'health_score', op: '<', value }] } })
    expect(evaluateCommand(query(1), context(network)).targets.total).toBe(9)
    expect(codes(evaluateCommand(query(0.1), context(network)))).toEqual(['STATE_NOT_FOUND'])
    expect(codes(evaluateCommand(many({ kind: 'layer', layer_id: 'a' }), context(network, { quota: 19 })))).toEqual([
      'COMMAND_QUOTA',
    ])
  })
  test('more than 25 are level 3 and their number is typed', () => {
    const network = createTestNetwork({ a: dormant(200) })
    const found = evaluateCommand(many({ kind: 'layer', layer_id: 'a' }), context(network))
    expect(found).toMatchObject({ verdict: { level: 3 }, demands: { gesture: 'type-count', approvals: 1 } })
    expect(found.verdict.raised.map(({ by }) => by)).toContain('targets')
  })
  test('a batch is judged part by part, each as the one before leaves its seed', () => {
    const batch = (commands: object[], atomic = true) =>
      CommandDraft.parse({ type: 'BatchCommand', layer_id: 'a', commands, atomic })
    const to = (seed_id: number, target_state: string) => ({
      type: 'LifecycleTransitionCommand',
      seed_id,
      target_state,
    })
    const network = mixed()
    expect(evaluateCommand(batch([to(0, 'GERMINATED'), to(0, 'TRAINING')]), context(network)).reasons).toEqual([])
    expect(codes(evaluateCommand(batch([to(0, 'GERMINATED'), to(1, 'CULLED')]), context(network)))).toEqual([
      'COMMAND_ILLEGAL_EDGE',
    ])
    expect(evaluateCommand(batch([to(0, 'GERMINATED'), to(1, 'CULLED')], false), context(network)).reasons).toEqual([])
  })
})

describe('arm tokens', () => {
  const subject = { session: 's1', hash: 'h', listHash: 'l', wanted: new Map([['a', [1, 2, 3]]]) }
  test.each<[string, object, number, string]>([
    ['another session', { session: 's2' }, 0, 'another session'],
    ['a changed command', { hash: 'h2' }, 0, 'was changed'],
    ['changed targets', { listHash: 'l2' }, 0, 'state of the targets'],
    ['an old preview', {}, 10_500, 'the preview is'],
    ['an old token', {}, 30_500, 's old'],
  ])('%s is refused', async (_title, more, afterMs, text) => {
    const clock = createManualClock()
    const arms = createArmTokens(clock)
    const { token } = arms.issue(subject)
    await clock.advance(afterMs)
    expect(() => arms.redeem(token, { ...subject, ...more })).toThrow(text)
  })
  test.each([
    [[1, 2], '1 seed left the set since your preview'],
    [[5], '3 seeds left the set since your preview and 1 seed joined it'],
    [[1, 2, 3, 4, 5], '2 seeds joined the set since your preview'],
    [[1, 2, 3], 'the state of the targets changed since the preview'],
  ])('how the set moved to %j is told in numbers', (ids, text) => {
    const arms = createArmTokens(createManualClock())
    const { token } = arms.issue(subject)
    const moved = { ...subject, listHash: 'moved', wanted: new Map([['a', ids]]) }
    expect(() => arms.redeem(token, moved)).toThrow(text)
  })
  test('lists are forgotten before memory is: then the move is told without numbers', () => {
    const arms = createArmTokens(createManualClock())
    const { token } = arms.issue(subject)
    const many = new Map([['a', Array.from({ length: 60_000 }, (_, id) => id)]])
    for (let n = 0; n < 17; n++) arms.issue({ ...subject, wanted: many })
    const moved = { ...subject, listHash: 'moved', wanted: new Map([['a', [1]]]) }
    expect(() => arms.redeem(token, moved)).toThrow('the state of the targets changed since the preview')
  })
  test('a token is good once, and an attempt with it uses it up', () => {
    const arms = createArmTokens(createManualClock())
    const { token } = arms.issue(subject)
    expect(() => arms.redeem(token, { ...subject, hash: 'h2' })).toThrow('was changed')
    expect(() => arms.redeem(token, subject)).toThrow('used before')
    const next = arms.issue(subject).token
    arms.redeem(next, subject)
    expect(() => arms.redeem(next, subject)).toThrow('used before')
  })
})

describe('budget and rate', () => {
  test('a seed counts once in its window, and leaves with it', async () => {
    const clock = createManualClock()
    const book = createBudgetBook(clock)
    const layers = [{ layerId: 'a', rows: 400 }]
    const weigh = (ids: number[]) => book.weigh(layers, new Map([['a', ids]]))
    const ids = Array.from({ length: 90 }, (_, id) => id)
    book.spend('a', ids)
    book.spend('a', ids)
    expect(weigh([0, 1]).layers[0]).toMatchObject({ used: 90, would_use: 90, over: false })
    expect(isOverBudget(weigh(Array.from({ length: 20 }, (_, id) => 100 + id)))).toBe(true)
    await clock.advance(BUDGET.windowMs + 1)
    expect(weigh([]).layers[0]).toMatchObject({ used: 0, over: false })
  })
  test('a person has a burst and an even refill of their own, and is told how long to wait', async () => {
    const clock = createManualClock()
    const rate = createRateLimit(clock, 60, 'commands')
    for (let at = 0; at < 60; at++) rate.take('ann')
    expect(() => rate.take('ann')).toThrow('wait 1 s')
    rate.take('bob')
    await clock.advance(1_000)
    rate.take('ann')
    expect(() => rate.take('ann')).toThrow('more than 60 commands')
  })
})

describe('waves', () => {
  test.each([
    [0, []],
    [1, [1]],
    [2, [1, 1]],
    [5, [1, 1, 3]],
    [118, [1, 6, 111]],
  ])('%i seeds go in waves of %o', (total, sizes) => {
    expect(waveSizes(total)).toEqual(sizes)
  })
  test('a wave holds by failures and by health; health nobody measured decides nothing', () => {
    const wave = { sent: 100, failed: 1, unknown: 1, healthBefore: 0.8, healthNow: 0.75 }
    expect(judgeWave(wave).passed).toBe(true)
    expect(judgeWave({ ...wave, unknown: 2 }).passed).toBe(false)
    expect(judgeWave({ ...wave, healthNow: 0.69 })).toMatchObject({ passed: false, health_floor: expect.closeTo(0.7) })
    expect(judgeWave({ ...wave, healthNow: null })).toMatchObject({
      passed: true,
      text: expect.stringContaining('not measured'),
    })
  })
  test('a set that lost more than a twentieth has to be confirmed again', () => {
    expect(isDrifted(driftOf(5, 100))).toBe(false)
    expect(isDrifted(driftOf(6, 100))).toBe(true)
    expect(driftOf(0, 0).ratio).toBe(0)
  })
})

describe('control', () => {
  const nobody = { holder: null, sinceMs: null, request: null }
  const held = { holder: 'ann', sinceMs: 1, request: null }
  const asked = { ...held, request: { by: 'bob', atMs: 2, reason: '' } }
  const act = (state: Parameters<typeof nextControl>[0], action: string, actor: string, more: object = {}) =>
    nextControl(state, { action, reason: '', ...more } as never, actor, 9)
  test('it is taken, asked for, handed over, refused and released by whom it concerns', () => {
    expect(act(nobody, 'take', 'ann').holder).toBe('ann')
    expect(act(held, 'request', 'bob').request).toMatchObject({ by: 'bob' })
    expect(act(asked, 'hand-over', 'ann')).toEqual({ holder: 'bob', sinceMs: 9, request: null })
    expect(act(asked, 'refuse', 'ann')).toEqual({ ...held, request: null })
    expect(act(asked, 'withdraw', 'bob').request).toBeNull()
    expect(act(held, 'release', 'ann').holder).toBeNull()
    expect(act(held, 'take-over', 'bob', { reason: 'ann is away' }).holder).toBe('bob')
  })
  test.each([
    [held, 'take', 'bob', 'ann has control'],
    [held, 'take-over', 'bob', 'needs a reason'],
    [held, 'take-over', 'ann', 'already'],
    [nobody, 'request', 'bob', 'take it'],
    [asked, 'request', 'eve', 'bob asks for it already'],
    [asked, 'hand-over', 'bob', 'do not have control'],
    [held, 'hand-over', 'ann', 'to whom'],
    [held, 'refuse', 'ann', 'nobody asks'],
    [held, 'release', 'bob', 'do not have control'],
    [held, 'withdraw', 'bob', 'did not ask'],
  ])('of %o, %s by %s is refused: %s', (state, action, actor, text) => {
    expect(() => act(state, action, actor)).toThrow(text)
  })
})

describe('the grade of an effect', () => {
  const effect = { metric: 'health_score', delta: 0.1, within_s: 60 }
  test.each([
    ['helped', 0.5, 0.6, 0.5, 0.5],
    ['neutral', 0.5, 0.6, 0.5, 0.6],
    ['hurt', 0.5, 0.5, 0.5, 0.6],
    ['unmeasured', null, 0.6, 0.5, 0.5],
  ])('is %s when siblings are taken off', (grade, before, after, siblingsBefore, siblingsAfter) => {
    expect(gradeEffect(effect, { before, after, siblingsBefore, siblingsAfter, siblings: 3 }, 0).grade).toBe(grade)
  })
})

test('ids sort by the moment they were made, also within a millisecond and when the clock is set back', async () => {
  const clock = createManualClock()
  const next = createCommandIds(clock)
  const ids: string[] = []
  for (let at = 0; at < 10_000; at++) {
    if (at % 5_000 === 0) await clock.advance(1)
    ids.push(next())
  }
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test.each([
  ['a layer', { kind: 'layer', layer_id: 'a' }],
  ['a list', { kind: 'seeds', layers: [{ layer_id: 'a', seed_ids: Array.from({ length: 10_000 }, (_, id) => id) }] }],
  ['a sentence', { kind: 'query', query: { states: ['DORMANT'] } }],
])('no step of judging ten thousand seeds of %s looks at more than one stretch of them', (_, targets) => {
  const network = createTestNetwork({ a: dormant(10_000) })
  let looks = 0
  const layer = (layerId: string) => {
    const view = network.layer(layerId)
    const seed = (id: number) => (looks++, view.seed(id))
    return { ...view, seed, metric: (name: string, id: number) => (looks++, view.metric(name, id)) }
  }
  const steps = evaluatingCommand(
    many(targets),
    context({ ...network, layer, layers: () => [layer('a')] }, { quota: 20_000 }),
  )
  let [most, paused] = [0, 0]
  for (let step = steps.next(); ; step = steps.next()) {
    most = Math.max(most, looks)
    looks = 0
    paused++
    if (step.done !== true) continue
    expect(step.value).toMatchObject({ changing: 10_000, targets: { will_change: 10_000, health: { unmeasured: 0 } } })
    break
  }
  expect(most).toBeLessThanOrEqual(ITEMS_PER_STEP)
  expect(paused).toBeGreaterThan(40)
})

test('a sentence about picked seeds is asked again of exactly those, narrowed by state and value', () => {
  const network = createTestNetwork({ a: dormant(6), b: dormant(3) })
  network.of['a']!.seeds[2]!.state = 'TRAINING'
  network.of['a']!.seeds[3]!.metrics['health_score'] = 0.1
  const query = (more: object) =>
    evaluateCommand(
      many({ kind: 'query', query: { seeds: [{ layer_id: 'a', seed_ids: [1, 2, 3, 3] }], ...more } }),
      context(network),
    )
  expect(query({}).targets).toMatchObject({ total: 3, will_change: 2 })
  expect(query({ states: ['DORMANT'] }).wanted).toEqual(new Map([['a', [1, 3]]]))
  expect(query({ where: [{ metric: 'health_score', op: '<', value: 0.5 }] }).wanted).toEqual(new Map([['a', [3]]]))
  expect(query({ layers: ['b'] }).wanted).toEqual(
    new Map([
      ['a', [1, 3]],
      ['b', [0, 1, 2]],
    ]),
  )
  expect(() => query({ seeds: [{ layer_id: 'a', seed_ids: [99] }] })).toThrow('no seed 99')
})
