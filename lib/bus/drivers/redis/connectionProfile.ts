/*
 * connectionProfile: every time limit of a Redis connection, each with what it was measured to change.
 * In: a target and a role. Out: ioredis options and back-off delays.
 * Invariant: an ioredis instance lives for one connection only; reconnecting is ours, so every unanswered call settles.
 * Source: docs/bus.md "connection profile".
 */
import type { RedisOptions } from 'ioredis'
import type { RedisTarget } from './redisTarget.ts'

/** Longest wait of a blocking read. */
export const BLOCK_MS = 500
/** Shorter for wildcards: poll (250) + block (250) keep a new topic under a second with room to spare. */
export const WILDCARD_BLOCK_MS = 250
export const REGISTRY_POLL_MS = 250
export const HEARTBEAT_MS = 250
/** A connection that owes an answer longer than this is dead: black holes show no error by themselves (8 s and more). */
export const SOCKET_TIMEOUT_MS = BLOCK_MS + 400
/** The default of 10 s made recovery from a black hole 2.6 s slower than needed. */
export const CONNECT_TIMEOUT_MS = 250
const DISCONNECT_TIMEOUT_MS = 100
/** While Redis loads its data: default polling of 1 s made recovery 875-982 ms; 20 ms made it 10 ms (median). */
export const LOADING_RETRY_MS = 20

/** Options of one single-use connection. */
export function redisOptionsOf(target: RedisTarget, connectionName: string): RedisOptions {
  return {
    ...target.options,
    connectionName,
    lazyConnect: true,
    // ioredis's own reconnect either resends what was unanswered (3,400 duplicates in 37,000 after 50 cuts) or, with
    // autoResendUnfulfilledCommands false, never settles it (3,658 promises, v6.0.0, redis/ioredis#2193). With no
    // retryStrategy a closed connection rejects everything it owes, and the writer resends in order with the same seq.
    retryStrategy: null,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    enableOfflineQueue: false,
    // Our own PING poll replaces it: it needs no INFO right and retries through the injected clock.
    enableReadyCheck: false,
    disableClientInfo: true,
    // RESP3 gains nothing for streams, and RESP2 needs no HELLO right.
    protocol: 2,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    noDelay: true,
  }
}

/** Delay before reconnect number `attempt` (from 1): 10 to 50 ms plus up to 10 ms of chance. */
export function reconnectDelayMs(attempt: number, random: () => number): number {
  return Math.min(10 * attempt, 50) + random() * 10
}

/** Delay after Redis refused (password, right, memory): doubling from 100 ms to 5 s, so that nobody is stormed. */
export function refusedDelayMs(attempt: number, random: () => number): number {
  return Math.min(100 * 2 ** Math.min(10, attempt - 1), 5_000) * (1 + random() * 0.2)
}
