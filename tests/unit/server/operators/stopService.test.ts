import { expect, test } from 'vitest'
import { AppError } from '../../../../lib/contracts/appError.ts'
import type { GatewayStopState } from '../../../../lib/contracts/gatewayControl.ts'
import type { Operator } from '../../../../server/operators/caller.ts'
import { createStopService } from '../../../../server/operators/stopService.ts'
import { createManualClock } from '../../../support/manualClock.ts'

const caller = { actor: 'ada', session: 's1', audit: { id: 'ada', method: 'password' } } as unknown as Operator

function open() {
  const clock = createManualClock()
  const asked: string[] = []
  const intents: string[] = []
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
        } as unknown as GatewayStopState
      },
      stopState: () => Promise.reject(new Error('not asked here')),
    },
    audit: {
      async append(entry) {
        intents.push(String(entry.commandId))
        return { seq: intents.length, hash: '' }
      },
    },
    cancelQueued: () => [],
    keep: async () => undefined,
    onProblem: () => undefined,
  })
  const press = (key: string) => service.stop({ scope: 'all', reason: '', mode: 'freeze', key }, caller)
  return { clock, service, press, asked, intents, setUp: (next: boolean) => void (up = next) }
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
