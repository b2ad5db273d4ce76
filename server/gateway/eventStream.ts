/*
 * eventStream: everything the gateway tells, numbered, kept for a while, and handed to whoever follows.
 * In: events. Out: the same with (epoch, offset), to all followers in order.
 * Invariant: a follower that resumes gets every event behind its place, or a `reset` first; a follower that does not read is cut off.
 * Source: docs/protocol.md "gateway control API".
 */
import type { GatewayEvent } from '../../lib/contracts/gatewayControl.ts'
import type { Clock } from '../../lib/primitives/clock.ts'

type WithoutNumber<E> = E extends GatewayEvent ? Omit<E, 'epoch' | 'offset' | 'at_ms'> : never
export type GatewayNews = WithoutNumber<GatewayEvent>

export interface EventStream {
  tell(news: GatewayNews): void
  /** Calls back with what follows `after`, then with everything new; returns its undo. */
  follow(
    after: { readonly epoch: number; readonly offset: number } | null,
    onEvent: (event: GatewayEvent) => void,
  ): () => void
  /** A line for a follower to whom nothing was said for a while. */
  idle(): GatewayEvent
}

const KEPT = 4_096

/** Creates an empty stream of one start of the gateway. */
export function createEventStream(epoch: number, clock: Clock): EventStream {
  const kept: GatewayEvent[] = []
  const followers = new Set<(event: GatewayEvent) => void>()
  let offset = 0

  const numbered = (news: GatewayNews, at: number): GatewayEvent =>
    ({ ...news, epoch, offset: at, at_ms: clock.wallMs() }) as GatewayEvent

  return {
    tell(news) {
      const event = numbered(news, ++offset)
      kept.push(event)
      if (kept.length > KEPT) kept.shift()
      for (const follower of followers) follower(event)
    },
    follow(after, onEvent) {
      if (after !== null) {
        const first = kept[0]?.offset ?? offset + 1
        const missed = after.epoch !== epoch || after.offset < first - 1 || after.offset > offset
        if (missed) {
          const text = after.epoch === epoch ? 'events before this one are no longer kept' : 'the gateway was restarted'
          onEvent(numbered({ kind: 'reset', text }, Math.max(0, first - 1)))
        }
        for (const event of kept) if (missed || event.offset > after.offset) onEvent(event)
      }
      followers.add(onEvent)
      return () => void followers.delete(onEvent)
    },
    idle: () => numbered({ kind: 'idle' }, offset),
  }
}
