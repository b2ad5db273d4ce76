/*
 * groupLaws: one role, several members.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: an entry is with one member at a time and is never forgotten: settled, repeated or buried.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { waitUntil } from '../support/waitUntil.ts'
import { entry, textOf, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function groupLaws({ bus, law }: LawBook): void {
  law('shared reaches exactly one member at a time', async (topic) => {
    const b = await bus()
    const seen = new Map<string, number>()
    const working = new Set<string>()
    let overlap = 0
    const work = async (d: Delivery): Promise<void> => {
      if (working.has(d.cursor)) overlap += 1
      working.add(d.cursor)
      await new Promise((resolve) => setImmediate(resolve))
      working.delete(d.cursor)
      seen.set(textOf(d), (seen.get(textOf(d)) ?? 0) + 1)
    }
    for (let i = 0; i < 3; i++) await b.subscribe(topic, work, { mode: 'shared', group: 'role', from: 'earliest' })
    await Promise.all(Array.from({ length: 90 }, (_, i) => b.publish(topic, entry(String(i)))))
    await waitUntil('all entries', () => seen.size === 90)
    expect([...seen.values()].every((count) => count === 1)).toBe(true)
    expect(overlap).toBe(0)
  })

  law('redelivers after a failure, with a growing count', async (topic) => {
    const b = await bus()
    const counts: number[] = []
    const consumer = (d: Delivery): Promise<void> => {
      counts.push(d.deliveryCount)
      return counts.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve()
    }
    await b.subscribe(topic, consumer, { mode: 'shared', group: 'role' })
    await b.publish(topic, entry('x'))
    await waitUntil('the third delivery', () => counts.length === 3)
    expect(counts).toEqual([1, 2, 3])
    expect(b.health().redelivered).toBe(2)
  })

  law('redelivers what a silent member held', async (topic) => {
    const b = await bus()
    const other = b.capabilities.shared ? await bus() : b
    let held = 0
    const silent = await b.subscribe(topic, () => ((held += 1), new Promise<void>(() => undefined)), {
      mode: 'shared',
      group: 'role',
    })
    await b.publish(topic, entry('x'))
    await waitUntil('the first member to hold it', () => held === 1)
    const got: Delivery[] = []
    await other.subscribe(topic, (d) => void got.push(d), { mode: 'shared', group: 'role' })
    await silent.stop(0)
    await waitUntil('the second member to get it', () => got.length === 1)
    expect(got[0]?.deliveryCount).toBe(2)
  })

  law('sends poison to the dead letters after five deliveries', async (topic) => {
    const b = await bus()
    const letters: Record<string, unknown>[] = []
    let tries = 0
    await b.subscribe(
      'kasmina.dead',
      (d) => {
        const letter = JSON.parse(textOf(d)) as Record<string, unknown>
        if (letter['topic'] === topic) letters.push(letter)
      },
      { mode: 'broadcast' },
    )
    const poison = (): void => {
      tries += 1
      throw new Error('can not be eaten')
    }
    await b.subscribe(topic, poison, { mode: 'shared', group: 'role' })
    const cursor = await b.publish(topic, entry('bad', { src: 's', epoch: 3, seq: 9 }))
    await waitUntil('the dead letter', () => letters.length === 1)
    expect(tries).toBe(5)
    expect(letters[0]).toMatchObject({ topic, cursor, group: 'role', delivery_count: 5, code: 'BUS_CONSUMER' })
    expect(letters[0]).toMatchObject({ fields: { type: 'Note', src: 's', epoch: 3, seq: 9 } })
    expect(Buffer.from(String(letters[0]?.['data']), 'base64').toString()).toBe('bad')
    expect(String(letters[0]?.['reason'])).toContain('can not be eaten')
    await waitUntil('the count', () => b.health().deadLettered === 1)
  })

  law('neighbours of poison go on', async (topic) => {
    const b = await bus()
    const eaten: string[] = []
    const consumer = (d: Delivery): void => {
      if (textOf(d) === 'bad') throw new Error('no')
      eaten.push(textOf(d))
    }
    await b.subscribe(topic, consumer, { mode: 'shared', group: 'role' })
    for (const text of ['1', 'bad', '2', '3']) await b.publish(topic, entry(text))
    await waitUntil('the neighbours', () => eaten.length === 3)
    expect(eaten).toEqual(['1', '2', '3'])
  })

  law('a group remembers its place', async (topic) => {
    const b = await bus()
    const got: string[] = []
    const options = { mode: 'shared', group: 'role' } as const
    const first = await b.subscribe(topic, (d) => void got.push(textOf(d)), options)
    await b.publish(topic, entry('1'))
    await waitUntil('the first', () => got.length === 1)
    await first.stop()
    await b.publish(topic, entry('2'))
    await b.subscribe(topic, (d) => void got.push(textOf(d)), options)
    await waitUntil('the second', () => got.length === 2)
    expect(got).toEqual(['1', '2'])
  })

  law('a group exists from its first subscription, before anything was published', async (topic) => {
    const b = await bus()
    const options = { mode: 'shared', group: 'role' } as const
    const first = await b.subscribe(topic, () => undefined, options)
    await first.stop()
    expect(await b.topics()).not.toContain(topic)
    await b.publish(topic, entry('meanwhile'))
    const got: string[] = []
    await b.subscribe(topic, (d) => void got.push(textOf(d)), options)
    await waitUntil('what came between the members', () => got.length === 1)
    expect(got).toEqual(['meanwhile'])
  })

  law('tells the groups of a topic: their place, what waits, what is unsettled since when', async (topic) => {
    const b = await bus()
    expect(await b.groups(topic)).toEqual([])
    const held: Delivery[] = []
    const silent = (d: Delivery): Promise<void> => {
      held.push(d)
      return new Promise(() => undefined)
    }
    const sub = await b.subscribe(topic, silent, { mode: 'shared', group: 'role' })
    const cursors: string[] = []
    for (let i = 0; i < 3; i++) cursors.push(await b.publish(topic, entry(String(i))))
    await waitUntil('the first', () => held.length === 1)
    const oldestMs = held[0]?.acceptedAtMs
    const place = { cursor: cursors[0], entries: 2, unsettled: 1 }
    expect(await b.groups(topic)).toEqual([{ group: 'role', members: 1, oldestMs, ...place }])
    expect(await sub.lag()).toMatchObject([{ topic, newest: cursors[2], ...place }])
    await sub.stop(0)
  })
}
