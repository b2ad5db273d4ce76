/*
 * redisFaults: what the Redis driver keeps true while the server and the network misbehave.
 * In: a real redis-server that is killed, paused, flushed, starved; a proxy that cuts, withholds, delays, chops. Out: tests.
 * Invariant: bounds are hang guards ten times the aim; counts are exact.
 * Source: docs/bus.md "faults".
 */
import { describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { TrimGap } from '../../lib/bus/messageBus.ts'
import { isAppError, type AppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { allOf, bus, entry, ledger, proxied, pump, server } from '../support/redisWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis faults: skipped: ${missing}\n`)

describe.skipIf(missing !== null)('redis faults', { timeout: 60_000 }, () => {
  test('kill -9 and restart under load loses nothing acknowledged and keeps the order', async () => {
    const redis = await server({ appendonly: true })
    const b = await bus(redis.url)
    const broadcast = ledger()
    const shared = ledger()
    await b.subscribe('t.load', broadcast.consume, { mode: 'broadcast' })
    await b.subscribe('t.load', shared.consume, { mode: 'shared', group: 'role', maxInFlight: 50 })
    const load = pump(b, 't.load', 4)
    const recoveries: number[] = []
    for (let round = 0; round < 4; round++) {
      const before = broadcast.applied.size
      await waitUntil('some load', () => broadcast.applied.size > before + 50)
      await waitUntil('every connection', () => b.health().state === 'up')
      await redis.kill()
      await waitUntil('the outage to be seen', () => b.health().state === 'reconnecting')
      expect(b.health().cause).toContain('redis.sock')
      const at = broadcast.applied.size
      const readyMs = await redis.restart()
      await waitUntil('the next delivery', () => broadcast.applied.size > at)
      recoveries.push(Math.round(performance.now() - readyMs))
    }
    const pumped = await load.stop()
    await waitUntil('every acknowledged entry', () => allOf(pumped, broadcast.applied) && allOf(pumped, shared.applied))
    process.stdout.write(
      `redis faults: ${pumped.acked.size} acknowledged over 4 kills, ${broadcast.guard.counters().duplicates} duplicates,` +
        ` ready to next delivery ${recoveries.join(', ')} ms\n`,
    )
    expect(pumped.failed).toEqual([])
    expect(broadcast.inversions).toBe(0)
    expect(broadcast.guard.counters().lost).toBe(0)
    await waitUntil('health to be up', () => b.health().state === 'up')
    expect(b.health()).toMatchObject({ cause: null, pendingPublishes: 0 })
    // Readers, writer and admin each say when they are back; one outage is at least one reconnect.
    expect(b.health().reconnects).toBeGreaterThanOrEqual(4)
  })

  test('a black hole is noticed and survived, nothing stranded in the group', async () => {
    const { proxy, url } = await proxied()
    const b = await bus(url)
    const broadcast = ledger()
    const shared = ledger()
    await b.subscribe('t.hole', broadcast.consume, { mode: 'broadcast' })
    await b.subscribe('t.hole', shared.consume, { mode: 'shared', group: 'role', maxInFlight: 50 })
    const load = pump(b, 't.hole', 10)
    await waitUntil('some load', () => broadcast.applied.size > 20)
    proxy.setMode({ kind: 'hole' })
    const startMs = performance.now()
    await waitUntil('the hole to be noticed', () => b.health().state !== 'up')
    const noticedMs = Math.round(performance.now() - startMs)
    const at = broadcast.applied.size
    proxy.setMode({ kind: 'pass' })
    const healMs = performance.now()
    await waitUntil('deliveries again', () => broadcast.applied.size > at)
    process.stdout.write(
      `redis faults: black hole noticed in ${noticedMs} ms, delivery ${Math.round(performance.now() - healMs)} ms after healing\n`,
    )
    const pumped = await load.stop()
    await waitUntil('every acknowledged entry', () => allOf(pumped, broadcast.applied) && allOf(pumped, shared.applied))
    expect(pumped.failed).toEqual([])
    expect([broadcast.inversions, broadcast.guard.counters().lost]).toEqual([0, 0])
  })

  test('cuts with withheld replies duplicate only with the same (src, epoch, seq)', async () => {
    const { proxy, redis, url } = await proxied()
    const b = await bus(url)
    const seen = ledger()
    await b.subscribe('t.cut', seen.consume, { mode: 'broadcast' })
    const load = pump(b, 't.cut', 4)
    for (let round = 0; round < 15; round++) {
      const before = seen.applied.size
      await waitUntil('some load', () => seen.applied.size > before + 10)
      proxy.setMode({ kind: 'withhold' })
      await new Promise((resolve) => setTimeout(resolve, 15))
      proxy.cut()
      proxy.setMode({ kind: 'pass' })
    }
    const pumped = await load.stop()
    await waitUntil('every acknowledged entry', () => allOf(pumped, seen.applied))
    const inStream = Number(await redis.command('XLEN', 't.cut'))
    await waitUntil('the duplicates too', () => seen.applied.size + seen.guard.counters().duplicates >= inStream)
    const { duplicates, lost } = seen.guard.counters()
    process.stdout.write(
      `redis faults: 15 cuts, ${pumped.acked.size} acknowledged, ${duplicates} duplicates, ${lost} lost\n`,
    )
    expect(pumped.failed).toEqual([])
    expect(lost).toBe(0)
    expect(seen.inversions).toBe(0)
    expect(inStream).toBe(seen.applied.size + duplicates)
    expect(b.health().pendingPublishes).toBe(0)
  })

  test('replies split at every byte and a slow wire change nothing', async () => {
    const { proxy, url } = await proxied()
    const b = await bus(url)
    const seen = ledger()
    await b.subscribe('t.split', seen.consume, { mode: 'broadcast' })
    proxy.setMode({ kind: 'split' })
    for (let seq = 0; seq < 30; seq++) await b.publish('t.split', entry(seq, 100))
    proxy.setMode({ kind: 'delay', ms: 120 })
    await Promise.all([30, 31, 32].map((seq) => b.publish('t.split', entry(seq))))
    await waitUntil('all entries', () => seen.applied.size === 33)
    expect([seen.inversions, seen.guard.counters().lost, seen.guard.counters().duplicates]).toEqual([0, 0, 0])
  })

  test('a server that stands still for 2 s is called unreachable and comes back', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    const seen = ledger()
    await b.subscribe('t.stop', seen.consume, { mode: 'shared', group: 'role', maxInFlight: 100 })
    await b.publish('t.stop', entry(0))
    redis.pause()
    const published = b.publish('t.stop', entry(1))
    await waitUntil('the outage to be seen', () => b.health().state === 'reconnecting')
    expect(b.health().cause).toMatch(/stopped answering|did not accept/)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    redis.resume()
    await published
    await waitUntil('both', () => seen.applied.size === 2)
    await waitUntil('the pending list to be empty', async () => {
      const now = (await redis.command('XPENDING', 't.stop', 'role')) as unknown[]
      return now[0] === 0
    })
  })

  test('stop ends in time while Redis is away, with subscriptions and unsettled publishes', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    await b.subscribe('t.away', () => undefined, { mode: 'broadcast' })
    await b.subscribe('t.#', () => Promise.reject(new Error('retry me')), { mode: 'shared', group: 'role' })
    await b.publish('t.away', entry(0))
    await redis.kill()
    const late = b.publish('t.away', entry(1)).catch((error: unknown) => error)
    const startMs = performance.now()
    await b.stop(200)
    expect(performance.now() - startMs).toBeLessThan(10_000)
    expect(isAppError(await late, 'BUS_STOPPED')).toBe(true)
  })

  test('FLUSHALL is survived: groups rebuilt, registry restored, the loss declared', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    const broadcast: number[] = []
    const shared: number[] = []
    const gaps: TrimGap[] = []
    await b.subscribe('t.+', (d) => void broadcast.push(d.seq as number), { mode: 'broadcast' })
    const options = { mode: 'shared', group: 'role', onGap: (gap: TrimGap) => gaps.push(gap) } as const
    await b.subscribe('t.flush', (d) => void shared.push(d.seq as number), options)
    await b.publish('t.flush', entry(0))
    await waitUntil('the first', () => broadcast.length === 1 && shared.length === 1)
    await redis.command('FLUSHALL')
    await b.publish('t.flush', entry(1))
    await waitUntil('the second', () => broadcast.length === 2 && shared.length === 2)
    await waitUntil('the registry', async () => (await b.topics()).includes('t.flush'))
    expect([broadcast, shared]).toEqual([
      [0, 1],
      [0, 1],
    ])
    expect(gaps).toMatchObject([{ topic: 't.flush', missing: null }])
  })

  test('out of memory refuses by code and recovers by itself', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    const refused = await b.publish('t.oom', entry(0)).catch((error: unknown) => error)
    expect(isAppError(refused, 'BUS_REFUSED') && refused.message).toMatch(/OOM .*maxmemory/)
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    await b.publish('t.oom', entry(0))
  })

  test('without a server start and publish fail in time, with the address', async () => {
    const url = 'redis://:topsecret@127.0.0.1:1'
    const b = createRedisBus({ url, clock: systemClock, name: 'none', startDeadlineMs: 200 })
    const failed = await b.start().catch((error: unknown) => error)
    expect(isAppError(failed, 'BUS_UNAVAILABLE')).toBe(true)
    expect((failed as AppError).message).toMatch(/127\.0\.0\.1:1 does not accept connections \(ECONNREFUSED\)/)
    expect(b.health().cause).not.toContain('topsecret')
    await b.stop()
    const redis = await server()
    const live = await bus(redis.url, { publishDeadlineMs: 300 })
    await redis.kill()
    const abort = new AbortController()
    const aborted = live.publish('t.down', entry(0), { signal: abort.signal }).catch((error: unknown) => error)
    const late = live.publish('t.down', entry(1)).catch((error: unknown) => error)
    abort.abort()
    expect(isAppError(await aborted, 'BUS_ABORTED')).toBe(true)
    const error = await late
    expect(isAppError(error) && error.code).toMatch(/^BUS_(UNAVAILABLE|TIMEOUT)$/)
    const big = Array.from({ length: 6 }, (_, i) =>
      live.publish('t.down', entry(i, 1_000_000)).catch((e: unknown) => e),
    )
    expect(isAppError(await big[5], 'BUS_UNAVAILABLE') && ((await big[5]) as AppError).message).toContain('bytes wait')
    await Promise.all(big)
    expect(live.health().pendingPublishes).toBe(0)
    const stopMs = performance.now()
    await live.stop(200)
    expect(performance.now() - stopMs).toBeLessThan(10_000)
  })
})
