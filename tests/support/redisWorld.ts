/*
 * redisWorld: what a test of faults is written with: servers, proxies and buses that end with the test, a load, a ledger.
 * In: nothing. Out: one world per test file; everything it made is gone after each test.
 * Invariant: the ledger judges what a subscriber saw as a consumer of the product would, by the sequence guard.
 * Source: docs/bus.md "how it is tested".
 */
import { afterEach } from 'vitest'
import { createRedisBus, type RedisBusOptions } from '../../lib/bus/drivers/redis/redisBus.ts'
import type { BusMessage, Delivery, MessageBus } from '../../lib/bus/messageBus.ts'
import { createSequenceGuard } from '../../lib/bus/sequenceGuard.ts'
import type { AppError } from '../../lib/contracts/appError.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { startRedis, type RedisServer, type RedisServerOptions } from './redisHarness.ts'
import { startTcpProxy, type TcpProxy } from './tcpProxy.ts'

export const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

export async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const made = await startRedis(options)
  cleanUps.push(() => made.stop())
  return made
}
export async function proxied(): Promise<{ redis: RedisServer; proxy: TcpProxy; url: string }> {
  const redis = await server({ tcp: true })
  const proxy = await startTcpProxy(redis.port as number)
  cleanUps.push(() => proxy.close())
  return { redis, proxy, url: `redis://127.0.0.1:${proxy.port}` }
}
export async function bus(url: string, options: Partial<RedisBusOptions> = {}): Promise<MessageBus> {
  const made = createRedisBus({ url, clock: systemClock, name: 'faults', claimIdleMs: 500, ...options })
  cleanUps.push(() => made.stop(500))
  await made.start()
  return made
}
export const entry = (seq: number, size = 200): BusMessage => ({
  type: 'Note',
  src: 'p',
  epoch: 1,
  seq,
  data: new Uint8Array(size),
})

/** Publishes until told to stop; every promise it made is settled when it returns. */
export function pump(b: MessageBus, topic: string, everyMs: number, size = 200): { stop(): Promise<Pumped> } {
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
export interface Pumped {
  readonly acked: Set<number>
  readonly failed: AppError[]
  count: number
}

/** What one subscriber saw, judged by the sequence guard as a consumer of the product would. */
export function ledger() {
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
export const allOf = (pumped: Pumped, seen: ReadonlySet<number>): boolean =>
  [...pumped.acked].every((seq) => seen.has(seq))
