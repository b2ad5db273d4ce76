/*
 * deliveryLaws: what a subscriber sees of what was published.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: every entry once, whole, in order, and nobody is kept waiting by a neighbour.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { waitUntil } from '../support/waitUntil.ts'
import { entry, textOf, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function deliveryLaws({ bus, law }: LawBook): void {
  law('delivers what was published, with its fields and its cursor', async (topic) => {
    const b = await bus()
    const got: Delivery[] = []
    await b.subscribe(topic, (d) => void got.push(d), { mode: 'broadcast' })
    const cursor = await b.publish(topic, entry('hello', { enc: 'json' }))
    await waitUntil('the entry', () => got.length === 1)
    expect(got[0]).toMatchObject({ topic, cursor, type: 'Note', enc: 'json', deliveryCount: 1 })
    expect(textOf(got[0] as Delivery)).toBe('hello')
  })

  law('keeps the order per key', async (topic) => {
    const b = await bus()
    const got: number[] = []
    await b.subscribe(topic, (d) => void got.push(d.seq as number), { mode: 'broadcast' })
    await Promise.all(
      Array.from({ length: 2_000 }, (_, seq) => b.publish(topic, entry('x', { src: 's', epoch: 1, seq }))),
    )
    await waitUntil('all entries', () => got.length === 2_000)
    expect(got).toEqual(Array.from({ length: 2_000 }, (_, seq) => seq))
  })

  law('broadcast reaches every subscriber', async (topic) => {
    const b = await bus()
    const got: string[][] = [[], [], []]
    for (const list of got) await b.subscribe(topic, (d) => void list.push(textOf(d)), { mode: 'broadcast' })
    for (const text of ['a', 'b', 'c']) await b.publish(topic, entry(text))
    await waitUntil('all three', () => got.every((list) => list.length === 3))
    expect(got).toEqual([1, 2, 3].map(() => ['a', 'b', 'c']))
  })

  law('is binary and unicode safe', async (topic) => {
    const b = await bus()
    const got: Delivery[] = []
    await b.subscribe(topic, (d) => void got.push({ ...d, data: d.data.slice() }), { mode: 'broadcast' })
    const all = Uint8Array.from({ length: 1_024 }, (_, i) => i & 255)
    await b.publish(topic, { type: 'Bytes', data: all })
    await b.publish(topic, {
      type: 'Ünï-\u{1F331}',
      src: 'quelle-é',
      data: new TextEncoder().encode('täst \u{1F331} \r\n\0'),
    })
    await b.publish(topic, { type: 'Empty', data: new Uint8Array(0) })
    await waitUntil('all three', () => got.length === 3)
    expect(Buffer.compare(Buffer.from(all), Buffer.from((got[0] as Delivery).data))).toBe(0)
    expect([got[1]?.type, got[1]?.src, textOf(got[1] as Delivery)]).toEqual([
      'Ünï-\u{1F331}',
      'quelle-é',
      'täst \u{1F331} \r\n\0',
    ])
    expect(got[2]?.data.byteLength).toBe(0)
  })

  law('keeps src, epoch, seq, trace, sig and key', async (topic) => {
    const b = await bus()
    const fields = { src: 'trainer-1', epoch: 1_795_000_000_000, seq: Number.MAX_SAFE_INTEGER } as const
    const more = { trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', sig: 'c2ln', key: 'k1' } as const
    const got: Delivery[] = []
    await b.subscribe(topic, (d) => void got.push(d), { mode: 'shared', group: 'role' })
    await b.publish(topic, entry('x', { ...fields, ...more, enc: 'columns+zstd' }))
    await b.publish(topic, entry('bare'))
    await waitUntil('both', () => got.length === 2)
    expect(got[0]).toMatchObject({ ...fields, ...more, enc: 'columns+zstd' })
    for (const absent of ['src', 'epoch', 'seq', 'trace', 'sig', 'key', 'enc'])
      expect(got[1]).not.toHaveProperty(absent)
  })

  law('nowMs is the clock of acceptedAtMs', async (topic) => {
    const b = await bus()
    const got: Delivery[] = []
    await b.subscribe(topic, (d) => void got.push(d), { mode: 'broadcast' })
    const before = await b.nowMs()
    await b.publish(topic, entry('x'))
    const after = await b.nowMs()
    await waitUntil('the entry', () => got.length === 1)
    expect(got[0]?.acceptedAtMs).toBeGreaterThanOrEqual(Math.floor(before))
    expect(got[0]?.acceptedAtMs).toBeLessThanOrEqual(Math.ceil(after))
  })

  law('survives a consumer that throws', async (topic) => {
    const b = await bus()
    const got: string[] = []
    const errors: string[] = []
    const consumer = (d: Delivery): void => {
      got.push(textOf(d))
      if (textOf(d) === '2') throw new Error('thrown at once')
    }
    const onError = (error: { code: string }): never => {
      errors.push(error.code)
      throw new Error('and its reporter too')
    }
    await b.subscribe(topic, consumer, { mode: 'broadcast', onError })
    for (const text of ['1', '2', '3']) await b.publish(topic, entry(text))
    await waitUntil('the third', () => got.length === 3)
    expect(got).toEqual(['1', '2', '3'])
    expect(errors).toEqual(['BUS_CONSUMER'])
  })

  law('a slow consumer does not block another', async (topic) => {
    const b = await bus()
    const got: string[] = []
    const never = (): Promise<void> => new Promise(() => undefined)
    const slow = await b.subscribe(topic, never, { mode: 'broadcast' })
    await b.subscribe(topic, (d) => void got.push(textOf(d)), { mode: 'broadcast' })
    for (let i = 0; i < 50; i++) await b.publish(topic, entry(String(i)))
    await waitUntil('the quick one', () => got.length === 50)
    await slow.stop(0)
  })

  law('hands over at most maxInFlight entries', async (topic) => {
    const b = await bus()
    const waiting: (() => void)[] = []
    let most = 0
    const consumer = (): Promise<void> =>
      new Promise((resolve) => {
        waiting.push(resolve)
        most = Math.max(most, waiting.length)
      })
    for (const mode of ['broadcast', 'shared'] as const) {
      await b.subscribe(`${topic}.${mode}`, consumer, { mode, group: 'role', maxInFlight: 3, from: 'earliest' })
      for (let i = 0; i < 9; i++) await b.publish(`${topic}.${mode}`, entry(String(i)))
      let done = 0
      while (done < 9) {
        await waitUntil('entries in flight', () => waiting.length === Math.min(3, 9 - done))
        waiting.shift()?.()
        done += 1
      }
    }
    expect(most).toBe(3)
  })

  law('copies the payload before publish settles', async (topic) => {
    const b = await bus()
    const got: string[] = []
    const data = new TextEncoder().encode('first')
    await b.publish(topic, { type: 'x', data })
    data.fill(0)
    await b.subscribe(topic, (d) => void got.push(textOf(d)), { mode: 'broadcast', from: 'earliest' })
    await waitUntil('the entry', () => got.length === 1)
    expect(got).toEqual(['first'])
  })
}
