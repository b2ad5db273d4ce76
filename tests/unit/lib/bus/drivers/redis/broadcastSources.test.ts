/*
 * broadcastSources.test: no trimmed entry stays untold, whenever a reader looks.
 * In: a stream of numbered entries as Redis would describe it, trims and reads in any order. Out: tests.
 * Invariant: entries handed over + entries told missing = entries there ever were.
 * Source: docs/bus.md "gaps".
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBroadcastSources } from '../../../../../../lib/bus/drivers/redis/broadcastSources.ts'
import type { RedisReply } from '../../../../../../lib/bus/drivers/redis/redisConnection.ts'
import type { TrimGap } from '../../../../../../lib/bus/messageBus.ts'

/** A stream whose entries are 1-0, 2-0, 3-0 and so on. */
function stream() {
  let added = 0
  let first = 1
  let asked = 0
  const id = (n: number): Buffer => Buffer.from(`${n}-0`)
  const call = async (): Promise<RedisReply> => {
    asked += 1
    const length = added - first + 1
    const entries = (n: number): RedisReply => (length === 0 ? null : [id(n), []])
    const fields = { length, 'last-generated-id': id(added), 'entries-added': added, 'first-entry': entries(first) }
    return Object.entries(fields).flatMap(([name, value]) => [Buffer.from(name), value])
  }
  return {
    call,
    asked: () => asked,
    add: (n: number) => void (added += n),
    trim: (keep: number) => void (first = Math.max(first, added - keep + 1)),
    after: (cursor: string, count: number) => {
      const from = Math.max(first, Number.parseInt(cursor, 10) + 1)
      return Array.from({ length: Math.max(0, Math.min(count, added - from + 1)) }, (_, i) => `${from + i}-0`)
    },
    added: () => added,
  }
}

function reader(redis: ReturnType<typeof stream>) {
  const gaps: TrimGap[] = []
  let nowMs = 0
  const sources = createBroadcastSources({ nowMs: () => nowMs, onGap: (gap) => gaps.push(gap) })
  const source = sources.add('t', '0-0', 0, false)
  let handed = 0
  const { signal } = new AbortController()
  return {
    gaps,
    sources,
    source,
    pass: (ms: number) => void (nowMs += ms),
    missing: () => gaps.reduce((sum, gap) => sum + (gap.missing ?? Number.NaN), 0),
    handed: () => handed,
    async read(count: number) {
      await sources.look(redis, signal)
      const ids = redis.after(source.cursor, count)
      if (ids.length === 0) return sources.idle()
      sources.begin(source)
      for (const id of ids) {
        handed += 1
        sources.take(source, id)
      }
      sources.taken(source, ids.length >= count, 100)
      sources.settle()
    },
  }
}

test('a trim between two looks is counted when the reader comes to the mark', async () => {
  const redis = stream()
  const r = reader(redis)
  redis.add(100)
  r.source.suspect = true
  await r.read(10)
  expect(r.source.mark).toEqual({ id: '100-0', added: 100 })
  redis.trim(60)
  for (let turn = 0; turn < 9; turn++) await r.read(10)
  expect(r.gaps).toEqual([{ topic: 't', after: '0-0', firstAvailable: '100-0', missing: 30 }])
  expect(r.handed() + r.missing()).toBe(100)
})

test('whatever is added, trimmed and read in whatever order, every entry was handed over or told missing', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), n: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('trim' as const), n: fc.integer({ min: 0, max: 30 }) }),
    fc.record({ kind: fc.constant('read' as const), n: fc.integer({ min: 1, max: 25 }) }),
    fc.record({ kind: fc.constant('pass' as const), n: fc.integer({ min: 1, max: 300 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const redis = stream()
      const r = reader(redis)
      for (const { kind, n } of steps) {
        if (kind === 'add') redis.add(n)
        else if (kind === 'trim') redis.trim(n)
        else if (kind === 'read') await r.read(n)
        else r.pass(n)
      }
      // Until nothing waits and what moved was looked at.
      for (let turn = 0; turn < 200; turn++) await r.read(25)
      // What was trimmed while nothing was ever read behind it shows at the next look at an idle stream.
      r.source.suspect = true
      await r.read(25)
      expect(r.handed() + r.missing()).toBe(redis.added())
    }),
    { numRuns: 150 },
  )
})

test('entries that just come one after the other cost no question', async () => {
  const redis = stream()
  const r = reader(redis)
  for (let turn = 0; turn < 1_000; turn++) {
    redis.add(5)
    r.pass(1)
    await r.read(50)
  }
  expect(redis.asked()).toBe(0)
  r.pass(10_000)
  for (let turn = 0; turn < 2; turn++) {
    redis.add(5)
    await r.read(50)
  }
  expect(redis.asked()).toBe(1)
})

test('lag asks only for streams that may be behind', async () => {
  const redis = stream()
  const r = reader(redis)
  redis.add(30)
  await r.read(50)
  expect(await r.sources.lag(redis)).toMatchObject([{ cursor: '30-0', newest: '30-0', entries: 0, behindMs: 0 }])
  expect(redis.asked()).toBe(0)
  redis.add(100)
  await r.read(50)
  expect(await r.sources.lag(redis)).toMatchObject([{ cursor: '80-0', newest: '130-0', entries: 50, behindMs: 50 }])
  expect(redis.asked()).toBe(1)
})
