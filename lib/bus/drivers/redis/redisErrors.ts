/*
 * redisErrors: turns what ioredis and Redis say into catalogue errors an operator can act on.
 * In: any throwable, the target. Out: AppError (BUS_REFUSED or BUS_UNAVAILABLE), and what kind of answer it was.
 * Invariant: total; no password and no payload gets into the text.
 * Source: docs/bus.md "errors".
 */
import { AppError, isAppError } from '../../../contracts/appError.ts'
import type { RedisTarget } from './redisTarget.ts'

export type RedisAnswer =
  /** The connection is gone or not ready: try again on the next one. */
  | 'connection'
  /** Redis answered and will not do it until someone changes something. */
  | 'refused'
  /** The group or the stream vanished: rebuild and go on. */
  | 'no-group'
  | 'busy-group'
  | 'no-key'
  | 'wrong-type'

const TRANSIENT = /^(LOADING|MASTERDOWN|TRYAGAIN|CLUSTERDOWN|READONLY|BUSY )/
const NO_GROUP = /^(NOGROUP|UNBLOCKED)/

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Says what kind of answer a throwable is. */
export function redisAnswerOf(error: unknown): RedisAnswer {
  const text = textOf(error)
  if (!(error instanceof Error) || error.name !== 'ReplyError') return 'connection'
  if (TRANSIENT.test(text)) return 'connection'
  if (NO_GROUP.test(text)) return 'no-group'
  if (text.startsWith('BUSYGROUP')) return 'busy-group'
  if (text.startsWith('ERR no such key')) return 'no-key'
  if (text.startsWith('WRONGTYPE')) return 'wrong-type'
  return 'refused'
}

/** Translates a throwable; AppErrors pass through. */
export function toRedisError(error: unknown, target: RedisTarget): AppError {
  if (isAppError(error)) return error
  const text = textOf(error)
  const kind = redisAnswerOf(error)
  if (kind === 'connection') {
    return new AppError('BUS_UNAVAILABLE', `Redis at ${target.label} ${wordsOf(error, text)}`, {}, error)
  }
  return new AppError(
    'BUS_REFUSED',
    `Redis at ${target.label} refused user ${target.user}: ${text}${adviceOf(text)}`,
    { user: target.user },
    error,
  )
}

function wordsOf(error: unknown, text: string): string {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'ECONNREFUSED') return 'does not accept connections (ECONNREFUSED): is it running?'
  if (code === 'ENOENT') return 'has no socket there (ENOENT): is it running?'
  if (code === 'EACCES') return 'may not be opened by this user (EACCES)'
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `can not be found by name (${String(code)})`
  if (code === 'ETIMEDOUT') return 'did not accept the connection in time (ETIMEDOUT)'
  if (text.startsWith('Socket timeout')) return 'stopped answering on an open connection'
  if (text.startsWith('LOADING')) return 'is loading its data'
  if (text === 'Connection is closed.') return 'closed the connection'
  return `failed: ${text}`
}

function adviceOf(text: string): string {
  if (text.startsWith('WRONGPASS') || text.startsWith('NOAUTH')) return ' (check user and password in REDIS_URL)'
  if (text.startsWith('NOPERM')) return ' (grant the right with ACL SETUSER)'
  if (text.startsWith('OOM')) return ' (raise maxmemory or trim streams)'
  if (text.startsWith('MISCONF')) return ' (Redis can not persist: check its disk)'
  return ''
}
