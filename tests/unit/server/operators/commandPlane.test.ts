import { afterEach, describe, expect, test } from 'vitest'
import { CommandDraft } from '../../../../lib/contracts/commandDraft.ts'
import type { LiveRecord } from '../../../../lib/contracts/liveRecords.ts'
import { createPlaneWorld, person, type PlaneWorld } from '../../../support/planeWorld.ts'
import { dormant } from '../../../support/testNetwork.ts'
import { waitUntil } from '../../../support/waitUntil.ts'

const ann = person('ann')
const bob = person('bob')
const draft = (more: object = {}) =>
  CommandDraft.parse({
    type: 'LifecycleTransitionCommand',
    layer_id: 'a',
    seed_id: 0,
    target_state: 'GERMINATED',
    ...more,
  })
let keys = 0
const key = (): string => `key-${String(keys++).padStart(8, '0')}`

let world: PlaneWorld
afterEach(() => world.dispose())

const submit = async (more: object = {}, by = ann) => (await world.plane.commands.submit(draft(more), by, key())).id
const stateOf = async (id: string) => (await world.plane.commands.get(id)).state
const settled = (id: string, wanted: string) =>
  waitUntil(`${id} is ${wanted}`, async () => {
    await world.clock.advance(0)
    return (await stateOf(id)) === wanted
  })
/** Past the grace, and until the gateway has the order. */
const send = async (id: string, orders = 1) => {
  await world.clock.advance(5_000)
  await waitUntil('the gateway has it', () => world.gateway.orders.filter((order) => order.id === id).length === orders)
}
const named = (id: string, seed = 0): LiveRecord => ({
  kind: 'transition',
  offset: 1,
  at_ms: world.clock.wallMs(),
  run_id: 'run-1',
  layer_id: 'a',
  seed_id: seed,
  from_state: 'DORMANT',
  to_state: 'GERMINATED',
  reason: '',
  triggered_by: 'operator',
  guard: null,
  step: null,
  tick: null,
  generation: 0,
  blueprint_id: null,
  correlation_id: id,
  legal: true,
})
/** Lets time pass with telemetry that goes on. */
const pass = async (ms: number) => {
  for (let left = ms; left > 0; left -= 500) {
    world.network.of['a']!.tick++
    await world.clock.advance(Math.min(500, left))
  }
}

describe('the server is killed', () => {
  test('while a command is held: nothing was sent, and that is certain', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    await world.restart(60_000)
    expect(await world.plane.commands.get(id)).toMatchObject({ state: 'CANCELLED', outcome: { kind: 'cancelled' } })
    await pass(10_000)
    expect(world.gateway.orders).toEqual([])
  })
  test('while a second person is waited for: it goes on waiting, and is sent once when they agree', async () => {
    world = await createPlaneWorld({ a: dormant(4) }, { environment: 'PROD' })
    await world.plane.control.act({ action: 'take', reason: '' }, bob)
    const id = await submit({ reason: 'please' })
    expect(await stateOf(id)).toBe('AWAIT_APPROVAL')
    await world.restart(1_000)
    const { hash } = await world.plane.commands.get(id)
    await world.plane.commands.approve(id, { hash, decision: 'approve', note: '' }, bob)
    await waitUntil('the gateway has it', () => world.gateway.orders.length === 1)
    expect(world.gateway.orders[0]).toMatchObject({ id, command: { approved_by: ['bob'] } })
  })
  test('before the gateway heard of it: unknown, then not applied by two fresh frames; never sent again', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    world.gateway.mode = 'hangs'
    const id = await submit()
    await world.clock.advance(5_000)
    await settled(id, 'ISSUED')
    await world.plane.book.durable(id)
    await world.restart(1_000)
    expect(await stateOf(id)).toBe('ISSUED')
    await pass(6_000)
    await settled(id, 'UNKNOWN')
    await pass(6_000)
    await settled(id, 'NOT_APPLIED')
    expect(world.gateway.orders).toEqual([])
  })
  test.each([
    ['before the time of a promised effect: it is graded when that time comes', 10_000, 'helped', 'said +0.05'],
    ['over the time of a promised effect: a later reading is not taken for it', 90_000, 'unmeasured', 'away'],
  ])('%s', async (_, awayMs, grade, words) => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit({ expected_effect: { metric: 'health_score', delta: 0.05, within_s: 30 } })
    await send(id)
    world.gateway.settle(id, 'applied', 'DORMANT -> GERMINATED')
    await settled(id, 'APPLIED')
    expect((await world.plane.commands.get(id)).verdict?.grade).toBe('too early')
    await world.plane.book.durable(id)
    await world.restart(awayMs)
    world.network.of['a']!.seeds[0]!.metrics['health_score'] = 0.96
    await pass(40_000)
    const { verdict } = await world.plane.commands.get(id)
    expect(verdict?.grade).toBe(grade)
    expect(verdict?.text).toContain(words)
  })
  test('after the gateway took it and its outcome is known there: the true outcome, nothing sent again', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    await send(id)
    await world.plane.book.durable(id)
    const before = world.gateway
    await world.restart(1_000)
    before.settle(id, 'applied', 'DORMANT -> GERMINATED')
    world.gateway.line(false)
    world.gateway.line(true)
    await settled(id, 'APPLIED')
    expect(world.gateway.orders).toHaveLength(1)
  })
  test('and the gateway forgot it: a transition that names it says it was applied after all', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    await send(id)
    await world.plane.book.durable(id)
    world.gateway.known.clear()
    await world.restart(1_000)
    await pass(6_000)
    await settled(id, 'UNKNOWN')
    world.plane.onRecords([named(id)])
    await settled(id, 'APPLIED_LATE')
    const { stages } = await world.plane.commands.get(id)
    expect(stages.map(({ stage }) => stage)).toEqual(expect.arrayContaining(['unknown', 'applied late', 'verified']))
  })
  test('after the outcome was written: it stays the one outcome', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    await send(id)
    world.gateway.settle(id, 'rejected', 'no')
    await settled(id, 'REJECTED')
    await world.plane.book.durable(id)
    await world.restart(1_000)
    world.gateway.settle(id, 'applied')
    expect(await world.plane.commands.get(id)).toMatchObject({
      state: 'REJECTED',
      outcome: { kind: 'rejected', text: 'no' },
    })
  })
  test('in the middle of a run over many: it is paused, and what it had sent is settled', async () => {
    world = await createPlaneWorld({ a: dormant(10) })
    const id = await submit({ layer_id: undefined, seed_id: undefined, targets: { kind: 'layer', layer_id: 'a' } })
    await world.clock.advance(5_000)
    await waitUntil('the first wave is out', () => world.gateway.orders.length === 1)
    await waitUntil(
      'it is written',
      async () => (await world.plane.commands.list({ parent: id })).commands[0]?.state === 'ISSUED',
    )
    await world.plane.book.durable(id)
    await world.restart(1_000)
    const run = await world.plane.commands.get(id)
    expect(run).toMatchObject({ state: 'STARTED', bulk: { state: 'paused', actions: ['resume', 'stop'] } })
    world.gateway.settle(world.gateway.orders[0]!.id, 'applied')
    await settled(world.gateway.orders[0]!.id, 'APPLIED')
    await pass(5_000)
    expect(world.gateway.orders).toHaveLength(1)
    await world.plane.bulk(id, { action: 'stop', reason: '' }, ann)
    expect(await world.plane.commands.get(id)).toMatchObject({
      state: 'CANCELLED',
      bulk: { state: 'stopped', counts: { applied: 1, cancelled: 9 } },
    })
  })
  test('before the record: no command, and the key is free', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const name = key()
    await world.records.close()
    await expect(world.plane.commands.submit(draft(), ann, name)).rejects.toThrow()
    await world.restart()
    const taken = await world.plane.commands.submit(draft(), ann, name)
    expect(taken.state).toBe('HELD')
  })
})

describe('a command on its way', () => {
  test('is compared once more before it leaves: both states are named', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    world.network.of['a']!.seeds[0]!.state = 'GERMINATED'
    await world.clock.advance(5_000)
    await settled(id, 'REJECTED')
    expect((await world.plane.commands.get(id)).outcome).toMatchObject({
      code: 'COMMAND_PRECONDITION',
      text: 'the seed is in GERMINATED, the command was made for DORMANT',
    })
    expect(world.gateway.orders).toEqual([])
  })
  test('is not sent for somebody who may not act any more when its grace is over', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    world.gone.add(ann.actor)
    await world.clock.advance(5_000)
    await settled(id, 'REJECTED')
    expect((await world.plane.commands.get(id)).outcome).toMatchObject({ code: 'GUARD_FORBIDDEN' })
    expect(world.gateway.orders).toEqual([])
  })
  test('waits for a gateway that is away, under one id, and is unknown when its time is over', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    world.gateway.mode = 'down'
    const id = await submit()
    await world.clock.advance(5_000)
    await settled(id, 'ISSUED')
    await world.clock.advance(1_000)
    world.gateway.mode = 'up'
    await waitUntil('it arrives', async () => (await world.clock.advance(250), world.gateway.orders.length === 1))
    expect(world.gateway.orders[0]!.id).toBe(id)
    await pass(5_000)
    await settled(id, 'UNKNOWN')
    await expect(world.plane.commands.retry(id, { force: false, reason: '' }, ann)).rejects.toThrow('force it')
    await world.plane.commands.retry(id, { force: true, reason: 'look' }, ann)
    expect(world.gateway.orders.map((order) => order.id)).toEqual([id, id])
    world.gateway.settle(id, 'applied')
    await settled(id, 'APPLIED_LATE')
  })
  test('needs another person, another session and the very hash; who waits too long finds it expired', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    await world.plane.control.act({ action: 'take', reason: '' }, bob)
    const id = await submit()
    const { hash } = await world.plane.commands.get(id)
    const approve = (by = bob, more: object = {}) =>
      world.plane.commands.approve(id, { hash, decision: 'approve', note: '', ...more }, by)
    await expect(approve(ann)).rejects.toThrow('another person')
    await expect(approve(person('bob', 'ann'))).rejects.toThrow('session')
    await expect(approve(bob, { hash: '0'.repeat(64) })).rejects.toThrow('another command')
    await expect(approve(person('eve'))).rejects.toThrow('bob has control')
    await world.clock.advance(600_000)
    await settled(id, 'EXPIRED')
    await expect(approve()).rejects.toThrow('waits for nobody')
  })
  test('is refused when its intent can not be audited, and leaves nothing', async () => {
    world = await createPlaneWorld(
      { a: dormant(4) },
      { audit: { append: () => Promise.reject(new Error('disk full')) } },
    )
    await expect(submit()).rejects.toThrow('disk full')
    expect((await world.plane.commands.list({})).commands).toEqual([])
  })
  test('is audited twice: what was meant before it left, what came of it afterwards', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    const id = await submit()
    await send(id)
    world.gateway.settle(id, 'applied')
    await settled(id, 'APPLIED')
    await waitUntil('its end is in the trail', async () => {
      const rows = await world.records.db
        .selectFrom('audit_entries')
        .select(['action', 'outcome'])
        .where('command_id', '=', id)
        .orderBy('seq')
        .execute()
      return (
        JSON.stringify(rows) ===
        JSON.stringify([
          { action: 'command.intent', outcome: 'intent' },
          { action: 'command.outcome', outcome: 'done' },
        ])
      )
    })
  })
})

describe('an emergency stop', () => {
  test('goes out without audit, cancels what is queued in its scope and nothing else, and is one stop per key', async () => {
    world = await createPlaneWorld(
      { a: dormant(4), b: dormant(4) },
      {
        audit: {
          append: (entry) =>
            entry.action === 'stop.intent' ? new Promise(() => undefined) : Promise.resolve({ seq: 0, hash: '' }),
        },
      },
    )
    const held = await submit()
    const other = await submit({ layer_id: 'b' })
    const request = { scope: ['a'], reason: '', key: 'one-click', mode: 'freeze' as const }
    const [first, second] = await Promise.all([
      world.plane.stops.stop(request, bob),
      world.plane.stops.stop(request, bob),
    ])
    expect(second.id).toBe(first.id)
    expect(world.gateway.stops).toEqual([first.id])
    expect(first.cancelled.map(({ id }) => id)).toEqual([held])
    expect([await stateOf(held), await stateOf(other)]).toEqual(['CANCELLED', 'HELD'])
    await expect(submit({ seed_id: 1 })).rejects.toThrow('emergency stop is in force')
    expect(await world.plane.stops.matrix(first.id)).toMatchObject({ applied: 1, missing: 0, complete: true })
  })
  test('goes out when the records are away, and says so', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    await world.records.close()
    const taken = await world.plane.stops.stop({ scope: 'all', reason: '', mode: 'freeze' }, ann)
    expect(world.gateway.stops).toEqual([taken.id])
    await waitUntil(
      'the warnings are there',
      async () => (await world.plane.stops.matrix(taken.id)).warnings.length === 2,
    )
    await world.restart()
  })
  test('that does not leave says NOT SENT at once, is tried again, and its key is not used up', async () => {
    world = await createPlaneWorld({ a: dormant(4) })
    world.gateway.mode = 'down'
    const request = { scope: 'all' as const, reason: '', key: 'one-click', mode: 'freeze' as const }
    await expect(world.plane.stops.stop(request, ann)).rejects.toThrow('NOT SENT')
    world.gateway.mode = 'up'
    await waitUntil('it left by itself', async () => (await world.clock.advance(200), world.gateway.stops.length === 1))
    const again = await world.plane.stops.stop(request, ann)
    expect(world.gateway.stops).toContain(again.id)
  })
  test('is lifted by two persons after a checklist that passes, in the waves of the gateway', async () => {
    world = await createPlaneWorld({ a: dormant(4), b: dormant(4) })
    const { id: stop_id } = await world.plane.stops.stop({ scope: 'all', reason: '', mode: 'freeze' }, ann)
    const propose = () =>
      world.plane.resumes.propose(
        { stop_id, reason: 'found it', confirmed: ['cause', 'alerts'], ramp: { hold_s: 10, health_floor: 0.2 } },
        ann,
        key(),
      )
    await expect(propose()).rejects.toThrow('a stop would reach every layer: not told')
    const readiness = { at_ms: 1, ready: 2, of: 2, worst_ms: 3, layers: [], elsewhere: null }
    world.gateway.tell({ kind: 'readiness', epoch: 1, offset: 1, at_ms: 1, readiness })
    const taken = await propose()
    expect(taken).toMatchObject({ state: 'AWAIT_APPROVAL', level: 4, approvals_needed: 1 })
    await expect(
      world.plane.commands.approve(taken.id, { hash: taken.hash, decision: 'approve', note: '' }, ann),
    ).rejects.toThrow('another person')
    await world.plane.commands.approve(taken.id, { hash: taken.hash, decision: 'approve', note: '' }, bob)
    await waitUntil('the gateway resumes', () => world.gateway.resumes.length === 1)
    const base = { id: taken.id, stop_id, waves: [['a'], ['b']], health: 0.9, text: '' }
    const event = { kind: 'resume', epoch: 1, offset: 2, at_ms: 1 } as const
    world.gateway.tell({ ...event, resume: { ...base, state: 'running', wave: 1, resumed: ['a'] } })
    expect(await world.plane.commands.get(taken.id)).toMatchObject({
      state: 'STARTED',
      bulk: { waves: [{ state: 'passed' }, { state: 'running' }] },
    })
    world.gateway.tell({ ...event, resume: { ...base, state: 'halted', wave: 1, resumed: ['a'], text: 'health fell' } })
    expect(await world.plane.commands.get(taken.id)).toMatchObject({
      state: 'FAILED',
      outcome: { text: 'health fell' },
    })
  })
})
