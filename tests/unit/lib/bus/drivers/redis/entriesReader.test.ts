/*
 * entriesReader.test: XREAD replies read out of one buffer give what was in them, however they are cut and whoever is slow.
 * In: generated replies and cuts, hostile bytes. Out: tests.
 * Invariant: what a sink is told does not depend on where the socket cut the reply.
 * Source: docs/bus.md "connection profile".
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EntriesReader, type EntrySink } from '../../../../../../lib/bus/drivers/redis/entriesReader.ts'
import { ReplyWindow } from '../../../../../../lib/bus/drivers/redis/replyWindow.ts'

const bulk = (bytes: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])
const text = (value: string): Buffer => bulk(Buffer.from(value))
const list = (items: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from(`*${items.length}\r\n`), ...items])

interface Stream {
  readonly topic: string
  readonly entries: readonly { readonly id: string; readonly fields: readonly Uint8Array[] }[]
}
const replyOf = (streams: readonly Stream[]): Buffer =>
  list(
    streams.map(({ topic, entries }) =>
      list([text(topic), list(entries.map(({ id, fields }) => list([text(id), list(fields.map(bulk))])))]),
    ),
  )

/** Feeds `bytes` in pieces as a socket would: never more than the window asks for. */
function feed(bytes: Uint8Array, cuts: readonly number[], sink: EntrySink, maxEntryBytes = 1_048_576) {
  const window = new ReplyWindow()
  const reader = new EntriesReader(window, maxEntryBytes)
  let state = 'partial' as ReturnType<EntriesReader['read']>
  let largest = 0
  for (let from = 0, turn = 0; from < bytes.length; turn++) {
    const target = window.target(sink.borrowed())
    largest = Math.max(largest, window.bytes.length)
    const taken = Math.min(target.length, cuts[turn % cuts.length] as number, bytes.length - from)
    target.set(bytes.subarray(from, from + taken))
    window.end += taken
    from += taken
    if (window.end >= window.need && window.start < window.end) state = reader.read(sink)
  }
  return { state, window, reader, largest }
}

function ledger(more: Partial<EntrySink> = {}) {
  const told: unknown[] = []
  const sink: EntrySink = {
    ready: () => true,
    stream: (topic, entries) => void told.push([topic, entries]),
    entry(cursor, { bytes, at, pairs }) {
      const fields = Array.from({ length: pairs * 2 }, (_, i) =>
        Buffer.from(bytes.subarray(at[i * 2] as number, at[i * 2 + 1] as number)).toString('hex'),
      )
      told.push([cursor, fields])
    },
    oversized: (cursor, bytes) => void told.push([cursor, bytes]),
    borrowed: () => false,
    ...more,
  }
  return { told, sink }
}

const wanted = (streams: readonly Stream[]): unknown[] =>
  streams.flatMap(({ topic, entries }) => [
    [topic, entries.length],
    ...entries.map(({ id, fields }) => [
      id,
      fields.slice(0, fields.length & ~1).map((field) => Buffer.from(field).toString('hex')),
    ]),
  ])

const field = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(Buffer.from('\r\n$3\r\n*2\r\n'), Buffer.alloc(5_000, 13), Buffer.alloc(90_000, 10)),
)
const entry = fc.record({
  id: fc.tuple(fc.nat(2 ** 40), fc.nat(99)).map(([ms, n]) => `${ms}-${n}`),
  fields: fc.array(field, { maxLength: 8 }),
})
const streams = fc.array(
  fc.record({ topic: fc.stringMatching(/^[a-z.]{1,20}$/), entries: fc.array(entry, { maxLength: 5 }) }),
  { minLength: 1, maxLength: 4 },
)
const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 500, max: 200_000 })), {
  minLength: 1,
  maxLength: 6,
})

test('a reply reads the same wherever it is cut', () => {
  fc.assert(
    fc.property(streams, cuts, (sent, at) => {
      const { told, sink } = ledger()
      const { state } = feed(replyOf(sent), [...at, 4_000], sink)
      expect(state).toBe('whole')
      expect(told).toEqual(wanted(sent))
    }),
    { numRuns: 60 },
  )
})

test('two replies behind each other, none and a refusal keep their borders', () => {
  const one = [{ topic: 't', entries: [{ id: '1-0', fields: [Buffer.from('data'), Buffer.alloc(70_000, 7)] }] }]
  const { told, sink } = ledger()
  const window = new ReplyWindow()
  const reader = new EntriesReader(window, 1_048_576)
  const bytes = Buffer.concat([replyOf(one), Buffer.from('*-1\r\n-NOPERM not you\r\n'), replyOf(one)])
  window.bytes = Buffer.concat([bytes, Buffer.alloc(10)])
  window.end = bytes.length
  const states = [1, 2, 3, 4].map(() => reader.read(sink))
  expect(states.map(String)).toEqual(['whole', 'none', 'ReplyError: NOPERM not you', 'whole'])
  expect(told).toEqual([...wanted(one), ...wanted(one)])
  expect(window.start).toBe(window.end)
})

test('a sink that is not ready stops the reading before the entry, and it goes on there', () => {
  const sent = [{ topic: 't', entries: ['1-0', '2-0', '3-0'].map((id) => ({ id, fields: [] })) }]
  let room = 1
  const { told, sink } = ledger({ ready: () => room-- > 0 })
  const { state, reader } = feed(replyOf(sent), [1_000], sink)
  expect(state).toBe('paused')
  expect(told).toEqual([
    ['t', 3],
    ['1-0', []],
  ])
  room = 9
  expect(reader.read(sink)).toBe('whole')
  expect(told).toEqual(wanted(sent))
})

test('bytes somebody still works on are not written over', () => {
  const payloads = [1, 2, 3, 4, 5, 6].map((fill) => Buffer.alloc(50_000, fill))
  const entries = payloads.map((payload, i) => ({ id: `${i}-0`, fields: [Buffer.from('data'), payload] }))
  const kept: Buffer[] = []
  const { sink } = ledger({
    entry: (_cursor, { bytes, at }) => void kept.push(bytes.subarray(at[2], at[3])),
    borrowed: () => true,
  })
  feed(replyOf([{ topic: 't', entries }]), [9_000], sink)
  expect(kept.map((bytes) => bytes.equals(payloads[kept.indexOf(bytes)] as Buffer))).toEqual(payloads.map(() => true))
})

test('an entry over the bound is let by in constant memory, told with its size, and its neighbours are read', () => {
  const sent = [
    { id: '1-0', fields: [Buffer.from('data'), Buffer.from('small')] },
    { id: '2-0', fields: [Buffer.from('data'), Buffer.alloc(30_000_000), Buffer.from('type'), Buffer.from('x')] },
    { id: '3-0', fields: Array.from({ length: 90_000 }, () => Buffer.alloc(20)) },
    { id: '4-0', fields: [Buffer.from('data'), Buffer.from('behind')] },
  ]
  const { told, sink } = ledger()
  const { state, largest } = feed(replyOf([{ topic: 't', entries: sent }]), [65_536], sink, 1_048_576)
  expect(state).toBe('whole')
  expect(told.map((row) => (row as unknown[])[0])).toEqual(['t', '1-0', '2-0', '3-0', '4-0'])
  expect((told[2] as [string, number])[1]).toBeGreaterThan(30_000_000)
  expect((told[3] as [string, number])[1]).toBeGreaterThan(1_800_000)
  expect(told[4]).toEqual(wanted([{ topic: 't', entries: [sent[3] as (typeof sent)[0]] }])[1])
  expect(largest).toBeLessThanOrEqual(4_194_304)
})

test('bytes that are no RESP2 end the reading with an error, never with a hang or a read beyond the end', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(streams, fc.nat(), fc.nat(255)).map(([sent, at, byte]) => {
      const bytes = replyOf(sent)
      bytes[at % bytes.length] = byte
      return bytes
    }),
    fc
      .constantFrom(
        '*1\r\n*3\r\n',
        '*1\r\n*2\r\n$99999999\r\n',
        '*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*1\r\n$-5\r\n',
        '*99999999999999999\r\n',
        ':1\r\n',
      )
      .map((line) => Buffer.from(line)),
  )
  fc.assert(
    fc.property(hostile, cuts, (bytes, at) => {
      const { sink } = ledger()
      try {
        const { window } = feed(bytes, at, sink)
        expect(window.start).toBeLessThanOrEqual(window.end)
      } catch (error) {
        expect(String(error)).toContain('Protocol error')
      }
    }),
  )
})
