/*
 * redisFaults: what the Redis driver keeps true while the server and the network misbehave.
 * In: a real redis-server that is killed, paused, flushed; a proxy that cuts, withholds, delays, chops. Out: tests.
 * Invariant: bounds are hang guards ten times the aim; counts are exact.
 * Source: docs/bus.md "faults".
 */
import { spawn } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { createRedisBus, type RedisBusOptions } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { BusMessage, Delivery, MessageBus, TrimGap } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import { isAppError, type AppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { redisMissing, startRedis, type RedisServer, type RedisServerOptions } from '../support/redisHarness.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis faults: skipped: ${missing}\n`)

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const made = await startRedis(options)
  cleanUps.push(() => made.stop())
  return made
}
async function proxied(): Promise<{ redis: RedisServer; proxy: TcpProxy; url: string }> {
  const redis = await server({ tcp: true })
  const proxy = await startTcpProxy(redis.port as number)
  cleanUps.push(() => proxy.close())
  return { redis, proxy, url: `redis://127.0.0.1:${proxy.port}` }
}
async function bus(url: string, options: Partial<RedisBusOptions> = {}): Promise<MessageBus> {
  const made = createRedisBus({ url, clock: systemClock, name: 'faults', claimIdleMs: 500, ...options })
  cleanUps.push(() => made.stop(500))
  await made.start()
  return made
}
const entry = (seq: number, size = 200): BusMessage => ({
  type: 'Note',
  src: 'p',
  epoch: 1,
  seq,
  data: new Uint8Array(size),
})

/** Publishes until told to stop; every promise it made is settled when it returns. */
function pump(b: MessageBus, topic: string, everyMs: number, size = 200): { stop(): Promise<Pumped> } {
  const result: Pumped = { acked: new Set(), failed: [], count: 0 }
  const work: Promise<void>[] = []
  const timer = setInterval(() => {
    for (let i = 0; i < 5; i++) {
      const seq = result.count++
      work.push(
        b.publish(topic, entry(seq, size)).then(
          () => void result.acked.add(seq),
          (error: AppError) => void result.failed.push(error),
        ),
      )
    }
  }, everyMs)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(work)
      return result
    },
  }
}
interface Pumped {
  readonly acked: Set<number>
  readonly failed: AppError[]
  count: number
}

/** What one subscriber saw, judged by the sequence guard as a consumer of the product would. */
function ledger() {
  const guard = createSequenceGuard()
  const applied = new Set<number>()
  let last = -1
  let inversions = 0
  return {
    applied,
    guard,
    get inversions() {
      return inversions
    },
    consume: (d: Delivery): void => {
      const verdict = guard.check(d.src as string, d.epoch as number, d.seq as number)
      if (verdict.kind === 'duplicate' || verdict.kind === 'old-epoch') return
      if ((d.seq as number) < last) inversions += 1
      last = Math.max(last, d.seq as number)
      applied.add(d.seq as number)
    },
  }
}
const allOf = (pumped: Pumped, seen: ReadonlySet<number>): boolean => [...pumped.acked].every((seq) => seen.has(seq))

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

  test('foreign entries and foreign keys neither crash nor stall a reader', async () => {
    const redis = await server()
    const b = await bus(redis.url, { scanForeign: true })
    const got: Delivery[] = []
    const errors: string[] = []
    const onError = (error: AppError): void => void errors.push(error.code)
    await b.subscribe('f.+', (d) => void got.push(d), { mode: 'broadcast', from: 'earliest', onError })
    await redis.command('SADD', 'kasmina.topics', 'f.list', 'f.bad', 'not a topic', '__proto__')
    await redis.command('LPUSH', 'f.list', 'x')
    await redis.command('XADD', 'f.bad', '*', 'hello', 'world')
    await redis.command(
      'XADD',
      'f.bad',
      '*',
      'type',
      't'.repeat(9_999),
      'seq',
      '-1',
      'epoch',
      '1e9',
      'src',
      's'.repeat(99_999),
    )
    await redis.command('XADD', 'f.bad', '*', 'data', 'x', 'data', 'y', 'enc', 'gzip', 'seq', '99999999999999999999')
    await redis.command('XADD', 'f.bad', '*', 'data', 'z'.repeat(1_100_000))
    await redis.command('XADD', 'f.scanned', '*', 'type', 'Good', 'data', 'ok')
    await waitUntil('the foreign stream', () => got.some((d) => d.topic === 'f.scanned'))
    await waitUntil('the other entries', () => got.length === 4 && errors.length >= 2)
    const bad = got.filter((d) => d.topic === 'f.bad')
    expect(bad.map((d) => d.type)).toEqual(['', '', ''])
    for (const d of bad) for (const field of ['seq', 'epoch', 'src', 'enc']) expect(d).not.toHaveProperty(field)
    expect(errors.sort()).toEqual(['BUS_REFUSED', 'CONTRACT_TOO_LARGE'])
  })

  test('a password that was left out is a refusal, never a connection that looks up', async () => {
    const redis = await server({ args: ['--requirepass', 'secret'] })
    const b = createRedisBus({ url: redis.url, clock: systemClock, name: 'test', startDeadlineMs: 1_000 })
    const told: (string | null)[] = []
    b.onState((health) => void told.push(health.cause))
    const failure = await b.start().then(
      () => null,
      (error: unknown) => error,
    )
    expect(isAppError(failure, 'BUS_REFUSED')).toBe(true)
    expect(String(failure)).toMatch(/NOAUTH/)
    // Said while it was tried, not only at its end.
    expect(told.some((cause) => cause?.includes('NOAUTH') === true)).toBe(true)
    await b.stop(0)
  })

  test('a wrong password and a missing right say who, what and what to do, without a storm', async () => {
    const { redis, proxy } = await proxied()
    await redis.command('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-xadd')
    const start = async (secret: string): Promise<AppError> => {
      try {
        await bus(`redis://reader:${secret}@127.0.0.1:${proxy.port}`)
      } catch (error) {
        if (isAppError(error)) return error
      }
      throw new Error('a wrong password was accepted')
    }
    const refused = await start('hunter2')
    expect(refused.code).toBe('BUS_REFUSED')
    expect(refused.message).toMatch(/127\.0\.0\.1:\d+ refused user reader: WRONGPASS/)
    expect(refused.message).not.toContain('hunter2')
    expect(proxy.accepted).toBeLessThanOrEqual(6)
    const b = await bus(`redis://reader:secret@127.0.0.1:${proxy.port}`)
    const denied = await b.publish('t.acl', entry(0)).catch((error: unknown) => error)
    expect(isAppError(denied, 'BUS_REFUSED')).toBe(true)
    expect((denied as AppError).message).toMatch(/user reader: NOPERM .*xadd/i)
    expect(b.health().cause).toContain('NOPERM')
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

  test('a group whose stream was trimmed past its place is told how much it missed', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    const cursor = await b.publish('t.trim', entry(0))
    for (let seq = 1; seq <= 20; seq++) await b.publish('t.trim', entry(seq))
    await redis.command('XTRIM', 't.trim', 'MAXLEN', '5')
    const gaps: TrimGap[] = []
    const got: number[] = []
    await b.subscribe('t.trim', (d) => void got.push(d.seq as number), {
      mode: 'broadcast',
      from: cursor,
      onGap: (gap) => gaps.push(gap),
    })
    await waitUntil('the rest', () => got.length === 5)
    expect(got).toEqual([16, 17, 18, 19, 20])
    expect(gaps).toMatchObject([{ topic: 't.trim', after: cursor, missing: null }])
  })
})
