/*
 * TopAlerts: the most urgent open alerts on the Live page, or that all is clear and the engine runs.
 * In: the first of the open list. Out: at most three lines that lead to their alert; a panel of fixed height.
 * Invariant: "all clear" only from an engine that ran a moment ago; how many are not shown is said; nothing moves while pointed at;
 * beside a moment of the past it says that it is of the present.
 * Source: docs/ux.md "pages: live".
 */
'use client'
import Link from 'next/link'
import { useState, type HTMLAttributes } from 'react'
import type { AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertList } from '../../lib/contracts/httpAlerts.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState, useTickKey } from '../live/useLiveTopic.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { AlertLine } from './AlertLine.tsx'
import { orderAlerts } from './alertOrder.ts'
import { ageOf } from './alertWords.ts'
import { engineAgeMs, isEngineOld } from './engineWords.ts'
import { useAlertQuery } from './useAlertQuery.ts'

const SHOWN = 3

export default function TopAlerts() {
  const page = usePageState()
  const { offsetMs } = useOps()
  const { session, live } = useLive()
  const { data, problem, atMs } = useAlertQuery(`state=open&limit=${SHOWN}`)
  const nowMs = systemClock.wallMs() + offsetMs
  useTickKey(() => String(Math.floor(systemClock.wallMs() / 1_000)))
  const [held, setHeld] = useState<readonly AlertItem[] | null>(null)
  const fresh = data === null ? [] : orderAlerts('open', data.alerts).slice(0, SHOWN)
  const shown = held ?? fresh
  const hold = (): void => setHeld((before) => before ?? fresh)
  const handlers: HTMLAttributes<HTMLUListElement> = {
    onPointerEnter: hold,
    onPointerLeave: () => setHeld(null),
    onFocus: hold,
    onBlur: (event) => {
      if (!event.currentTarget.contains(event.relatedTarget)) setHeld(null)
    },
  }
  return (
    <section className="panel panel-alerts" aria-labelledby="top-alerts" aria-busy={data === null && problem === null}>
      <div className="panel-head">
        <h2 id="top-alerts">Alerts</h2>
        <span className="sub">{problem !== null ? 'as last known' : session === live ? '' : 'of the present'}</span>
        <span className="grow" />
        <Link href={hrefOf('/alerts', page)} prefetch={false}>
          {data === null ? 'All' : `All ${formatCount(data.counts.open)}`}
        </Link>
      </div>
      {shown.length === 0 ? (
        <p className="panel-note t2">
          {data === null ? nothingKnown(problem?.text ?? null) : clearWords(data, atMs, nowMs)}
        </p>
      ) : (
        <ul className="alert-lines" {...handlers}>
          {shown.map((alert) => (
            <AlertLine key={alert.id} alert={alert} nowMs={nowMs} />
          ))}
        </ul>
      )}
    </section>
  )
}

const nothingKnown = (problem: string | null): string =>
  problem === null ? '' : `Whether anything is wrong is unknown: ${problem}`

function clearWords({ engine }: AlertList, atMs: number | null, nowMs: number): string {
  const age = engineAgeMs(engine, atMs, systemClock.wallMs())
  if (age === null) return 'Unknown: the rules were not evaluated yet.'
  if (isEngineOld(age)) return `Unknown: the rules were last evaluated ${formatAge(age)} ago.`
  const since = ageOf(engine.clear_since, nowMs)
  return `All clear${since === null ? '' : ` for ${formatAge(since)}`}; ${formatCount(engine.enabled)} rules evaluated ${formatAge(age)} ago.`
}
