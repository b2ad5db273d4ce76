/*
 * RuleTrial: a rule tried on what is kept of the past: how often it would have fired, where and when.
 * In: a draft, how many hours back. Out: the answer, and what it could not judge.
 * Invariant: nothing is saved; an answer belongs to exactly the draft it was asked for, and is greyed when the draft has changed.
 * Source: docs/alerts.md "back-test"; features D2.
 */
'use client'
import { useState } from 'react'
import type { RuleDraft } from '../../lib/contracts/alerts.ts'
import type { RuleBacktest } from '../../lib/contracts/httpRules.ts'
import { formatAge, formatUtc } from '../../lib/live/formatValue.ts'
import { problemOf } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'
import { backtestWords, coverageWords } from './backtestWords.ts'
import { detectorOf, judgedText } from './ruleDraft.ts'
import { tryRule } from './ruleDoor.ts'

export interface Trial {
  readonly busy: boolean
  readonly problem: string | null
  readonly result: { readonly judged: string; readonly test: RuleBacktest } | null
  readonly run: (draft: RuleDraft, hours: number, runId: string | null) => void
}

export function useTrial(): Trial {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const [result, setResult] = useState<Trial['result']>(null)
  const run = (draft: RuleDraft, hours: number, runId: string | null): void => {
    setBusy(true)
    setProblem(null)
    const judged = judgedText(draft)
    tryRule(draft, hours, runId)
      .then((test) => setResult({ judged, test }))
      .catch((error: unknown) => {
        const said = problemOf(error)
        setProblem(said === null ? 'It could not be tried.' : `${said.text} (${said.code})`)
      })
      .finally(() => setBusy(false))
  }
  return { busy, problem, result, run }
}

const HOURS = [0.25, 1, 6, 24] as const
const SHOWN = 50

export function RuleTrial({
  trial,
  draft,
  runId,
  canTry,
}: {
  readonly trial: Trial
  readonly draft: RuleDraft
  readonly runId: string | null
  readonly canTry: boolean
}) {
  const [hours, setHours] = useState<number>(1)
  const { result, problem, busy } = trial
  if (!detectorOf(draft.detector).backtest)
    return (
      <p className="t2">
        This detector judges events and the state of the installation, which no kept columns hold: it can not be tried
        on the past.
      </p>
    )
  const isOld = result !== null && result.judged !== judgedText(draft)
  return (
    <section className="rule-test" aria-label="Tried on the past">
      <div className="card-actions">
        <label>
          The last{' '}
          <select value={hours} onChange={(event) => setHours(Number(event.target.value))}>
            {HOURS.map((value) => (
              <option key={value} value={value}>
                {formatAge(value * 3_600_000)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" disabled={busy || !canTry} onClick={() => trial.run(draft, hours, runId)}>
          {busy ? 'Trying…' : 'Try on the past'}
        </button>
        <span className="t2">Nothing is saved by it.</span>
      </div>
      <output className={isOld ? 't3' : ''}>
        {result !== null && (
          <>
            {isOld && 'Before the last change: '}
            {backtestWords(result.test)}
          </>
        )}
      </output>
      {result !== null && <p className="t2">{coverageWords(result.test)}</p>}
      {problem !== null && (
        <p className="tone-warn" role="alert">
          <Icon name="warning" size={13} /> {problem}
        </p>
      )}
      {result !== null &&
        result.test.limits.map((limit) => (
          <p key={limit} className="t2">
            <Icon name="info" size={13} /> {limit}
          </p>
        ))}
      {result !== null && result.test.alerts.length > 0 && !isOld && (
        <details>
          <summary>When and where{result.test.firings > SHOWN ? `, the first ${SHOWN}` : ''}</summary>
          <ul>
            {result.test.alerts.slice(0, SHOWN).map((alert) => (
              <li key={`${alert.at_ms} ${alert.layer_id} ${alert.seed_id}`}>
                <span className="t3">{formatUtc(alert.at_ms)}</span> {alert.severity},{' '}
                {alert.layer_id === null
                  ? 'the run'
                  : `${alert.layer_id}${alert.seed_id === null ? '' : `/${alert.seed_id}`}`}
                : {alert.text}{' '}
                <span className="t2">
                  {alert.cleared_ms === null ? 'not cleared' : `for ${formatAge(alert.cleared_ms - alert.at_ms)}`}
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}
