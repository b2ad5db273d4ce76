/*
 * flakyBus: a bus whose publishes fail as a test says, around any real one.
 * In: a bus. Out: the same bus; `mode` decides what publish does.
 * Invariant: `reject` never reaches the inner bus, `lose-reply` always does, so both kinds of failed publish can be told apart.
 * Source: docs/bus.md "at-least-once".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { BusHealth, MessageBus } from '../../lib/bus/messageBus.ts'

export type FlakyMode = 'up' | 'reject' | 'lose-reply' | 'hang'

export interface FlakyBus extends MessageBus {
  /** Switches; going up tells the state listeners. */
  setMode(mode: FlakyMode): void
  /** Publishes attempted, by topic. */
  readonly attempts: ReadonlyMap<string, number>
}

/** Wraps a bus. */
export function createFlakyBus(inner: MessageBus): FlakyBus {
  let mode: FlakyMode = 'up'
  const attempts = new Map<string, number>()
  const listeners = new Set<(health: BusHealth) => void>()
  const health = (): BusHealth => ({ ...inner.health(), ...(mode === 'up' ? {} : { state: 'reconnecting' as const }) })
  return {
    ...inner,
    attempts,
    setMode(next) {
      mode = next
      for (const listener of listeners) listener(health())
    },
    health,
    onState(listener) {
      listeners.add(listener)
      const undo = inner.onState(listener)
      return () => {
        listeners.delete(listener)
        undo()
      }
    },
    async publish(topic, message, options) {
      attempts.set(topic, (attempts.get(topic) ?? 0) + 1)
      if (mode === 'hang') return new Promise<string>(() => undefined)
      if (mode === 'reject') throw new AppError('BUS_UNAVAILABLE', 'simulated outage')
      const cursor = await inner.publish(topic, message, options)
      if (mode === 'lose-reply') throw new AppError('BUS_TIMEOUT', 'simulated lost reply')
      return cursor
    },
  }
}
