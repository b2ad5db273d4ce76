import { expect, test } from 'vitest'
import type { Delivery } from '../../../../lib/bus/messageBus.ts'
import type { AnyMessage } from '../../../../lib/contracts/messageTypes.ts'
import type { RecordDraft } from '../../../../server/ingest/ingestMessages.ts'
import { createOrderGuard } from '../../../../server/ingest/orderGuard.ts'

const message = (timestamp: number, more: Record<string, unknown> = {}): AnyMessage =>
  ({ source: 'torch', layer_id: 'encoder', timestamp, message_type: 'GuardEvent', ...more }) as unknown as AnyMessage
const delivery = (more: Partial<Delivery> = {}): Delivery =>
  ({ topic: 'kasmina.event.layer.encoder', cursor: '1-0', ...more }) as Delivery

function open() {
  const records: RecordDraft[] = []
  return { records, guard: createOrderGuard((record) => void records.push(record)) }
}

test('numbers decide: in order, late into its hole, a second time dropped; a hole is told once with its size', () => {
  const { guard, records } = open()
  const at = (seq: number, epoch = 1) => guard.check(message(1), delivery({ src: 'agent', epoch, seq }), 5)
  expect([at(1), at(2), at(5), at(4), at(4), at(6)]).toEqual([
    'in-order',
    'in-order',
    'in-order',
    'late',
    'duplicate',
    'in-order',
  ])
  expect(records).toEqual([
    expect.objectContaining({ kind: 'incident', code: 'EVENTS_MISSING', lost: 2, severity: 'warning' }),
  ])
  expect(guard.counters()).toEqual({ late: 1, lost: 1, duplicates: 1 })
})

test('what comes from before the restart of its source is late, not lost and not new', () => {
  const { guard } = open()
  const at = (epoch: number, seq: number) => guard.check(message(1), delivery({ src: 'agent', epoch, seq }), 5)
  expect([at(1, 1), at(2, 1), at(1, 2)]).toEqual(['in-order', 'in-order', 'late'])
})

test('order exists inside one topic of one source: another layer has numbers of its own', () => {
  const { guard, records } = open()
  const at = (topic: string) => guard.check(message(1), delivery({ topic, src: 'agent', epoch: 1, seq: 1 }), 5)
  expect([at('a'), at('b')]).toEqual(['in-order', 'in-order'])
  expect(records).toEqual([])
})

test('without numbers the stamped time decides, by source and layer', () => {
  const { guard } = open()
  const at = (timestamp: number, layer = 'encoder') =>
    guard.check(message(timestamp, { layer_id: layer }), delivery(), 5)
  expect([at(10), at(11), at(9), at(9, 'decoder'), at(11)]).toEqual([
    'in-order',
    'in-order',
    'late',
    'in-order',
    'in-order',
  ])
  expect(guard.counters()).toEqual({ late: 1, lost: 0, duplicates: 0 })
})
