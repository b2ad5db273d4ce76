/*
 * topicLaws: wildcards and the registry.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: a topic is found although nobody named it, and from its first entry.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import { waitUntil } from '../support/waitUntil.ts'
import { entry, textOf, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function topicLaws({ bus, law, name }: LawBook): void {
  law('plus matches one segment, hash the rest', async (topic) => {
    const b = await bus()
    const root = topic.split('.')[0] as string
    const plus: string[] = []
    const hash: string[] = []
    for (const tail of ['a.health', 'b.health', 'a.seeds', 'a.b.health'])
      await b.publish(`${root}.${tail}`, entry(tail))
    const from = 'earliest'
    await b.subscribe(`${root}.+.health`, (d) => void plus.push(textOf(d)), { mode: 'broadcast', from })
    const sub = await b.subscribe(`${root}.#`, (d) => void hash.push(textOf(d)), { mode: 'broadcast', from })
    await waitUntil('all matches', () => plus.length === 2 && hash.length === 4)
    expect(plus.sort()).toEqual(['a.health', 'b.health'])
    expect(sub.topics()).toEqual(['a.b.health', 'a.health', 'a.seeds', 'b.health'].map((tail) => `${root}.${tail}`))
  })

  law('finds a new topic in under one second and from its first entry', async (topic) => {
    const b = await bus()
    const root = topic.split('.')[0] as string
    const got: string[] = []
    const told: string[] = []
    const onTopic = (t: string): void => void told.push(t)
    await b.subscribe(`${root}.+`, (d) => void got.push(textOf(d)), { mode: 'broadcast', onTopic })
    const startMs = performance.now()
    for (const text of ['1', '2', '3']) await b.publish(`${root}.fresh`, entry(text))
    await waitUntil('the new topic', () => got.length === 3)
    process.stdout.write(`${name}: new topic found in ${Math.round(performance.now() - startMs)} ms\n`)
    expect(got).toEqual(['1', '2', '3'])
    expect(told).toEqual([`${root}.fresh`])
  })

  law('a shared wildcard takes up new topics too', async (topic) => {
    const b = await bus()
    const root = topic.split('.')[0] as string
    const got: string[] = []
    const members = [1, 2].map(() =>
      b.subscribe(`${root}.layer.+`, (d) => void got.push(textOf(d)), { mode: 'shared', group: 'role' }),
    )
    await Promise.all(members)
    for (const layer of ['a', 'b', 'c']) {
      for (let i = 0; i < 5; i++) await b.publish(`${root}.layer.${layer}`, entry(`${layer}${i}`))
    }
    await waitUntil('every entry once', () => got.length === 15)
    expect(new Set(got).size).toBe(15)
  })

  law('lists every topic, sorted', async (topic) => {
    const b = await bus()
    for (const tail of ['z', 'a', 'm']) await b.publish(`${topic}.${tail}`, entry('x'))
    const mine = (await b.topics()).filter((t) => t.startsWith(topic))
    expect(mine).toEqual(['a', 'm', 'z'].map((tail) => `${topic}.${tail}`))
  })
}
