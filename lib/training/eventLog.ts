/*
 * EventLog: numbers the trainer's events, keeps them until they are drained, and folds the decided ones into a hash chain.
 * In: events without their stamp. Out: stamped events, a SHA-256 over the history.
 * Invariant: the chain holds what was decided, not who asked or how long it took: ids and measured times stay out, so equal runs are equal.
 * Source: docs/training.md "determinism".
 */
import { createHash } from 'node:crypto'
import { AppError } from '../contracts/appError.ts'
import type { TrainerEvent } from './trainerTypes.ts'

type WithoutStamp<E> = E extends TrainerEvent ? Omit<E, 'seq' | 'step' | 'tick' | 'correlationId'> : never
export type EventBody = WithoutStamp<TrainerEvent>

export interface EventLogState {
  readonly seq: number
  readonly chain: string
}

export interface EventLog {
  append(body: EventBody, step: number, tick: number, correlationId: string | null): void
  drain(): TrainerEvent[]
  readonly chain: string
  /** Remembers this place; the returned function forgets everything appended since, as long as nothing was drained. */
  mark(): () => void
  save(): EventLogState
  restore(state: EventLogState): void
}

/** Events that tell of copies and of switches thrown from outside: observers, not history. */
const UNHASHED: ReadonlySet<TrainerEvent['kind']> = new Set(['checkpoint', 'control'])
/** More undrained events than this means nobody listens; the oldest leave. A run makes about one event per tick. */
const MAX_PENDING = 20_000

const withoutMeasuredTime = (key: string, value: unknown): unknown => (key === 'compute_time_us' ? undefined : value)

/** Creates an empty log; the chain starts at the hash of nothing. */
export function createEventLog(): EventLog {
  let pending: TrainerEvent[] = []
  let seq = 0
  let dropped = 0
  let chain = createHash('sha256').digest('hex')

  return {
    append(body, step, tick, correlationId) {
      seq++
      pending.push({ ...body, seq, step, tick, correlationId } as TrainerEvent)
      if (pending.length > MAX_PENDING) {
        pending.shift()
        dropped++
      }
      if (UNHASHED.has(body.kind)) return
      const text = JSON.stringify([step, tick, body], withoutMeasuredTime)
      chain = createHash('sha256').update(chain).update(text).digest('hex')
    },
    drain() {
      const events = pending
      pending = []
      return events
    },
    mark() {
      const before = { pending, length: pending.length, seq, chain, dropped }
      return () => {
        if (pending !== before.pending) throw new AppError('INTERNAL', 'events that were told can not be taken back')
        // Overflow shifted the front: what is left of the time before the mark stays.
        pending.length = Math.max(0, before.length - (dropped - before.dropped))
        seq = before.seq
        chain = before.chain
      }
    },
    get chain() {
      return chain
    },
    save: () => ({ seq, chain }),
    restore(state) {
      chain = state.chain
      // Numbers never go back, even when the history does: a consumer must see each seq once.
      seq = Math.max(seq, state.seq)
    },
  }
}
