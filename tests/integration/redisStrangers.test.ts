/*
 * redisStrangers: entries, keys, passwords and trims of others.
 * In: a real redis-server with what nobody of ours wrote, users without rights. Out: tests.
 * Invariant: nothing of it crashes or stalls a reader, and everything of it is told.
 * Source: docs/bus.md "faults".
 */
import { describe, expect, test } from 'vitest'
import { createRedisBus } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { Delivery, TrimGap } from '../../lib/bus/messageBus.ts'
import { isAppError, type AppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { bus, entry, proxied, server } from '../support/redisWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis strangers: skipped: ${missing}\n`)

describe.skipIf(missing !== null)('redis strangers', { timeout: 60_000 }, () => {
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
