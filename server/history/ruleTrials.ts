/*
 * ruleTrials: alert rules being tried on the recorded past, a few milliseconds at a time, so that other questions are answered between.
 * In: a history, a rule, a window. Out: a number to ask on with; the answer when it is there.
 * Invariant: one turn is a few milliseconds and one unpacked chunk; what was worked on for too long ends with what was judged, and says so.
 * Source: docs/alerts.md "back-test".
 */
import { AppError } from '../../lib/contracts/appError.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import { backtestPast, type PastBacktestOptions } from '../alerts/pastBacktest.ts'
import type { RunHistory } from './runHistory.ts'

export interface RuleTrials {
  /** @throws GUARD_RATE when as many as may be are open */
  open(history: RunHistory, trial: Omit<PastBacktestOptions, 'isSpent'>): number
  /** Works for one turn; null: ask again. @throws STATE_NOT_FOUND */
  next(id: number): RuleBacktest | null
  close(id: number): void
}

const TURN_MS = 8
/** Of work, not of waiting. */
const BUDGET_MS = 20_000
const MAX_OPEN = 2

/** Creates an empty desk. */
export function createRuleTrials(clock: Pick<Clock, 'monotonicMs'>): RuleTrials {
  const open = new Map<number, { readonly steps: Generator<undefined, RuleBacktest, void>; workedMs: number }>()
  let lastId = 0
  return {
    open(history, trial) {
      if (open.size >= MAX_OPEN)
        throw new AppError('GUARD_RATE', `${MAX_OPEN} rules are being tried on the record already`)
      const id = ++lastId
      const isSpent = (): boolean => (open.get(id)?.workedMs ?? 0) >= BUDGET_MS
      const one = { steps: backtestPast(history, { ...trial, isSpent }), workedMs: 0 }
      open.set(id, one)
      return id
    },
    next(id) {
      const one = open.get(id)
      if (one === undefined) throw new AppError('STATE_NOT_FOUND', 'this test is over', { path: 'id' })
      const fromMs = clock.monotonicMs()
      for (;;) {
        const { done, value } = one.steps.next()
        const tookMs = clock.monotonicMs() - fromMs
        if (done !== true && tookMs < TURN_MS) continue
        one.workedMs += tookMs
        return done === true ? value : null
      }
    },
    close: (id) => void open.delete(id),
  }
}
