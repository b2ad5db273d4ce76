/*
 * bindHandlers: the only place where client events are listened to: schema, permission, rate, one answer, no crash.
 * In: a socket, a table of schemas, handlers. Out: one acknowledgement per event, ok or a problem.
 * Invariant: nothing a client sends can throw out of here; an event without an acknowledgement is counted and not run.
 * Source: docs/protocol.md "Socket.IO"; OWASP ASVS 5.0 V4.
 */
import type { z } from 'zod'
import { AppError, isAppError, toProblem } from '../../lib/contracts/appError.ts'
import type { Ack } from '../../lib/contracts/socketEvents.ts'
import type { Permission } from '../../lib/contracts/permissions.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { Logger } from '../logger.ts'
import { refusal } from '../operators/access.ts'
import { ANONYMOUS, type Subject } from '../operators/subject.ts'

/** The part of a Socket.IO socket that is used here. */
export interface EventSocket {
  readonly id: string
  on(event: string, listener: (...values: unknown[]) => void): unknown
}

export type EventTable = Readonly<Record<string, { readonly schema: z.ZodType; readonly permission: Permission }>>
type Handlers<T extends EventTable> = {
  readonly [E in keyof T]: (request: z.infer<T[E]['schema']>, subject: Subject) => unknown
}

export interface BindOptions<T extends EventTable> {
  readonly socket: EventSocket
  readonly table: T
  readonly handlers: Handlers<T>
  /** Asked for each event, never kept: a role may change while a page is open. Null: nobody any more. */
  readonly subject: () => Subject | null
  readonly onDenied?: (subject: Subject, permission: Permission, event: string) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly eventsPerSecond: number
  /** Events that never wait for the rate: a stop. */
  readonly unlimited?: ReadonlySet<string>
  readonly onRefused?: (code: string) => void
}

/** Token bucket: a burst of one second, refilled evenly. */
function createBucket(clock: Clock, perSecond: number): () => boolean {
  let tokens = perSecond
  let atMs = clock.monotonicMs()
  return () => {
    const nowMs = clock.monotonicMs()
    tokens = Math.min(perSecond, tokens + ((nowMs - atMs) / 1_000) * perSecond)
    atMs = nowMs
    if (tokens < 1) return false
    tokens--
    return true
  }
}

type AnyAck = (answer: Ack<unknown>) => void

/** Binds every event of the table. */
export function bindHandlers<T extends EventTable>(options: BindOptions<T>): void {
  const { socket, table, handlers, clock, logger, eventsPerSecond, onRefused } = options
  const take = createBucket(clock, eventsPerSecond)

  const run = async (event: keyof T & string, values: readonly unknown[]): Promise<unknown> => {
    if (options.unlimited?.has(event) !== true && !take())
      throw new AppError('GUARD_RATE', `more than ${eventsPerSecond} events per second`)
    const { schema, permission } = table[event]!
    const subject = options.subject() ?? ANONYMOUS
    if (permission !== 'none' && !subject.permissions.has(permission)) {
      options.onDenied?.(subject, permission, event)
      throw refusal({ subject, permission, what: event })
    }
    if (values.length !== 1)
      throw new AppError('CONTRACT_INVALID', 'one argument and an acknowledgement', { path: event })
    const parsed = schema.safeParse(values[0])
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const path = [event, ...(issue?.path ?? [])].map(String).join('.').slice(0, 128)
      throw new AppError('CONTRACT_INVALID', `${path}: ${issue?.message ?? 'invalid'}`, { path })
    }
    return handlers[event](parsed.data as never, subject)
  }

  for (const event of Object.keys(table) as (keyof T & string)[])
    socket.on(event, (...values) => {
      const ack = values.pop()
      if (typeof ack !== 'function') {
        onRefused?.('CONTRACT_INVALID')
        return
      }
      void answer(event, values, ack as AnyAck)
    })

  async function answer(event: keyof T & string, values: readonly unknown[], ack: AnyAck): Promise<void> {
    let result: Ack<unknown>
    try {
      result = { ok: true, value: await run(event, values) }
    } catch (error) {
      const problem = toProblem(error)
      onRefused?.(problem.code)
      if (!isAppError(error)) logger.error('socket event failed', { event, error, id: problem.id })
      result = { ok: false, problem }
    }
    try {
      ack(result)
    } catch (error) {
      logger.debug('acknowledgement could not be sent', { event, error })
    }
  }
}
