/*
 * delivery: one way out for notifications: a queue, retries with growing patience, and a breaker that says when it is broken.
 * In: letters, a function that sends one. Out: what was sent, what failed, whether the way is broken.
 * Invariant: in order of their coming, critical first; bounded: what does not fit is counted and said; a letter is given up after its last
 * try and counted; nothing here can throw.
 * Source: docs/alerts.md "notifications".
 */
import type { Clock } from '../../lib/primitives/clock.ts'

export interface Letter {
  readonly id: string
  readonly critical: boolean
  readonly subject: string
  /** Plain data, as it is sent. */
  readonly body: Readonly<Record<string, unknown>>
  /** An address of the channel; empty: the configured one. */
  readonly to: string
}

export interface DeliveryCounts {
  readonly sent: number
  readonly given_up: number
  readonly dropped: number
  readonly waiting: number
}

export interface Delivery {
  put(letter: Letter): void
  counts(): DeliveryCounts
  /** Why nothing goes out now; null while it works. */
  broken(): string | null
  /** Lets what is being sent end. */
  stop(): Promise<void>
}

export interface DeliveryOptions {
  readonly name: string
  readonly clock: Clock
  /** Rejects when it was not taken. */
  readonly send: (letter: Letter) => Promise<void>
  readonly onProblem: (text: string) => void
  readonly maxWaiting?: number
  readonly retryMs?: readonly number[]
}

const RETRY_MS = [1_000, 5_000, 30_000, 120_000]
const MAX_WAITING = 1_000
/** Letters in a row that needed more than their first try. */
const BROKEN_AFTER = 3

/** Creates the way; nothing is sent before the first letter. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { name, clock, send, onProblem, maxWaiting = MAX_WAITING, retryMs = RETRY_MS } = options
  const waiting: Letter[] = []
  let running: Promise<void> | null = null
  let sent = 0
  let givenUp = 0
  let dropped = 0
  let failures = 0
  let why: string | null = null
  const ended = new AbortController()

  const deliver = async (letter: Letter): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      try {
        await send(letter)
        sent++
        failures = 0
        why = null
        return
      } catch (error) {
        failures++
        const text = (error as Error).message.slice(0, 300)
        if (failures >= BROKEN_AFTER && why === null) {
          why = `${name} does not take notifications: ${text}`
          onProblem(why)
        }
        const pause = retryMs[attempt]
        if (pause === undefined || ended.signal.aborted) {
          givenUp++
          onProblem(`a notification by ${name} was given up after ${attempt + 1} tries: ${text}`)
          return
        }
        await clock.sleep(pause, ended.signal).catch(() => undefined)
      }
    }
  }

  const work = async (): Promise<void> => {
    for (let letter = waiting.shift(); letter !== undefined && !ended.signal.aborted; letter = waiting.shift())
      await deliver(letter)
    running = null
  }

  return {
    put(letter) {
      if (waiting.length >= maxWaiting) {
        dropped++
        // Room is made by what is least urgent, if there is any such.
        const last = letter.critical ? waiting.findLastIndex((one) => !one.critical) : -1
        if (last < 0) return
        waiting.splice(last, 1)
      }
      const behind = letter.critical ? waiting.findIndex((one) => !one.critical) : -1
      if (behind < 0) waiting.push(letter)
      else waiting.splice(behind, 0, letter)
      running ??= work()
    },
    counts: () => ({ sent, given_up: givenUp, dropped, waiting: waiting.length }),
    broken: () => why,
    async stop() {
      ended.abort()
      await running
    },
  }
}
