/*
 * Delta picker: what the picture is compared with: some minutes ago, a moment that is set now, another run.
 * In: the page state, the known runs. Out: a choice, kept in the address.
 * Invariant: the choice that is in the address is always among those offered; other runs are asked for only when somebody looks.
 * Source: docs/ux.md "delta mode"; features A5.
 */
'use client'
import { useState } from 'react'
import type { RunList } from '../../lib/contracts/httpRuns.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { baselineWords, chooseDelta, DELTA_AGO } from './deltaChoice.ts'

const SET_NOW = 'now'
const MAX_RUNS = 40

export function DeltaPicker() {
  const { session, page } = useLive()
  const { delta } = usePageState()
  const [looked, setLooked] = useState(false)
  const { data } = useApi<RunList>(looked ? '/api/runs' : null)
  const shown = session.store.view?.runId
  const runs = (data?.runs ?? [])
    .filter((run) => run.run_id !== shown && run.keeping !== 'damaged')
    .slice(0, MAX_RUNS)
    .map((run) => ({
      text: `run-${run.run_id}`,
      label: `${run.title} (${run.keeping === 'live' ? 'live' : 'recorded'})`,
    }))
  const offered = [...DELTA_AGO, ...runs]
  const choose = (text: string): void => {
    const nowMs = Math.round(session.store.pause?.atMs ?? session.client.serverNowMs())
    page.set(chooseDelta(text === '' ? null : text === SET_NOW ? `at-${nowMs}` : text))
  }
  return (
    <select
      className="delta-picker"
      aria-label="Compare with"
      title="Show the difference to another moment or run (d)"
      value={delta ?? ''}
      onFocus={() => setLooked(true)}
      onPointerEnter={() => setLooked(true)}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="">Δ off</option>
      {DELTA_AGO.map(({ text, label }) => (
        <option key={text} value={text}>
          Δ {label}
        </option>
      ))}
      {delta !== null && !offered.some((choice) => choice.text === delta) && (
        <option value={delta}>Δ {baselineWords(delta)}</option>
      )}
      <option value={SET_NOW}>Δ from now on</option>
      {runs.length > 0 && (
        <optgroup label="Another run, same step">
          {runs.map(({ text, label }) => (
            <option key={text} value={text}>
              Δ {label}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  )
}
