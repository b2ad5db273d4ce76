/*
 * consumerLane: hands deliveries to one consumer, at most maxInFlight unsettled at a time, and keeps the settled place per topic.
 * In: deliveries in order. Out: a settlement per delivery (error or null), the resume cursor of each topic.
 * Invariant: a consumer that returns synchronously costs no promise and no microtask; nothing it throws gets past the lane.
 * Source: docs/bus.md "in flight"; docs/adr/0003-redis-streams-semantics.md.
 */
import type { Consumer, Delivery } from './messageBus.ts'

/** Where one topic of a subscription stands: everything up to `cursor` is settled. */
export interface Place {
  readonly topic: string
  cursor: string | null
  readonly open: { cursor: string; settled: boolean }[]
}

export interface ConsumerLane {
  readonly full: boolean
  readonly inFlight: number
  /** How many more entries may be handed over now. */
  readonly free: number
  /** Calls the consumer. Only when not full. */
  hand(delivery: Delivery, place: Place): void
  /** Resolves when an entry may be handed over, or when closed. */
  whenFree(): Promise<void>
  /** Resolves when nothing is in flight. */
  whenIdle(): Promise<void>
  /** Settlements that come later are ignored; waiters are released. */
  close(): void
}

type Settled = (delivery: Delivery, place: Place, failure: { readonly error: unknown } | null) => void

/** Creates the lane of one subscription. `settled` is called exactly once per delivery, synchronously for a synchronous consumer. */
export function createConsumerLane(consumer: Consumer, maxInFlight: number, settled: Settled): ConsumerLane {
  let inFlight = 0
  let closed = false
  let waiting: { wanted: 'free' | 'idle'; resolve: () => void }[] = []

  const release = (): void => {
    if (waiting.length === 0) return
    const due = waiting.filter((w) => closed || (w.wanted === 'free' ? inFlight < maxInFlight : inFlight === 0))
    waiting = waiting.filter((w) => !due.includes(w))
    for (const w of due) w.resolve()
  }
  const wait = (wanted: 'free' | 'idle', met: boolean): Promise<void> =>
    met || closed ? Promise.resolve() : new Promise((resolve) => waiting.push({ wanted, resolve }))

  const follow = async (pending: Promise<void>, delivery: Delivery, place: Place): Promise<void> => {
    const mark = { cursor: delivery.cursor, settled: false }
    place.open.push(mark)
    inFlight += 1
    let failure: { error: unknown } | null = null
    try {
      await pending
    } catch (error) {
      failure = { error }
    }
    inFlight -= 1
    mark.settled = true
    if (!closed) {
      while (place.open[0]?.settled) place.cursor = (place.open.shift() as { cursor: string }).cursor
      settled(delivery, place, failure)
    }
    release()
  }

  return {
    get full() {
      return inFlight >= maxInFlight
    },
    get inFlight() {
      return inFlight
    },
    get free() {
      return maxInFlight - inFlight
    },
    hand(delivery, place) {
      let result: void | Promise<void> = undefined
      let failure: { error: unknown } | null = null
      try {
        result = consumer(delivery)
      } catch (error) {
        failure = { error }
      }
      if (failure === null && result !== undefined) {
        void follow(Promise.resolve(result), delivery, place)
        return
      }
      if (place.open.length === 0) place.cursor = delivery.cursor
      else place.open.push({ cursor: delivery.cursor, settled: true })
      settled(delivery, place, failure)
    },
    whenFree: () => wait('free', inFlight < maxInFlight),
    whenIdle: () => wait('idle', inFlight === 0),
    close() {
      closed = true
      release()
    },
  }
}
