/*
 * AlertsHead: tabs with counts, whether the engine runs, the load on people, filters.
 * In: the newest answer with its age. Out: choices; one line about the engine that would go wrong if it stood still.
 * Invariant: a count that can not be told is "?", never 0; the engine's age goes on growing while nothing is heard of it.
 * Source: docs/ux.md "pages: alerts"; features D18, D20.
 */
'use client'
import { useCallback } from 'react'
import type { AlertCounts } from '../../lib/contracts/httpAlerts.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { Ticking } from '../live/Ticking.tsx'
import { Icon } from '../ui/Icon.tsx'
import { ALERT_TABS, type AlertTab } from './alertOrder.ts'
import { engineAgeMs, isEngineOld, loadWords } from './engineWords.ts'
import type { AlertAnswer, AlertFilters } from './useAlertList.ts'

const LABELS: Readonly<Record<AlertTab, string>> = {
  open: 'Open',
  acked: 'Acked',
  shelved: 'Shelved',
  silent: 'Silent',
  history: 'History',
}
const COUNT_OF: Readonly<Partial<Record<AlertTab, keyof AlertCounts>>> = {
  open: 'open',
  acked: 'acked',
  shelved: 'shelved',
  silent: 'silent',
}

export function AlertTabs({
  tab,
  answer,
  onTab,
}: {
  readonly tab: AlertTab
  readonly answer: Pick<AlertAnswer, 'head' | 'isOld'>
  readonly onTab: (tab: AlertTab) => void
}) {
  const counts = answer.isOld ? null : (answer.head?.counts ?? null)
  return (
    <div className="tabs" role="tablist" aria-label="Lists of alerts">
      {ALERT_TABS.map((name) => {
        const key = COUNT_OF[name]
        return (
          <button
            key={name}
            type="button"
            role="tab"
            aria-selected={tab === name}
            aria-controls="alert-rows"
            onClick={() => onTab(name)}
          >
            {LABELS[name]}
            {key !== undefined && <span className="num"> {formatCount(counts?.[key])}</span>}
          </button>
        )
      })}
    </div>
  )
}

export function EngineLine({ answer }: { readonly answer: Pick<AlertAnswer, 'head' | 'atMs'> }) {
  const { head, atMs } = answer
  const read = useCallback(() => {
    const age = engineAgeMs(head?.engine ?? null, atMs, systemClock.wallMs())
    return age === null ? 'never' : `${formatAge(age)} ago`
  }, [head, atMs])
  if (head === null)
    return (
      <p className="engine-line t2">
        <span>rules evaluated: unknown</span>
      </p>
    )
  const { engine, load } = head
  const { text, isFlood } = loadWords(load)
  return (
    <p className="engine-line t2">
      <span
        title={`longest evaluation ${engine.longest_ms === null ? '?' : engine.longest_ms.toFixed(1)} ms, ${formatCount(engine.ticks)} ticks`}
      >
        {formatCount(engine.enabled)} of {formatCount(engine.rules)} rules, evaluated{' '}
        <b>
          <Ticking read={read} />
        </b>
      </span>
      <span
        className={isFlood ? 'tone-warn' : ''}
        title="Alarms that people can keep up with: about one in ten minutes each"
      >
        {isFlood && <Icon name="warning" size={13} />} {text}
      </span>
      {engine.inhibited > 0 && (
        <span title="They are listed; nobody is told of them by themselves while the other alert lasts">
          {formatCount(engine.inhibited)} explained by another alert
        </span>
      )}
      {engine.folded > 0 && (
        <span className="tone-warn">{formatCount(engine.folded)} more are counted in their groups only</span>
      )}
    </p>
  )
}

/** The engine's own trouble: while it stands still nothing is raised and nothing is cleared. */
export function EngineTrouble({
  answer,
  nowMs,
}: {
  readonly answer: Pick<AlertAnswer, 'head' | 'atMs'>
  readonly nowMs: number
}) {
  const { head, atMs } = answer
  if (head === null) return null
  const age = engineAgeMs(head.engine, atMs, nowMs)
  const isOld = isEngineOld(age)
  if (!isOld && head.engine.limits.length === 0) return null
  return (
    <>
      {isOld && (
        <p className="panel-note tone-crit" role="alert">
          <Icon name="critical" />
          <span>
            {age === null
              ? 'The alert engine has not run since the server started: no alert can be raised.'
              : `The alert engine last ran ${formatAge(age)} ago: nothing is raised and nothing is cleared meanwhile. What stands below is as of then.`}
          </span>
        </p>
      )}
      {head.engine.limits.map((limit) => (
        <p key={limit} className="panel-note tone-warn">
          <Icon name="warning" /> <span>{limit}</span>
        </p>
      ))}
    </>
  )
}

export function AlertFilterBar({
  filters,
  layers,
  onFilters,
}: {
  readonly filters: AlertFilters
  readonly layers: readonly string[]
  readonly onFilters: (filters: AlertFilters) => void
}) {
  const set = (change: Partial<AlertFilters>): void => onFilters({ ...filters, ...change })
  const all = filters.layer !== '' && !layers.includes(filters.layer) ? [...layers, filters.layer] : layers
  return (
    <fieldset className="alert-filters" aria-label="Filters">
      <select
        aria-label="Severity"
        value={filters.severity}
        onChange={(event) => set({ severity: event.target.value as AlertFilters['severity'] })}
      >
        <option value="">any severity</option>
        <option value="critical">critical</option>
        <option value="warning">warning</option>
        <option value="info">info</option>
      </select>
      <select aria-label="Layer" value={filters.layer} onChange={(event) => set({ layer: event.target.value })}>
        <option value="">any layer</option>
        {all.map((layer) => (
          <option key={layer} value={layer}>
            {layer}
          </option>
        ))}
      </select>
      <input
        type="search"
        aria-label="Words in the alert"
        placeholder="words"
        maxLength={200}
        value={filters.text}
        onChange={(event) => set({ text: event.target.value })}
      />
      {filters.rule !== '' && (
        <button type="button" className="quiet" onClick={() => set({ rule: '' })}>
          rule {filters.rule} <Icon name="close" size={11} />
          <span className="visually-hidden">: show all rules</span>
        </button>
      )}
    </fieldset>
  )
}
