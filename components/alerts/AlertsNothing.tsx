/*
 * AlertsNothing: what an empty list says: that nothing is wrong, with the proof that somebody looked, or that nothing fits the filters.
 * In: tab, the newest answer, the time. Out: words with the figures that would stop if the engine did.
 * Invariant: "all clear" is only said by an engine that ran a moment ago and answered just now; otherwise it is unknown.
 * Source: docs/ux.md "pages: alerts".
 */
'use client'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Icon } from '../ui/Icon.tsx'
import type { AlertTab } from './alertOrder.ts'
import { ageOf, timeText } from './alertWords.ts'
import { engineAgeMs, isEngineOld } from './engineWords.ts'
import type { AlertAnswer } from './useAlertList.ts'

interface Props {
  readonly tab: AlertTab
  readonly answer: Pick<AlertAnswer, 'head' | 'atMs' | 'isOld'>
  readonly nowMs: number
  readonly isFiltered: boolean
  readonly onClear: () => void
}

const EMPTY: Readonly<Record<Exclude<AlertTab, 'open'>, string>> = {
  acked: 'Nothing is acknowledged and still going on.',
  shelved: 'Nothing is shelved.',
  silent: 'Every source of an open alert still reports.',
  history: 'No alert was ever raised here, or the kept history begins later.',
}

export function AlertsNothing({ tab, answer, nowMs, isFiltered, onClear }: Props) {
  const { head, atMs, isOld } = answer
  if (isFiltered)
    return (
      <p className="panel-note t2">
        <span>No alert fits the filters.</span>{' '}
        <button type="button" className="link" onClick={onClear}>
          Show all
        </button>
      </p>
    )
  if (tab !== 'open') return <p className="panel-note t2">{EMPTY[tab]}</p>
  const age = engineAgeMs(head?.engine ?? null, atMs, systemClock.wallMs())
  if (head === null || isOld || isEngineOld(age))
    return (
      <div className="all-clear">
        <h3>
          <Icon name="warning" size={20} /> Whether anything is wrong is unknown
        </h3>
        <p className="t2">
          {age === null ? 'The rules were not evaluated yet.' : `The rules were last evaluated ${formatAge(age)} ago.`}{' '}
          An empty list says nothing while they are not.
        </p>
      </div>
    )
  const { engine, counts } = head
  const since = engine.clear_since
  const forMs = ageOf(since, nowMs)
  return (
    <div className="all-clear">
      <h3>
        <span className="tone-ok">✓</span>{' '}
        {since === null ? 'All clear' : `All clear since ${timeText(since).utc.slice(0, 5)} UTC (${formatAge(forMs)})`}
      </h3>
      <p className="t2">
        No alert is open or waits to be seen. The engine is running: these figures would stop if it were not.
      </p>
      <dl className="all-clear-proof">
        <div>
          <dd>{formatCount(engine.enabled)}</dd>
          <dt>rules evaluated</dt>
        </div>
        <div>
          <dd>{formatAge(age)}</dd>
          <dt>ago</dt>
        </div>
        <div>
          <dd>{formatCount(engine.ticks)}</dd>
          <dt>evaluations so far</dt>
        </div>
        <div>
          <dd>{formatCount(counts.shelved)}</dd>
          <dt>shelved</dt>
        </div>
      </dl>
    </div>
  )
}
