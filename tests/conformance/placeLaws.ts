/*
 * placeLaws: where reading begins, goes on and what was lost before it.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: what trimming took is told, with its size, by subscriptions and by read.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import type { Delivery, TrimGap } from '../../lib/bus/messageBus.ts'
import { waitUntil } from '../support/waitUntil.ts'
import { entry, textOf, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function placeLaws({ bus, law }: LawBook): void {
  law('resumes behind a cursor', async (topic) => {
    const b = await bus()
    const cursors: string[] = []
    for (let i = 0; i < 10; i++) cursors.push(await b.publish(topic, entry(String(i))))
    const got: string[] = []
    const from = cursors[6] as string
    const resumed = await b.subscribe(topic, (d) => void got.push(textOf(d)), { mode: 'broadcast', from })
    await waitUntil('the rest', () => got.length === 3)
    expect(got).toEqual(['7', '8', '9'])
    expect(resumed.cursors()).toEqual({ [topic]: cursors[9] })
  })

  law('latest starts now, earliest at the beginning', async (topic) => {
    const b = await bus()
    await b.publish(topic, entry('old'))
    const late: string[] = []
    const all: string[] = []
    await b.subscribe(topic, (d) => void late.push(textOf(d)), { mode: 'broadcast', from: 'latest' })
    await b.subscribe(topic, (d) => void all.push(textOf(d)), { mode: 'broadcast', from: 'earliest' })
    await b.publish(topic, entry('new'))
    await waitUntil('both', () => late.length === 1 && all.length === 2)
    expect([late, all]).toEqual([['new'], ['old', 'new']])
  })

  law('reports a gap after trimming', async (topic) => {
    const b = await bus()
    const gaps: TrimGap[] = []
    const got: number[] = []
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const consumer = (d: Delivery): void | Promise<void> => {
      got.push(d.seq as number)
      return got.length === 1 ? gate : undefined
    }
    await b.subscribe(topic, consumer, { mode: 'broadcast', onGap: (gap) => gaps.push(gap) })
    await b.publish(topic, entry('x', { seq: 0 }))
    await waitUntil('the first', () => got.length === 1)
    const work = []
    for (let seq = 1; seq < 3_000; seq++) work.push(b.publish(topic, entry('x', { seq }), { maxLen: 100 }))
    await Promise.all(work)
    open()
    await waitUntil('the last', () => got.at(-1) === 2_999)
    const missing = gaps.reduce((sum, gap) => sum + (gap.missing ?? Number.NaN), 0)
    expect(missing).toBe(3_000 - got.length)
    expect(missing).toBeGreaterThan(0)
    expect(gaps[0]?.topic).toBe(topic)
  })

  law('reads a range and pages through it', async (topic) => {
    const b = await bus()
    const cursors: string[] = []
    for (let i = 0; i < 25; i++) cursors.push(await b.publish(topic, entry(String(i))))
    const first = await b.read(topic, { limit: 10 })
    if (first.kind !== 'entries') throw new Error('a gap where there is none')
    expect(first.entries.map(textOf)).toEqual(Array.from({ length: 10 }, (_, i) => String(i)))
    const second = await b.read(topic, { after: first.next as string, until: cursors[14] as string })
    if (second.kind !== 'entries') throw new Error('a gap where there is none')
    expect(second.entries.map(textOf)).toEqual(['10', '11', '12', '13', '14'])
    expect(second.next).toBeNull()
    expect(await b.read(`${topic}.none`, {})).toEqual({ kind: 'entries', entries: [], next: null })
  })

  law('read answers a gap instead of starting later', async (topic) => {
    const b = await bus()
    const first = await b.publish(topic, entry('0'))
    for (let i = 1; i < 1_000; i++) void b.publish(topic, entry('x'), { maxLen: 50 })
    await b.publish(topic, entry('last'), { maxLen: 50 })
    const answer = await b.read(topic, { after: first })
    expect(answer.kind).toBe('gap')
    if (answer.kind !== 'gap') return
    const rest = await b.read(topic, { limit: 1 })
    expect(rest.kind === 'entries' && rest.entries[0]?.cursor).toBe(answer.gap.firstAvailable)
    expect(answer.gap).toMatchObject({ topic, after: first })
  })

  law('settles cursors only behind settled entries', async (topic) => {
    const b = await bus()
    const finish: (() => void)[] = []
    const consumer = (): Promise<void> => new Promise((resolve) => finish.push(resolve))
    const sub = await b.subscribe(topic, consumer, { mode: 'broadcast', maxInFlight: 3 })
    const cursors: string[] = []
    for (let i = 0; i < 3; i++) cursors.push(await b.publish(topic, entry(String(i))))
    await waitUntil('three in flight', () => finish.length === 3)
    finish[1]?.()
    finish[2]?.()
    await new Promise((resolve) => setImmediate(resolve))
    expect(sub.cursors()[topic]).toBeUndefined()
    finish[0]?.()
    await waitUntil('the cursor', () => sub.cursors()[topic] === cursors[2])
  })

  law('tells how far behind a subscription is, and that it is level', async (topic) => {
    const b = await bus()
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    let seen = 0
    const consumer = (): void | Promise<void> => {
      seen += 1
      return seen === 1 ? gate : undefined
    }
    const sub = await b.subscribe(topic, consumer, { mode: 'broadcast' })
    const cursors: string[] = []
    for (let i = 0; i < 5; i++) cursors.push(await b.publish(topic, entry(String(i))))
    const [first, newest] = [cursors[0] as string, cursors[4] as string]
    await waitUntil('what waits to be known', async () => (await sub.lag())[0]?.newest === newest)
    const [behind] = await sub.lag()
    expect(behind).toMatchObject({ topic, cursor: first, entries: 4, unsettled: 1 })
    expect(behind?.behindMs).toBeGreaterThanOrEqual(0)
    open()
    await waitUntil('the last', () => seen === 5)
    await waitUntil('the level to be known', async () => (await sub.lag())[0]?.entries === 0)
    expect(await sub.lag()).toEqual([{ topic, cursor: newest, newest, entries: 0, behindMs: 0, unsettled: 0 }])
  })
}
