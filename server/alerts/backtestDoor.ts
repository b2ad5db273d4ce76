/*
 * backtestDoor: a rule tried on the past: on what is in memory, or on what is recorded when that reaches back further.
 * In: a draft, how many hours back, perhaps a run. Out: what it would have raised, and on what that was judged.
 * Invariant: nothing is saved; the record is read in another thread, turn by turn; where both know as much memory answers.
 * Source: docs/alerts.md "back-test".
 */
import { completeDraft } from '../../lib/alerts/shippedRules.ts'
import { AppError, isAppError } from '../../lib/contracts/appError.ts'
import type { AlertRule } from '../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import type { Clock } from '../../lib/primitives/clock.ts'
import type { HistoryDesk } from '../history/historyDesk.ts'
import { newestRun } from '../state/newestRun.ts'
import type { RunBook } from '../state/runBook.ts'
import { toPolicy } from './alertEngine.ts'
import type { AlertsHandle } from './alertsHandle.ts'
import { backtestRule, memoryFromMs } from './ruleBacktest.ts'
import { toRule } from './ruleBook.ts'

export interface BacktestDoorOptions {
  readonly clock: Clock
  readonly runs: Pick<RunBook, 'get' | 'all'>
  readonly history: Pick<HistoryDesk, 'ask'>
}

const HOUR_MS = 3_600_000
/** A record that begins so little earlier tells nothing that memory does not. */
const SAME_MS = 1_000

/** Creates the answer of POST /api/rules/backtest. */
export function createBacktestDoor({ clock, runs, history }: BacktestDoorOptions): AlertsHandle['backtestRule'] {
  const rest = (): Promise<void> => new Promise((resolve) => void clock.after(0, resolve))

  /** Null: nothing is recorded, or nothing that begins before `beforeMs`. */
  const tryRecorded = async (
    run: string | undefined,
    rule: AlertRule,
    window: { readonly fromMs: number; readonly toMs: number },
    beforeMs: number,
  ): Promise<RuleBacktest | null> => {
    try {
      const { id, firstMs } = await history.ask('trial-open', { run, rule, policy: toPolicy(rule), ...window })
      try {
        if (firstMs === null || firstMs > beforeMs) return null
        for (;;) {
          const answer = await history.ask('trial-next', { id })
          if (answer !== null) return answer
          await rest()
        }
      } finally {
        await history.ask('trial-close', { id })
      }
    } catch (error) {
      if (isAppError(error, 'STATE_NOT_FOUND')) return null
      throw error
    }
  }

  return async ({ rule: draft, hours, run: wanted }) => {
    const run = wanted === undefined ? newestRun(runs.all()) : runs.get(wanted)
    const toMs = clock.wallMs()
    const fromMs = toMs - hours * HOUR_MS
    const rule = toRule(completeDraft(draft), 0, { by: 'nobody', atMs: toMs, change: 'a test' })
    const knownMs = run === undefined ? Number.POSITIVE_INFINITY : memoryFromMs(run, rule)
    if (fromMs < knownMs) {
      const runId = wanted ?? run?.descriptor.run_id
      const recorded = await tryRecorded(runId, rule, { fromMs, toMs }, knownMs - SAME_MS)
      if (recorded !== null) return recorded
    }
    if (run === undefined) throw new AppError('STATE_NOT_FOUND', 'there is no run to test the rule on', { path: 'run' })
    return backtestRule({ run, rule, policy: toPolicy(rule), fromMs, toMs, rest })
  }
}
