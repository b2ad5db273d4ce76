/*
 * asks: questions to a bus thread and their answers, each exactly once.
 * In: a question by name. Out: its answer, or an error with a code: never nothing.
 * Invariant: a thread that ends or does not answer in time rejects what is open; the number of open questions is bounded.
 * Source: docs/architecture.md "processes and threads".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import { ERROR_CATALOG, type ErrorCode } from '../../lib/contracts/errorCatalog.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { BusQuestion, BusQuestions, FromWorker, ToWorker } from './workerProtocol.ts'

const TIMEOUT_MS = 5_000
const MAX_OPEN = 64

export interface Asks {
  /** @throws BUS_TIMEOUT · BUS_UNAVAILABLE · GUARD_RATE · what the answer's error says */
  ask<Q extends BusQuestion>(name: Q, ask: BusQuestions[Q]['ask']): Promise<BusQuestions[Q]['answer']>
  settle(answer: Extract<FromWorker, { kind: 'answer' }>): void
  /** The thread ended: nothing that was asked will be answered. */
  lost(): void
}

export interface AsksOptions {
  readonly clock: Clock
  readonly post: (message: ToWorker) => void
}

interface Open {
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
  readonly cancel: () => void
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_CATALOG, code)

/** Creates the questions of one thread. */
export function createAsks({ clock, post }: AsksOptions): Asks {
  const open = new Map<number, Open>()
  let lastId = 0

  const take = (id: number): Open | undefined => {
    const one = open.get(id)
    open.delete(id)
    one?.cancel()
    return one
  }

  return {
    ask(name, ask) {
      if (open.size >= MAX_OPEN)
        return Promise.reject(new AppError('GUARD_RATE', `${MAX_OPEN} questions to the bus are open already`))
      const id = ++lastId
      return new Promise((resolve, reject) => {
        const cancel = clock.after(TIMEOUT_MS, () =>
          take(id)?.reject(new AppError('BUS_TIMEOUT', `no answer within ${TIMEOUT_MS} ms`)),
        )
        open.set(id, { resolve: resolve as (value: never) => void, reject, cancel })
        post({ kind: 'ask', id, name, ask })
      })
    },
    settle({ id, value, error }) {
      const one = take(id)
      if (error === null) one?.resolve(value as never)
      else one?.reject(new AppError(isCode(error.code) ? error.code : 'INTERNAL', error.text))
    },
    lost() {
      for (const id of open.keys())
        take(id)?.reject(new AppError('BUS_UNAVAILABLE', 'the reader of the bus ended before it answered'))
    },
  }
}
