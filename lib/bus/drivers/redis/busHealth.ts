/*
 * busHealth: one state out of all connections, with its cause in the words of an operator.
 * In: connections that come and go, refusals. Out: BusHealth, and a call-back on every change of state.
 * Invariant: never throws; `up` means that every connection of this bus is ready.
 * Source: docs/bus.md "health".
 */
import type { AppError } from '../../../contracts/appError.ts'
import type { Clock } from '../../../primitives/clock.ts'
import type { BusHealth, BusState } from '../../messageBus.ts'
import { tell } from '../../subscriptionRules.ts'
import type { BusCounters } from './readerContext.ts'
import type { AnyConnection } from './redisConnection.ts'
import type { RedisWriter } from './redisWriter.ts'

/** Reconnecting longer than this is called down. */
const DOWN_AFTER_MS = 5_000

export interface BusHealthKeeper {
  now(): BusHealth
  onState(listener: (health: BusHealth) => void): () => void
  /** Looks at the connections again. */
  update(): void
  noteRefusal(error: AppError): void
  begin(): void
  end(): void
}

export interface BusHealthOptions {
  readonly clock: Clock
  readonly connections: ReadonlySet<AnyConnection>
  readonly counters: BusCounters
  readonly writer: () => RedisWriter
}

/** Creates the keeper in state `starting`. */
export function createBusHealth(options: BusHealthOptions): BusHealthKeeper {
  const { clock, connections, counters } = options
  const listeners = new Set<(health: BusHealth) => void>()
  let state: BusState = 'starting'
  let sinceMs = clock.wallMs()
  let cause: string | null = null
  let reconnects = 0
  let undoDown: (() => void) | null = null

  const enter = (next: BusState): void => {
    if (next === state) return
    if (next === 'up' && (state === 'reconnecting' || state === 'down')) reconnects += 1
    state = next
    sinceMs = clock.wallMs()
    if (next === 'up') cause = null
    undoDown?.()
    undoDown = next === 'reconnecting' ? clock.after(DOWN_AFTER_MS, () => enter('down')) : null
    for (const listener of listeners) tell(listener, now())
  }

  const update = (): void => {
    let broken: AnyConnection | null = null
    for (const connection of connections) if (!connection.current) broken ??= connection
    const before = cause
    if (broken?.failure) cause = broken.failure.message
    // Why it does not come up is worth telling while it is tried.
    if (state === 'starting' && cause !== before) for (const listener of listeners) tell(listener, now())
    if (state === 'starting' || state === 'stopped') return
    // A connection that never was ready yet (a reader just opened) is no outage.
    const outage = broken !== null && (broken.generation > 0 || broken.failure !== null)
    if (!outage) enter('up')
    else if (state === 'up') enter('reconnecting')
  }

  const now = (): BusHealth => {
    const writer = options.writer()
    return {
      state,
      driver: 'redis',
      sinceMs,
      cause,
      pendingPublishes: writer.pending,
      published: writer.published,
      ...counters,
      reconnects,
    }
  }

  return {
    now,
    update,
    onState(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    noteRefusal(error) {
      cause = error.message
    },
    begin: () => enter('up'),
    end() {
      enter('stopped')
      listeners.clear()
    },
  }
}
