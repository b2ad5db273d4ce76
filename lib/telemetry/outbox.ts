/*
 * outbox: carries lossless messages (events, outcomes, commands) to the bus, in order, re-sent until accepted.
 * In: topic, type, bytes. Out: entries with a contiguous seq per topic; a promise that settles with the entry's fate.
 * Invariant: one publish under way at a time, so nothing overtakes; an entry keeps its seq over all attempts; overflow and refusal are loud
 * and leave a seq gap.
 * Source: docs/architecture.md "telemetry flow" (commands, acks and events are lossless); seed-design.md 3.2.
 */
import type { BusMessage, MessageBus } from '../bus/messageBus.ts'
import { type AppError, isAppError } from '../contracts/appError.ts'
import type { Clock } from '../primitives/clock.ts'

export interface OutboxCounters {
  readonly accepted: number
  readonly resent: number
  readonly pending: number
  /** Given up because more than the bound were waiting. */
  readonly overflowed: number
  /** Given up because the bus will never take them. */
  readonly refused: number
}

export type OutboxEvent =
  | { readonly kind: 'overflow'; readonly topic: string; readonly type: string; readonly total: number }
  | { readonly kind: 'refused'; readonly topic: string; readonly type: string; readonly error: AppError }

export interface OutboxOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  /** Publisher identity; each topic gets its own source `<src>:<suffix>`, because order exists only inside one topic. */
  readonly src: string
  readonly epoch: number
  readonly limit?: number
  readonly onEvent?: (event: OutboxEvent) => void
}

/** Entry fields over the exact bytes of `data`. */
export type Seal = Required<Pick<BusMessage, 'sig' | 'key'>>

export interface Outbox {
  /** Queues one message; resolves true when the bus accepted it, false when it was given up. Never rejects. `suffix` names the topic's source. */
  put(topic: string, suffix: string, type: string, data: Uint8Array, signature?: Seal): Promise<boolean>
  counters(): OutboxCounters
  /** Sends what waits until the deadline; what is left then is given up. Idempotent. */
  stop(deadlineMs: number): Promise<void>
}

interface Letter {
  readonly topic: string
  readonly message: BusMessage
  readonly settle: (accepted: boolean) => void
  tried: boolean
}

const RETRY_FIRST_MS = 10
const RETRY_MAX_MS = 60
const PERMANENT = new Set(['BUS_TOO_LARGE', 'CONTRACT_TOPIC', 'CONTRACT_TOO_LARGE'])

/** Creates an outbox; it sends from the first put on. */
export function createOutbox(options: OutboxOptions): Outbox {
  const { bus, clock, src, epoch } = options
  const limit = options.limit ?? 10_000
  const emit = options.onEvent ?? (() => undefined)
  const letters: Letter[] = []
  const sequences = new Map<string, number>()
  let sending = false
  let failures = 0
  let accepted = 0
  let resent = 0
  let overflowed = 0
  let refused = 0
  let undoRetry: (() => void) | null = null
  let closed = false
  let idle: (() => void) | null = null
  let stopped: Promise<void> | null = null

  const finish = (letter: Letter, ok: boolean): void => {
    letters.shift()
    sending = false
    letter.settle(ok)
    if (letters.length === 0) idle?.()
    pump()
  }

  const failed = (letter: Letter, error: unknown): void => {
    if (closed) return
    if (isAppError(error) && PERMANENT.has(error.code)) {
      refused++
      emit({ kind: 'refused', topic: letter.topic, type: letter.message.type, error })
      return finish(letter, false)
    }
    sending = false
    undoRetry = clock.after(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(failures++, 8)), wake)
  }

  const wake = (): void => {
    undoRetry?.()
    undoRetry = null
    pump()
  }

  const pump = (): void => {
    const letter = letters[0]
    if (!letter || sending || undoRetry || closed) return
    sending = true
    if (letter.tried) resent++
    letter.tried = true
    bus.publish(letter.topic, letter.message).then(
      () => {
        // Given up at the end of a stop, and told so: a later answer must not count it again.
        if (closed) return
        accepted++
        failures = 0
        finish(letter, true)
      },
      (error: unknown) => failed(letter, error),
    )
  }

  /** Makes room by giving up the oldest that is not under way: its seq is then missing for every reader. */
  const bound = (): void => {
    if (letters.length < limit) return
    const [gone] = letters.splice(sending ? 1 : 0, 1)
    if (!gone) return
    overflowed++
    emit({ kind: 'overflow', topic: gone.topic, type: gone.message.type, total: overflowed })
    gone.settle(false)
  }

  const undoState = bus.onState((health) => {
    if (health.state === 'up' && undoRetry) wake()
  })

  const close = async (deadlineMs: number): Promise<void> => {
    if (letters.length > 0) {
      await new Promise<void>((resolve) => {
        const undo = clock.after(deadlineMs, resolve)
        idle = () => {
          undo()
          resolve()
        }
      })
    }
    closed = true
    undoState()
    undoRetry?.()
    overflowed += letters.length
    for (const letter of letters.splice(0)) letter.settle(false)
  }

  return {
    put(topic, suffix, type, data, signature) {
      if (closed) return Promise.resolve(false)
      bound()
      const seq = (sequences.get(topic) ?? 0) + 1
      sequences.set(topic, seq)
      return new Promise((settle) => {
        const message: BusMessage = { type, enc: 'json', data, src: `${src}:${suffix}`, epoch, seq, ...signature }
        letters.push({ topic, message, settle, tried: false })
        pump()
      })
    },
    counters: () => ({ accepted, resent, pending: letters.length, overflowed, refused }),
    stop(deadlineMs) {
      stopped ??= close(deadlineMs)
      return stopped
    },
  }
}
