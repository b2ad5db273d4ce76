/*
 * subscriptionHandle: the part of a Subscription that is the same whoever reads.
 * In: the places of its topics, how to end it, the caller's signal. Out: topics, cursors, lag, one stop for all who ask.
 * Invariant: stop runs once; an abort is a stop that waits for nothing.
 * Source: docs/bus.md "subscribing".
 */
import type { Place } from './consumerLane.ts'
import type { Subscription, TopicLag } from './messageBus.ts'

export interface SubscriptionHandleOptions {
  readonly places: () => Iterable<Place>
  readonly lag: () => Promise<readonly TopicLag[]>
  readonly stopOnce: (deadlineMs: number) => Promise<void>
  readonly signal: AbortSignal | undefined
}

/** Creates the handle; an abort that came before is carried out at once. */
export function createSubscriptionHandle({ places, lag, stopOnce, signal }: SubscriptionHandleOptions): Subscription {
  let stopping: Promise<void> | null = null
  const stop = (deadlineMs = 5_000): Promise<void> => {
    signal?.removeEventListener('abort', onAbort)
    return (stopping ??= stopOnce(deadlineMs))
  }
  const onAbort = (): void => void stop(0)
  const subscription: Subscription = {
    topics: () => [...places()].map((place) => place.topic).sort(),
    cursors: () => {
      const cursors: Record<string, string> = {}
      for (const place of places()) if (place.cursor !== null) cursors[place.topic] = place.cursor
      return cursors
    },
    lag,
    stop,
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  return subscription
}
