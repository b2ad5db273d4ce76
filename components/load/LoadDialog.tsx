/*
 * Load dialog: start a generated load, see what it sends and how far behind it is, stop it.
 * In: the server's report, once a second. Out: a native dialog; requests to start and stop.
 * Invariant: what would be refused is said before it is sent; what runs is never shown as a trainer's; unknown rates are "?".
 * Source: docs/ux.md "generated load"; features I2.
 */
'use client'
import { useState, type SyntheticEvent } from 'react'
import type { LoadReport, LoadRequest } from '../../lib/contracts/httpLoad.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Dialog } from '../shell/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { LOAD_BOUNDS, LOAD_SIZES, requestProblem, sizeText } from './loadWords.ts'
import { useLoad } from './useLoad.ts'

const MB = 1_000_000
const LATE_PERIODS = 2
const isOn = (report: LoadReport | null): boolean =>
  report !== null && (report.state === 'starting' || report.state === 'running' || report.state === 'stopping')

export function LoadDialog({ onClose }: { readonly onClose: () => void }) {
  const { page } = useLive()
  const load = useLoad()
  const { data: report, problem } = load.answer
  const show = (runId: string): void => page.set({ runId, selection: null, metric: null })
  return (
    <Dialog title="Generated load" closeLabel="Close generated load" className="load" onClose={onClose}>
      <p className="dialog-note t2">
        Made-up numbers in the likeness of the trainer, to see this system under load. Nothing is trained. They are a
        run of their own, labelled everywhere, and never mixed with another.
      </p>
      {report === null ? (
        <p className="dialog-note">{problem === null ? 'Asking the server…' : problem.text}</p>
      ) : !report.available ? (
        <p className="dialog-note">
          <Icon name="warning" /> {report.why_not}
        </p>
      ) : isOn(report) ? (
        <Running report={report} busy={load.busy} onShow={show} onStop={() => void load.stop()} />
      ) : (
        <Starter
          report={report}
          busy={load.busy}
          onStart={async (request) => {
            const started = await load.start(request)
            if (started?.run) show(started.run.run_id)
          }}
        />
      )}
      {load.problem !== null && (
        <p className="dialog-note tone-crit" role="alert">
          <Icon name="warning" /> {load.problem.text} ({load.problem.code})
        </p>
      )}
    </Dialog>
  )
}

function Starter({
  report,
  busy,
  onStart,
}: {
  readonly report: LoadReport
  readonly busy: boolean
  readonly onStart: (request: LoadRequest) => Promise<void>
}) {
  const [wanted, setWanted] = useState<LoadRequest>(LOAD_SIZES[0]!.request)
  const wrong = requestProblem(wanted)
  const chosen = LOAD_SIZES.findIndex(({ request }) => JSON.stringify(request) === JSON.stringify(wanted))
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (wrong === null) void onStart(wanted)
  }
  return (
    <form className="load-form" onSubmit={submit}>
      {report.state === 'failed' && (
        <p className="tone-warn">
          <Icon name="warning" /> The last one ended by itself: {report.cause ?? 'no cause was given'}.
        </p>
      )}
      <fieldset className="load-sizes">
        <legend className="visually-hidden">Size</legend>
        {LOAD_SIZES.map(({ name, request }, index) => (
          <button
            key={name}
            type="button"
            className="quiet"
            aria-pressed={index === chosen}
            onClick={() => setWanted(request)}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <div className="load-fields">
        {Object.entries(LOAD_BOUNDS).map(([name, { label, ...bounds }]) => (
          <label key={name}>
            <span className="t2">{label}</span>
            <input
              type="number"
              {...bounds}
              value={Number.isNaN(wanted[name as keyof LoadRequest]) ? '' : wanted[name as keyof LoadRequest]}
              onChange={(event) => setWanted({ ...wanted, [name]: event.target.valueAsNumber })}
            />
          </label>
        ))}
      </div>
      <p className={wrong === null ? 't2' : 'tone-warn'} aria-live="polite">
        {wrong ?? sizeText(wanted)}
      </p>
      <div className="dialog-foot">
        <span className="grow" />
        <button type="submit" className="primary" disabled={busy || wrong !== null}>
          {busy ? 'Starting…' : 'Start load'}
        </button>
      </div>
    </form>
  )
}

function Running({
  report,
  busy,
  onShow,
  onStop,
}: {
  readonly report: LoadReport
  readonly busy: boolean
  readonly onShow: (runId: string) => void
  readonly onStop: () => void
}) {
  const { session } = useLive()
  const { run } = report
  if (run === null) return <p className="dialog-note">Starting…</p>
  const { request } = run
  const late = run.behind_ms !== null && run.behind_ms > (LATE_PERIODS * 1_000) / request.hz
  const facts: readonly (readonly [string, string, boolean?])[] = [
    ['Run', run.run_id],
    ['Size', `${formatCount(request.layers)} x ${formatCount(request.seeds_per_layer)} seeds`],
    ['Running for', formatAge(session.client.serverNowMs() - Date.parse(run.started_at))],
    ['Sweeps/s', `${run.sweeps_per_s === null ? '?' : run.sweeps_per_s.toFixed(1)} of ${request.hz}`],
    ['Behind', run.behind_ms === null ? '?' : formatAge(run.behind_ms), late],
    ['Sweeps missed', formatCount(run.missed_sweeps), run.missed_sweeps > 0],
    ['Sent', `${formatCount(run.entries)} entries, ${(run.bytes / MB).toFixed(1)} MB`],
    ['MB/s', run.bytes_per_s === null ? '?' : (run.bytes_per_s / MB).toFixed(2)],
    ['Not taken by the bus', formatCount(run.failed_entries), run.failed_entries > 0],
    ['Processor, cores', run.cpu_cores === null ? '?' : run.cpu_cores.toFixed(2)],
    ['Transitions', formatCount(run.transitions)],
    ['Since', `${formatUtc(Date.parse(run.started_at))} UTC`],
  ]
  return (
    <div className="load-form">
      <dl className="facts">
        {facts.map(([name, value, trouble]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className={trouble === true ? 'tone-warn' : ''}>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="dialog-foot">
        <output className="grow t2">{report.state === 'running' ? '' : `${report.state}…`}</output>
        <button type="button" onClick={() => onShow(run.run_id)}>
          Show this run
        </button>
        <button type="button" className="primary" disabled={busy || report.state !== 'running'} onClick={onStop}>
          {busy ? 'Stopping…' : 'Stop load'}
        </button>
      </div>
    </div>
  )
}
