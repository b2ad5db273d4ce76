/*
 * redisGroups: what a group keeps true when its members die or its entries vanish.
 * In: a real redis-server, members killed with -9, entries cursed, trimmed and deleted. Out: tests.
 * Invariant: an entry is worked on by one living member, or buried, or told as missing.
 * Source: docs/bus.md "faults".
 */
import { spawn } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Delivery, TrimGap } from '../../lib/bus/messageBus.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { bus, cleanUps, entry, server } from '../support/redisWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis groups: skipped: ${missing}\n`)

describe.skipIf(missing !== null)('redis groups', { timeout: 60_000 }, () => {
  test('a member killed with -9 loses its entries to another, a slow living one does not', async () => {
    const redis = await server()
    const program = new URL('../support/silentMember.ts', import.meta.url).pathname
    const node = new URL('../../node_modules/.bin/node', import.meta.url).pathname
    const child = spawn(node, [program, redis.url, 't.kill', 'role'], { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanUps.push(async () => void child.kill('SIGKILL'))
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await waitUntil('the member to be ready', () => said.includes('ready'))
    const b = await bus(redis.url)
    for (let seq = 0; seq < 3; seq++) await b.publish('t.kill', entry(seq))
    await waitUntil('it to hold three', () => said.split('held').length === 4)
    const got: Delivery[] = []
    await b.subscribe('t.kill', (d) => void got.push(d), { mode: 'shared', group: 'role', maxInFlight: 10 })
    // Three times the idle limit: the member is slow, but its process proves that it lives.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(got).toEqual([])
    child.kill('SIGKILL')
    await waitUntil('the other member to have all three', () => got.length === 3)
    expect(got.map((d) => [d.seq, d.deliveryCount])).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
    ])
  })

  test('an entry that silences every member is buried without another try', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    const cursor = await b.publish('t.curse', entry(0))
    await redis.command('XGROUP', 'CREATE', 't.curse', 'role', '0')
    await redis.command('XREADGROUP', 'GROUP', 'role', 'ghost', 'STREAMS', 't.curse', '>')
    await redis.command('XCLAIM', 't.curse', 'role', 'ghost', '0', cursor, 'IDLE', '60000', 'RETRYCOUNT', '5')
    const got: number[] = []
    await b.subscribe('t.curse', (d) => void got.push(d.seq as number), { mode: 'shared', group: 'role' })
    await b.publish('t.curse', entry(1))
    await waitUntil('the burial', () => b.health().deadLettered === 1)
    await waitUntil('the neighbour', () => got.length === 1)
    expect(got).toEqual([1])
    await waitUntil('nothing to be pending', async () => {
      return ((await redis.command('XPENDING', 't.curse', 'role')) as unknown[])[0] === 0
    })
  })

  test('entries deleted while pending are counted, not crashed on', async () => {
    const redis = await server()
    const first = await bus(redis.url)
    const silent = await first.subscribe('t.null', () => new Promise(() => undefined), {
      mode: 'shared',
      group: 'role',
      member: 'm',
    })
    await first.publish('t.null', entry(0))
    await waitUntil(
      'it to be pending',
      async () => ((await redis.command('XPENDING', 't.null', 'role')) as unknown[])[0] === 1,
    )
    await silent.stop(0)
    await redis.command('XTRIM', 't.null', 'MAXLEN', '0')
    const gaps: TrimGap[] = []
    const got: number[] = []
    const options = { mode: 'shared', group: 'role', member: 'm', onGap: (gap: TrimGap) => gaps.push(gap) } as const
    await first.subscribe('t.null', (d) => void got.push(d.seq as number), options)
    await first.publish('t.null', entry(1))
    await waitUntil('the neighbour', () => got.length === 1)
    expect(got).toEqual([1])
    await waitUntil('the count', () => gaps.length > 0)
    expect(gaps[0]?.missing).toBe(1)
  })
})
