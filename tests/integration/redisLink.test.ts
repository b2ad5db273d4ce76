/*
 * redisLink: the broadcast reader's own connection against real servers and one that lies.
 * In: users, databases, passwords, addresses; a server that answers nonsense. Out: tests.
 * Invariant: whoever can publish through the library's connection can read through ours, with the same URL.
 * Source: docs/bus.md "connection profile".
 */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Delivery, TrimGap } from '../../lib/bus/messageBus.ts'
import { createStreamLink } from '../../lib/bus/drivers/redis/streamLink.ts'
import { parseRedisTarget } from '../../lib/bus/drivers/redis/redisTarget.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { redisMissing } from '../support/redisHarness.ts'
import { bus, cleanUps, entry, server } from '../support/redisWorld.ts'
import { waitUntil } from '../support/waitUntil.ts'

const missing = redisMissing()
if (missing) process.stdout.write(`redis link: skipped: ${missing}\n`)

const toFill = (seq: number, bytes: number) => ({ ...entry(seq), data: new Uint8Array(bytes).fill(seq) })

describe.skipIf(missing !== null)('redis link', { timeout: 60_000 }, () => {
  test.each([
    ['a password', ['CONFIG', 'SET', 'requirepass', 's%cret'], ':s%25cret@', ''],
    ['a user', ['ACL', 'SETUSER', 'reader', 'on', '>pässword', '~*', '+@all'], 'reader:p%C3%A4ssword@', ''],
    ['a database', ['PING'], '', '/3'],
    ['a password nobody asks for', ['PING'], ':none@', ''],
  ])('reads with %s', async (_name, setUp, access, database) => {
    const redis = await server({ tcp: true })
    await redis.command(...setUp)
    const b = await bus(`redis://${access}127.0.0.1:${redis.port}${database}`)
    const got: number[] = []
    await b.subscribe('t.link', (d) => void got.push(d.seq as number), { mode: 'broadcast' })
    await b.publish('t.link', entry(7))
    await waitUntil('the entry', () => got.length === 1)
    expect(got).toEqual([7])
  })

  test('a user without the right to read is told once per try, and reads as soon as it may', async () => {
    const redis = await server({ tcp: true })
    const rights = (read: string): Promise<unknown> =>
      redis.command('ACL', 'SETUSER', 'writer', 'on', '>secret', '~*', '+@all', read)
    await rights('-xread')
    const b = await bus(`redis://writer:secret@127.0.0.1:${redis.port}`)
    const errors: string[] = []
    const got: number[] = []
    const onError = (error: Error): void => void errors.push(error.message)
    await b.subscribe('t.right', (d) => void got.push(d.seq as number), { mode: 'broadcast', onError })
    await waitUntil('the refusal', () => errors.length > 0)
    expect(errors[0]).toMatch(/user writer: NOPERM .*xread/i)
    await rights('+xread')
    await b.publish('t.right', entry(1))
    await waitUntil('the entry', () => got.length === 1)
    expect(errors.length).toBeLessThan(20)
  })

  test('payloads of slow consumers stay whole while others come in', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    let [done, wrong] = [0, 0]
    const slow = async (d: Delivery): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (d.data.length !== 90_000 || !d.data.every((byte) => byte === (d.seq as number))) wrong += 1
      done += 1
    }
    await b.subscribe('t.slow', slow, { mode: 'broadcast', maxInFlight: 4 })
    for (let wave = 0; wave < 60; wave += 20)
      await Promise.all(Array.from({ length: 20 }, (_, i) => b.publish('t.slow', toFill(wave + i, 90_000))))
    await waitUntil('all', () => done === 60)
    expect(wrong).toBe(0)
  })

  test('what is trimmed under a reader of large entries that never stops is counted to the entry', async () => {
    const redis = await server()
    const b = await bus(redis.url)
    const gaps: TrimGap[] = []
    let got = 0
    const busy = async (): Promise<void> => {
      got += 1
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await b.subscribe('t.busy', busy, { mode: 'broadcast', onGap: (gap) => gaps.push(gap) })
    for (let round = 0; round < 8; round++)
      await Promise.all(Array.from({ length: 60 }, (_, i) => b.publish('t.busy', toFill(i, 20_000), { maxLen: 20 })))
    const missed = (): number => gaps.reduce((sum, gap) => sum + (gap.missing ?? Number.NaN), 0)
    await waitUntil('every entry to be read or told', () => got + missed() === 480)
    expect(missed()).toBeGreaterThan(0)
  })

  test('a server that answers nonsense ends the connection with an error, and everything owed with it', async () => {
    for (const answer of ['?what\r\n', '*70000\r\n', ':1\r\n:2\r\n', '$99999999999999999999\r\n']) {
      const liar = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.on('data', () => socket.write(answer))
      }).listen(0, '127.0.0.1')
      await once(liar, 'listening')
      cleanUps.push(async () => void liar.close())
      const { port } = liar.address() as { port: number }
      const target = parseRedisTarget(`redis://127.0.0.1:${port}`)
      const link = createStreamLink({ target, name: 'test', clock: systemClock, maxEntryBytes: 1_000 })
      const errors: string[] = []
      link.on('error', (error) => void errors.push(String(error)))
      const failed = link.connect().then(
        () => link.ping().then(() => link.ping()),
        (error: unknown) => Promise.reject(error as Error),
      )
      await expect(failed, answer).rejects.toThrow('Connection is closed.')
      expect(errors.join(), answer).toContain('Protocol error')
      expect(link.status).toBe('end')
    }
  })
})
