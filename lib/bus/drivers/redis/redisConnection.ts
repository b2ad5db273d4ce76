/*
 * redisConnection: one role's connection, replaced by a fresh one whenever it fails.
 * In: a target, a role, a way to dial. Out: the ready client or null, change events, calls with a deadline.
 * Invariant: everything sent on a connection is settled when that connection ends; stop leaves no socket and no timer.
 * Source: docs/bus.md "connection profile".
 */
import type { Redis } from 'ioredis'
import { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import { aborted, stopped } from '../../subscriptionRules.ts'
import { LOADING_RETRY_MS, reconnectDelayMs, refusedDelayMs } from './connectionProfile.ts'
import { redisAnswerOf, toRedisError } from './redisErrors.ts'
import type { RedisTarget } from './redisTarget.ts'

export type RedisArg = string | number | Buffer
export type RedisReply = Buffer | number | null | RedisReply[]

/** What a client of one connection must be able to do: ioredis can, and so can our own link. */
export interface RedisClient {
  readonly status: string
  connect(): Promise<void>
  ping(): Promise<unknown>
  callBuffer(command: string, ...args: RedisArg[]): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  once(event: 'end', listener: () => void): unknown
  disconnect(): void
}

export interface RedisConnection<Client extends RedisClient = Redis> {
  readonly role: string
  /** The ready client, or null while there is none. */
  readonly current: Client | null
  /** Grows with every connection that became ready. */
  readonly generation: number
  /** Why there is no connection; null when there is one or none was tried. */
  readonly failure: AppError | null
  /** Resolves with a ready client; rejects on abort, stop or when the deadline passes. */
  whenUp(deadlineMs: number, signal?: AbortSignal): Promise<Client>
  /** Sends a command that may safely run twice; tries again on the next connection until the deadline. Buffers in the reply. */
  call(args: readonly [string, ...RedisArg[]], deadlineMs?: number, signal?: AbortSignal): Promise<RedisReply>
  /** Gives up this connection and gets another. */
  drop(): void
  stop(): Promise<void>
}

/** What asks a question needs of a connection. */
export type Caller = Pick<RedisConnection<RedisClient>, 'call'>
/** What the bus looks at, whatever the client is. */
export type AnyConnection = Pick<RedisConnection<RedisClient>, 'current' | 'generation' | 'failure'>

export interface RedisConnectionOptions<Client extends RedisClient> {
  readonly target: RedisTarget
  readonly role: string
  /** Makes a client for one connection, not connected yet. */
  readonly dial: () => Client
  readonly clock: Clock
  readonly random: () => number
  /** Up or down, synchronously; down comes before any later send. */
  readonly onChange: (connection: RedisConnection<Client>) => void
  readonly onStopped?: (connection: RedisConnection<Client>) => void
}

/** How long an administrative call may take before its caller hears about it. */
export const CALL_DEADLINE_MS = 5_000

/** Creates the connection and starts getting it. */
export function createRedisConnection<Client extends RedisClient>(
  options: RedisConnectionOptions<Client>,
): RedisConnection<Client> {
  const { target, clock, random, role } = options
  const halt = new AbortController()
  let waiters: { resolve: (redis: Client) => void; reject: (error: AppError) => void }[] = []
  let active: Client | null = null
  let current: Client | null = null
  let generation = 0
  let failure: AppError | null = null

  const isReady = async (redis: Client): Promise<void> => {
    for (;;) {
      try {
        await redis.ping()
        return
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ReplyError') throw error
        // Without a sign-in nothing will be answered; a missing right to PING alone says nothing about the others.
        if (/^(NOAUTH|WRONGPASS)/.test(error.message)) throw error
        if (!error.message.startsWith('LOADING')) return
        failure = toRedisError(error, target)
        options.onChange(connection)
        await clock.sleep(LOADING_RETRY_MS, halt.signal)
      }
    }
  }

  /** Lives through one connection; returns the failure that ended it and whether it was ever ready. */
  const liveOnce = async (): Promise<{ ready: boolean; cause: unknown }> => {
    const redis = options.dial()
    let ready = false
    let cause: unknown = null
    const onEnd = (resolve: () => void) => () => {
      if (current === redis) {
        current = null
        failure = toRedisError(cause ?? new Error('Connection is closed.'), target)
        options.onChange(connection)
      }
      resolve()
    }
    const ended = new Promise<void>((resolve) => void redis.once('end', onEnd(resolve)))
    redis.on('error', (error: unknown) => (cause ??= error))
    active = redis
    try {
      await redis.connect()
      await isReady(redis)
      if (!halt.signal.aborted && redis.status === 'ready') {
        ready = true
        current = redis
        generation += 1
        failure = null
        const due = waiters
        waiters = []
        for (const waiter of due) waiter.resolve(redis)
        options.onChange(connection)
      }
    } catch (error) {
      cause ??= error
    }
    if (!ready && redis.status !== 'end') redis.disconnect()
    await ended
    active = null
    return { ready, cause }
  }

  const run = async (): Promise<void> => {
    let attempt = 0
    while (!halt.signal.aborted) {
      const { ready, cause } = await liveOnce()
      if (halt.signal.aborted) return
      attempt = ready ? 1 : attempt + 1
      const refused = redisAnswerOf(cause) !== 'connection'
      failure = toRedisError(cause ?? new Error('Connection is closed.'), target)
      options.onChange(connection)
      const delayMs = refused ? refusedDelayMs(attempt, random) : reconnectDelayMs(attempt, random)
      await clock.sleep(delayMs, halt.signal).catch(() => undefined)
    }
  }

  const whenUp = (deadlineMs: number, signal?: AbortSignal): Promise<Client> => {
    if (halt.signal.aborted) return Promise.reject(stopped(role))
    if (signal?.aborted) return Promise.reject(aborted(role))
    if (current) return Promise.resolve(current)
    return new Promise<Client>((resolve, reject) => {
      const finish = (): void => {
        undo()
        signal?.removeEventListener('abort', onAbort)
        waiters = waiters.filter((waiter) => waiter !== mine)
      }
      const mine = {
        resolve: (redis: Client) => (finish(), resolve(redis)),
        reject: (error: AppError) => (finish(), reject(error)),
      }
      const onAbort = (): void => mine.reject(aborted(role))
      const undo = clock.after(deadlineMs, () => mine.reject(failure ?? unreachable(target, deadlineMs)))
      signal?.addEventListener('abort', onAbort, { once: true })
      waiters.push(mine)
    })
  }

  const connection: RedisConnection<Client> = {
    role,
    get current() {
      return current
    },
    get generation() {
      return generation
    },
    get failure() {
      return failure
    },
    whenUp,
    async call([command, ...args], deadlineMs = CALL_DEADLINE_MS, signal) {
      const endMs = clock.monotonicMs() + deadlineMs
      for (;;) {
        const leftMs = endMs - clock.monotonicMs()
        if (leftMs <= 0) throw failure ?? unreachable(target, deadlineMs)
        const redis = await whenUp(leftMs, signal)
        try {
          return (await redis.callBuffer(command, ...args)) as unknown as RedisReply
        } catch (error) {
          if (redisAnswerOf(error) !== 'connection') throw error
          if (halt.signal.aborted) throw stopped(role)
          // The same client may still be current for a moment, or Redis is loading: do not spin.
          await clock.sleep(LOADING_RETRY_MS, halt.signal).catch(() => undefined)
        }
      }
    },
    drop: () => active?.disconnect(),
    async stop() {
      if (!halt.signal.aborted) {
        halt.abort(new Error('stopped'))
        options.onStopped?.(connection)
        const due = waiters
        for (const waiter of due) waiter.reject(stopped(role))
        active?.disconnect()
      }
      await running
    },
  }
  const running = run()
  return connection
}

function unreachable(target: RedisTarget, deadlineMs: number): AppError {
  return new AppError('BUS_UNAVAILABLE', `Redis at ${target.label} did not answer within ${Math.round(deadlineMs)} ms`)
}
