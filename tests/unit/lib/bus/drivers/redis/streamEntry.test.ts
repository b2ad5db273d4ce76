import { expect, test } from 'vitest'
import fc from 'fast-check'
import { compareIds, pushEntryFields, toDelivery } from '../../../../../../lib/bus/drivers/redis/streamEntry.ts'
import type { BusMessage } from '../../../../../../lib/bus/messageBus.ts'

const read = (fields: readonly Buffer[]) => toDelivery('t', Buffer.from('17-3'), fields, 1)

test('what is written is what is read', () => {
  const text = fc.string({ maxLength: 40, unit: 'grapheme' }).filter((s) => s.length <= 128 && s.isWellFormed())
  const message = fc.record(
    {
      type: text,
      data: fc.uint8Array({ maxLength: 64 }),
      enc: fc.constantFrom('json', 'json+zlib', 'json+zstd', 'columns', 'columns+zstd'),
      src: text,
      epoch: fc.maxSafeNat(),
      seq: fc.maxSafeNat(),
      trace: text,
      sig: text,
      key: text,
    },
    { requiredKeys: ['type', 'data'] },
  )
  fc.assert(
    fc.property(message, (sent) => {
      const args: (string | Buffer)[] = []
      pushEntryFields(args, sent as BusMessage)
      const delivery = read(args.map((arg) => Buffer.from(arg)))
      const base = { topic: 't', cursor: '17-3', acceptedAtMs: 17, deliveryCount: 1 }
      expect({ ...delivery, data: [...delivery.data] }).toEqual({ ...base, ...sent, data: [...sent.data] })
    }),
  )
})

test('any bytes under any names are read without a throw', () => {
  const name = fc.oneof(
    fc.constantFrom('type', 'data', 'enc', 'src', 'seq', 'epoch', 'trace'),
    fc.string({ maxLength: 6 }),
  )
  const pair = fc.tuple(
    name.map((n) => Buffer.from(n)),
    fc.uint8Array({ maxLength: 600 }).map((b) => Buffer.from(b)),
  )
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 12 }), fc.boolean(), (pairs, odd) => {
      const delivery = read([...pairs.flat(), ...(odd ? [Buffer.from('type')] : [])])
      expect(typeof delivery.type).toBe('string')
      expect(delivery.seq === undefined || Number.isSafeInteger(delivery.seq)).toBe(true)
      expect(delivery.type.length).toBeLessThanOrEqual(128)
    }),
  )
})

test('ids are compared as numbers', () => {
  expect(compareIds('9-0', '10-0')).toBeLessThan(0)
  expect(compareIds('10-9', '10-10')).toBeLessThan(0)
  expect(compareIds('10-1', '10-1')).toBe(0)
})
