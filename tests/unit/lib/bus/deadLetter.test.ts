import { expect, test } from 'vitest'
import { reasonOf, toDeadLetter } from '../../../../lib/bus/deadLetter.ts'
import type { Delivery } from '../../../../lib/bus/messageBus.ts'
import { AppError } from '../../../../lib/contracts/appError.ts'
import { DeadLetter } from '../../../../lib/contracts/deadLetter.ts'

const delivery: Delivery = {
  topic: 'kasmina.control.layer.layer_0',
  cursor: '5-1',
  acceptedAtMs: 5,
  deliveryCount: 5,
  type: 'LifecycleTransitionCommand',
  data: new Uint8Array([0, 255, 1]),
  src: 'controller',
  seq: 7,
  trace: 't',
}
/** What the bus writes must be what the contract says. */
const bodyOf = (d: Delivery, error: unknown): DeadLetter =>
  DeadLetter.parse(JSON.parse(new TextDecoder().decode(toDeadLetter(d, 'role', error).data)))

test('tells where the entry came from, what it held and which field failed', () => {
  const body = bodyOf(delivery, new AppError('CONTRACT_INVALID', 'seed_id: expected a number', { path: 'seed_id' }))
  expect(body).toMatchObject({
    topic: delivery.topic,
    cursor: '5-1',
    accepted_at_ms: 5,
    fields: { type: 'LifecycleTransitionCommand', src: 'controller', seq: 7, trace: 't' },
    data: 'AP8B',
    data_bytes: 3,
    group: 'role',
    code: 'CONTRACT_INVALID',
    path: 'seed_id',
    delivery_count: 5,
  })
})

test('a path longer than the contract allows is cut, not refused by its reader', () => {
  const path = 'a.'.repeat(500)
  expect(bodyOf(delivery, new AppError('CONTRACT_INVALID', 'x', { path })).path).toBe(path.slice(0, 200))
})

test('stays under the entry bound and says so when the payload could not be kept', () => {
  const letter = toDeadLetter({ ...delivery, data: new Uint8Array(1_048_000) }, 'role', new Error('x'.repeat(9_999)))
  expect(letter.data.byteLength).toBeLessThan(1_048_576)
  const body = DeadLetter.parse(JSON.parse(new TextDecoder().decode(letter.data)))
  expect([body.data, body.data_bytes, body.reason.length]).toEqual([null, 1_048_000, 1_000])
  const kept = toDeadLetter({ ...delivery, data: new Uint8Array(700_000) }, 'role', new Error('x'))
  expect(kept.data.byteLength).toBeLessThan(1_048_576)
})

test('has words for anything that can be thrown', () => {
  const hostile = {
    toString() {
      throw new Error('no')
    },
  }
  expect([reasonOf(undefined), reasonOf('text'), reasonOf(hostile)]).toEqual([
    'undefined',
    'text',
    'a failure that has no text',
  ])
})
