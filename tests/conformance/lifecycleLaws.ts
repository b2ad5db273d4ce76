/*
 * lifecycleLaws: abort, stop, health.
 * In: the law book of one driver. Out: its laws as tests.
 * Invariant: nothing runs, nothing is open and nothing is accepted after a stop.
 * Source: docs/bus.md "laws"; docs/adr/0003-redis-streams-semantics.md.
 */
import { expect } from 'vitest'
import type { Delivery } from '../../lib/bus/messageBus.ts'
import { waitUntil } from '../support/waitUntil.ts'
import { codeOf, entry, textOf, type LawBook } from './lawBook.ts'

/** Declares these laws. */
export function lifecycleLaws({ bus, buses, law }: LawBook): void {
  law('aborts a publish and a subscription promptly', async (topic) => {
    const b = await bus()
    const signal = AbortSignal.abort()
    expect(await codeOf(b.publish(topic, entry('x'), { signal }))).toBe('BUS_ABORTED')
    expect(await codeOf(b.subscribe(topic, () => undefined, { mode: 'broadcast', signal }))).toBe('BUS_ABORTED')
    for (const mode of ['broadcast', 'shared'] as const) {
      const abort = new AbortController()
      const got: string[] = []
      const options = { mode, group: 'role', signal: abort.signal, from: 'latest' }
      await b.subscribe(topic, (d) => void got.push(textOf(d)), options)
      await b.publish(topic, entry('before'))
      await waitUntil('the entry', () => got.length === 1)
      abort.abort()
      await b.publish(topic, entry('after'))
      const seen: string[] = []
      await b.subscribe(topic, (d) => void seen.push(textOf(d)), { mode: 'broadcast', from: 'earliest' })
      await waitUntil('a later subscriber to see it', () => seen.includes('after'))
      expect(got).toEqual(['before'])
    }
  })

  law('stop drains what is in flight', async (topic) => {
    const b = await bus()
    for (const mode of ['broadcast', 'shared'] as const) {
      const log: string[] = []
      let finish: () => void = () => undefined
      const consumer = async (d: Delivery): Promise<void> => {
        log.push(`start ${textOf(d)}`)
        await new Promise<void>((resolve) => (finish = resolve))
        log.push(`end ${textOf(d)}`)
      }
      const sub = await b.subscribe(topic, consumer, { mode, group: 'role' })
      await b.publish(topic, entry('1'))
      await b.publish(topic, entry('2'))
      await waitUntil('the first to start', () => log.length === 1)
      const stopped = sub.stop(10_000)
      finish()
      await stopped
      expect(log).toEqual(['start 1', 'end 1'])
    }
  })

  law('stop is idempotent', async (topic) => {
    const b = await bus()
    const sub = await b.subscribe(topic, () => undefined, { mode: 'broadcast' })
    await Promise.all([sub.stop(), sub.stop()])
    await sub.stop()
    await Promise.all([b.stop(), b.stop()])
    await b.stop()
    expect(b.health().state).toBe('stopped')
  })

  law('leaves no timer and no socket after stop', async (topic) => {
    await bus()
    await Promise.all(buses.splice(0).map((made) => made.stop()))
    const kinds = ['Timeout', 'Immediate', 'TCPSocketWrap', 'TCPConnectWrap', 'PipeWrap', 'PipeConnectWrap']
    const open = (): string =>
      process
        .getActiveResourcesInfo()
        .filter((kind) => kinds.includes(kind))
        .sort()
        .join(' ')
    // The test's own timers come and go: what counts is that the set before is reached again.
    const before = open()
    const b = await bus()
    await b.subscribe(topic, () => undefined, { mode: 'broadcast' })
    await b.subscribe(`${topic.split('.')[0]}.+`, () => undefined, { mode: 'broadcast' })
    const failing = (): Promise<void> => Promise.reject(new Error('retry later'))
    await b.subscribe(topic, failing, { mode: 'shared', group: 'role' })
    for (let i = 0; i < 20; i++) await b.publish(topic, entry(String(i)))
    await waitUntil('failures', () => b.health().delivered > 20)
    await b.stop()
    const delivered = b.health().delivered
    await waitUntil(`open resources to be "${before}" again`, () => open() === before, 3_000)
    expect(b.health().delivered).toBe(delivered)
  })

  law('refuses work after stop', async (topic) => {
    const b = await bus()
    await b.stop()
    expect(await codeOf(b.publish(topic, entry('x')))).toBe('BUS_STOPPED')
    expect(await codeOf(b.subscribe(topic, () => undefined, { mode: 'broadcast' }))).toBe('BUS_STOPPED')
    expect(await codeOf(b.read(topic, {}))).toBe('BUS_STOPPED')
    expect(await codeOf(b.topics())).toBe('BUS_STOPPED')
    expect(await codeOf(b.start())).toBe('BUS_STOPPED')
  })

  law('health never throws and tells state changes', async (topic) => {
    const b = await bus()
    const states: string[] = []
    b.onState((health) => {
      states.push(health.state)
      throw new Error('a listener of the worst kind')
    })
    const undone = b.onState(() => states.push('must not be called'))
    undone()
    await b.publish(topic, entry('x'))
    expect(b.health()).toMatchObject({ state: 'up', cause: null, published: 1, pendingPublishes: 0 })
    await b.stop()
    expect(states).toEqual(['stopped'])
    expect(b.health().state).toBe('stopped')
  })
}
