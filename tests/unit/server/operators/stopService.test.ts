import { expect, test } from 'vitest'
import { AppError } from '../../../../lib/contracts/appError.ts'
import type { GatewayStopState } from '../../../../lib/contracts/gatewayControl.ts'
import type { Operator } from '../../../../server/operators/caller.ts'
import { createStopService } from '../../../../server/operators/stopService.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const caller = { actor: 'ada', session: 's1', audit: { id: 'ada', method: 'password' } } as unknown as Operator

function open(records: Readonly<Record<string, { type: string; body: object }>> = {}) {
  const clock = createManualClock()
  const asked: string[] = []
  const intents: string[] = []
  const entries: object[] = []
  const kept: string[] = []
  let cancels = 0
  let up = false
  let made = 0
  const service = createStopService({
    clock,
    newId: () => `01900000-0000-7000-8000-${String(++made).padStart(12, '0')}`,
    gateway: {
      async stop(order) {
        asked.push(order.id)
        if (!up) throw new AppError('GATEWAY_UNAVAILABLE', 'nobody there')
        return {
          id: order.id,
          scope: order.scope,
          issued_by: order.issued_by,
          at_ms: 0,
          reason: '',
          layers: [],
          resumed_ms: null,
        } as unknown as GatewayStopState
      },
      stopState: () => Promise.reject(new Error('not asked here')),
    },
    audit: {
      async append(entry) {
        intents.push(String(entry.commandId))
        entries.push(entry)
        return { seq: intents.length, hash: '' }
      },
    },
    cancelQueued: () => {
      cancels++
      return []
    },
    keep: async ({ id }) => void kept.push(id),
    recordOf: async (id) => (records[id] ?? null) as never,
    onProblem: () => undefined,
  })
  const press = (key: string, scope: 'all' | string[] = 'all') =>
    service.stop({ scope, reason: '', mode: 'freeze', key }, caller)
  const setUp = (next: boolean) => void (up = next)
  return { clock, service, press, asked, intents, entries, kept, cancels: () => cancels, setUp }
}

test('a stop that a page sends again and again while the gateway is away stays one stop, tried in one loop', async () => {
  const { clock, service, press, asked, intents, setUp } = open()
  for (let turn = 0; turn < 20; turn++) {
    await expect(press('key-of-one-hold')).rejects.toMatchObject({ code: 'GATEWAY_UNAVAILABLE' })
    await clock.advance(500)
  }
  expect(new Set(asked).size).toBe(1)
  expect(intents).toHaveLength(1)
  // Each press asks once, and one loop every 200 ms beside it: many loops would ask many times as often.
  expect(asked.length).toBeLessThan(20 + 10_000 / 200 + 5)
  setUp(true)
  const taken = await press('key-of-one-hold')
  expect(taken.id).toBe(asked[0])
  expect(service.list()).toHaveLength(1)
  const until = asked.length
  await clock.advance(1_000)
  expect(asked.length).toBeLessThanOrEqual(until + 1)
})

test('another hold is another stop', async () => {
  const { press, setUp, service } = open()
  setUp(true)
  const [one, again, two] = await Promise.all([
    press('key-of-one-hold'),
    press('key-of-one-hold'),
    press('key-of-another'),
  ])
  expect(again.id).toBe(one.id)
  expect(two.id).not.toBe(one.id)
  expect(service.list()).toHaveLength(2)
})

test('a key says one stop of one scope while it is in force: of more, or after it was lifted, it is another and is sent', async () => {
  const { press, setUp, service, asked } = open()
  setUp(true)
  const some = await press('key-of-one-hold', ['layer_0'])
  const all = await press('key-of-one-hold', 'all')
  expect(all.id).not.toBe(some.id)
  expect((await press('key-of-one-hold', 'all')).id).toBe(all.id)
  expect(asked).toEqual([some.id, all.id])
  const { scope, by: issued_by, atMs: at_ms } = service.inForce().find(({ id }) => id === all.id)!
  const lifted = { id: all.id, scope, issued_by, at_ms, reason: '', layers: [], resumed_ms: 5 }
  service.onGatewayStop(lifted as unknown as GatewayStopState)
  const next = await press('key-of-one-hold', 'all')
  expect(next.id).not.toBe(all.id)
  expect(asked).toEqual([some.id, all.id, next.id])
})

const foreign = {
  id: 'f1',
  scope: 'all',
  issued_by: 'cli ops',
  at_ms: 3,
  reason: 'web dead',
  layers: [],
  resumed_ms: null,
}

test('a stop that came another way ends what is queued, is audited and kept, once', async () => {
  const { service, entries, kept, cancels } = open()
  for (let turn = 0; turn < 3; turn++) service.onGatewayStop(foreign as unknown as GatewayStopState)
  await expect.poll(() => kept).toEqual(['f1'])
  expect(cancels()).toBe(1)
  expect(entries).toMatchObject([
    { actor: { id: 'system' }, action: 'stop.intent', params: { issued_by: 'cli ops' }, reason: 'web dead' },
  ])
})

test('a stop that the records know is not told again, and a pause of a run before this one is lifted by one person', async () => {
  const { service, entries, kept, cancels } = open({
    f1: { type: 'EmergencyStopCommand', body: {} },
    f2: { type: 'RunControl', body: { action: 'pause' } },
  })
  service.onGatewayStop(foreign as unknown as GatewayStopState)
  service.onGatewayStop({ ...foreign, id: 'f2' } as unknown as GatewayStopState)
  await expect.poll(() => service.inForce().find(({ id }) => id === 'f2')?.pause).toBe(true)
  expect([entries, kept, cancels()]).toEqual([[], [], 0])
  expect(service.inForce().find(({ id }) => id === 'f1')?.pause).toBe(false)
})
