/*
 * boundLaws: what is refused.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: every refusal has its code and nothing of it is stored.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import { codeOf, entry, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function boundLaws({ bus, law }: LawBook): void {
  law('refuses what is too large, by code', async (topic) => {
    const b = await bus()
    const data = new Uint8Array(b.capabilities.maxEntryBytes + 1)
    expect(await codeOf(b.publish(topic, { type: 'x', data }))).toBe('BUS_TOO_LARGE')
    expect(await codeOf(b.publish(topic, { type: 'x', data: data.subarray(0, data.length - 1_000) }))).toBe('resolved')
  })

  law('refuses an invalid topic, by code', async () => {
    const b = await bus()
    const bad = ['', '.', 'a..b', 'a b', 'a.+', 'a.#', '__proto__', 'a.constructor', 'ä', 'x'.repeat(600), 'a\n', 'a*']
    for (const topic of bad) expect(await codeOf(b.publish(topic, entry('x'))), topic).toBe('CONTRACT_TOPIC')
    for (const topic of ['', 'a.#.b', 'a+', '#x', 'a..+']) {
      const work = b.subscribe(topic, () => undefined, { mode: 'broadcast' })
      expect(await codeOf(work), topic).toBe('CONTRACT_TOPIC')
    }
  })

  law('refuses invalid options, by code', async (topic) => {
    const b = await bus()
    const none = (): void => undefined
    expect(await codeOf(b.subscribe(topic, none, { mode: 'shared' }))).toBe('CONTRACT_INVALID')
    expect(await codeOf(b.subscribe(topic, none, { mode: 'broadcast', maxInFlight: 0 }))).toBe('CONTRACT_INVALID')
    expect(await codeOf(b.subscribe(topic, none, { mode: 'broadcast', from: 'tomorrow' }))).toBe('CONTRACT_INVALID')
    expect(await codeOf(b.publish(topic, entry('x', { seq: -1 })))).toBe('CONTRACT_INVALID')
    expect(await codeOf(b.publish(topic, entry('x', { src: 's'.repeat(300) })))).toBe('CONTRACT_INVALID')
  })
}
