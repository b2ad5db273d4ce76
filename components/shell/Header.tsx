/*
 * Header: environment, run, freshness, bus, stop readiness, alerts, this page's own speed, theme, help.
 * In: status, runs, connection, ages. Out: the 48 px bar.
 * Invariant: on trouble a count reads "?" and an age keeps growing; no place in it moves when its content changes.
 * Source: docs/ux.md "global frame"; features A18, H12.
 */
'use client'
import Link from 'next/link'
import { useCallback } from 'react'
import type { LiveStatus } from '../../lib/contracts/liveRecords.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import { summarizeAges } from '../../lib/live/staleness.ts'
import { UserChip } from '../access/UserChip.tsx'
import { AlertsChip } from '../alerts/AlertsChip.tsx'
import { layerAges } from '../live/layerAges.ts'
import { useLive, useTime } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic, useTickKey } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { BusChip } from './BusChip.tsx'
import { SelfChip } from './SelfChip.tsx'
import { useShell } from './ShellContext.tsx'
import { StopReadyChip } from './StopReadyChip.tsx'
import { ThemeSwitch } from './ThemeSwitch.tsx'
import { usePopover } from './usePopover.ts'

const ORIGIN_TEXT = { trainer: 'trainer', 'load-generator': 'load generator', external: 'external' } as const

export function Header() {
  const { act } = useShell()
  return (
    <header className="head">
      <Link className="brand" href="/" prefetch={false} aria-label="Morphoscope, live page">
        <Icon name="brand" size={24} />
      </Link>
      <EnvironmentBadge />
      <RunSwitcher />
      <FreshnessHeader />
      <BusChip />
      <StopReadyChip />
      <AlertsChip />
      <span className="grow" />
      <SelfChip />
      <UserChip />
      <div className="head-tools">
        <button
          type="button"
          className="icon-button find-button"
          aria-label="Find anything, do anything"
          title="Find anything, do anything (Ctrl+K)"
          onClick={() => act('palette')}
        >
          <Icon name="search" />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label="Share and save this view"
          title="Share and save this view"
          onClick={() => act('save-view')}
        >
          <Icon name="link" />
        </button>
        <ThemeSwitch />
        <button
          type="button"
          className="icon-button"
          aria-label="Keyboard help"
          title="Keyboard help (?)"
          onClick={() => act('help')}
        >
          <Icon name="help" />
        </button>
      </div>
    </header>
  )
}

function EnvironmentBadge() {
  const { session } = useLive()
  const isPast = useTime().kind !== 'live'
  useLiveTopic(['status'], 1_000)
  const environment = session.store.status?.environment
  return (
    <div className={`field env env-${isPast ? 'replay' : (environment ?? 'unknown').toLowerCase()}`}>
      <span className="k">
        Environment<span className="wide">{isPast ? ` ${environment ?? ''}` : ''}</span>
      </span>
      <b>{isPast ? 'REPLAY' : (environment ?? 'unknown')}</b>
    </div>
  )
}

/** Says of a run what tells it from the others: whether anything of it still reports; empty before the server has said. */
function runLife(status: LiveStatus | null, runId: string): string {
  if (!status) return ''
  const layers = status.layers.filter((layer) => layer.run_id === runId)
  if (layers.every((layer) => layer.freshness === 'never')) return 'no reports'
  return layers.every((layer) => layer.freshness === 'silent' || layer.freshness === 'never') ? 'silent' : 'live'
}

function RunSwitcher() {
  const { session, page } = useLive()
  useLiveTopic(['runs', 'view'])
  const runs = [...session.store.log.runs.values()]
  const lives = (): readonly string[] =>
    [...session.store.log.runs.keys()].map((runId) => runLife(session.store.status, runId))
  useTickKey(() => lives().join(' '))
  const words = lives()
  const shown = session.store.run()
  return (
    <div className={`field run${shown?.descriptor.origin === 'load-generator' ? ' is-load' : ''}`}>
      <label className="k" htmlFor="run-switch">
        Run{shown ? `, ${ORIGIN_TEXT[shown.descriptor.origin]}` : ''}
      </label>
      {runs.length === 0 ? (
        <b className="t2">none yet</b>
      ) : (
        <select
          id="run-switch"
          value={shown?.descriptor.run_id ?? ''}
          onChange={(event) => page.set({ runId: event.target.value, selection: null, metric: null })}
        >
          {runs.map(({ descriptor }, index) => (
            <option key={descriptor.run_id} value={descriptor.run_id}>
              {descriptor.run_id}
              {runs.length > 1
                ? ` (${ORIGIN_TEXT[descriptor.origin]}${words[index] === '' ? '' : `, ${words[index]}`})`
                : ''}
            </option>
          ))}
        </select>
      )}
    </div>
  )
}

function FreshnessHeader() {
  const { session } = useLive()
  const { box, button, open, setOpen } = usePopover()
  const summary = useCallback(() => summarizeAges(layerAges(session)), [session])
  useTickKey(() => {
    const { worst, fresh, total } = summary()
    return `${worst} ${fresh} ${total}`
  })
  const { worst, fresh, total } = summary()
  const read = useCallback(() => {
    const now = summary()
    if (now.total === 0) return 'no layers yet'
    if (now.worst === 'never') return 'never reported'
    return `${now.worst === 'fresh' ? '' : `${now.worst} `}${formatAge(now.worstAgeMs)}`
  }, [summary])
  return (
    <div className={`field freshness is-${worst}`} ref={box} id="freshness">
      <button ref={button} type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="k">Freshness</span>
        <b>
          <Icon name={worst === 'fresh' ? 'live' : 'clock'} size={13} /> <Ticking read={read} />{' '}
          {total > 0 && (
            <span className="t2 wide">
              {`${fresh}/${total}`}
              <span className="roomy"> layers fresh</span>
            </span>
          )}
        </b>
      </button>
      {open && <FreshnessList />}
    </div>
  )
}

function FreshnessList() {
  const { session } = useLive()
  useLiveTopic(['status'], 500)
  const ages = layerAges(session).toSorted((a, b) => (b.ageMs ?? Infinity) - (a.ageMs ?? Infinity))
  const late = ages.filter((age) => age.freshness !== 'fresh')
  const list = (late.length > 0 ? late : ages).slice(0, 30)
  return (
    <section className="popover" aria-label="Layers by age">
      <h2>{late.length === 0 ? 'Every layer is fresh' : `${late.length} of ${ages.length} layers are not fresh`}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Age
            </th>
            <th scope="col" className="num">
              Usual gap
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((age) => (
            <tr key={age.layerId}>
              <th scope="row">{age.layerId}</th>
              <td className={`is-${age.freshness}`}>{age.freshness}</td>
              <td className="num">{formatAge(age.ageMs)}</td>
              <td className="num">{age.intervalMs === null ? '?' : formatAge(age.intervalMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.length < (late.length > 0 ? late.length : ages.length) && <p className="t2">The oldest 30 are listed.</p>}
    </section>
  )
}
