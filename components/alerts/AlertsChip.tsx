/*
 * AlertsChip: how many alerts nobody has, how many of them are critical; on every page, and the way to them.
 * In: the summary that pushes bring, or that is asked for. Out: a link of the header; an announcement when something critical comes.
 * Invariant: severity by shape, not by colour alone; what is not known reads "?"; an engine that stands still is said here.
 * Source: docs/ux.md "global frame"; features D18.
 */
'use client'
import Link from 'next/link'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState, useTickKey } from '../live/useLiveTopic.ts'
import { Icon } from '../ui/Icon.tsx'
import { chipWords, type ChipWords } from './chipWords.ts'
import { useAlertSummary } from './useAlertSummary.ts'

const AlertNotifier = lazy(() => import('./AlertNotifier.tsx'))
/** An assertive region speaks at most this often. */
const SPEAK_MS = 5_000

/** Whether this browser asked for sound or notices; the same names as in notifyRules.ts, which is not loaded for it. */
function useWantsNotices(): boolean {
  const [wants, setWants] = useState(false)
  useEffect(() => {
    const read = (): void => setWants(/"(sound|desktop)":true/.test(localStorage.getItem('morphoscope.notify') ?? ''))
    read()
    addEventListener('morphoscope:notify', read)
    addEventListener('storage', read)
    return () => {
      removeEventListener('morphoscope:notify', read)
      removeEventListener('storage', read)
    }
  }, [])
  return wants
}

/** Words for a screen reader when more critical alerts wait than before. */
function useCriticalWords(critical: number | null): string {
  const [words, setWords] = useState('')
  const before = useRef<{ readonly count: number | null; readonly atMs: number }>({
    count: null,
    atMs: Number.NEGATIVE_INFINITY,
  })
  useEffect(() => {
    const { count, atMs } = before.current
    const nowMs = systemClock.monotonicMs()
    if (critical === null) return
    if (count !== null && critical > count && nowMs - atMs >= SPEAK_MS) {
      setWords(critical === 1 ? '1 critical alert' : `${critical} critical alerts`)
      before.current = { count: critical, atMs: nowMs }
    } else if (count === null || critical < count) before.current = { count: critical, atMs }
  }, [critical])
  return words
}

export function AlertsChip() {
  const page = usePageState()
  const { summary, atMs, isOld } = useAlertSummary()
  const read = (): ChipWords => chipWords(summary, atMs, isOld, systemClock.wallMs())
  useTickKey(() => read().title)
  const { critical, open, trouble, title } = read()
  const spoken = useCriticalWords(isOld ? null : (summary?.counts.critical ?? null))
  const wants = useWantsNotices()
  return (
    <div className={`field alerts-chip${trouble === null ? '' : ' is-trouble'}`}>
      <Link href={hrefOf('/alerts', page)} prefetch={false} title={title}>
        <span className="k">Alerts</span>
        <b>
          {critical !== null && critical !== '0' && (
            <span className="tone-crit">
              <Icon name="critical" size={13} /> {critical}!<span className="visually-hidden"> critical, </span>
            </span>
          )}{' '}
          {trouble === null ? (
            <>
              {open} <span className="t2 wide">open</span>
            </>
          ) : (
            trouble
          )}
        </b>
      </Link>
      <span className="visually-hidden" aria-live="assertive">
        {spoken}
      </span>
      {wants && (
        <Suspense>
          <AlertNotifier />
        </Suspense>
      )}
    </div>
  )
}
