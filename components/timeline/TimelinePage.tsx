/*
 * TimelinePage: what happened in a run, when, and how its seeds went from state to state; the way to any moment of it, and out of the house.
 * In: what is kept, binned events, flow and stays of a window; the moment shown. Out: panels over one axis; a moment, a bundle, a film.
 * Invariant: all parts show the same stretch; a part that fails says so while the others live; what is not kept is said, with its reason.
 * Source: docs/ux.md "pages: timeline"; features B1 to B6.
 */
'use client'
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react'
import type { ReplayDwell, ReplayLanes } from '../../lib/contracts/httpLanes.ts'
import type { ReplayCoverage, ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import type { Bounds } from '../../lib/live/conductor.ts'
import { formatAge, formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { EmptyState } from '../empty/EmptyState.tsx'
import { useLive, useTime } from '../live/LiveProvider.tsx'
import { goToMoment } from '../live/timeActions.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useApi, type ApiAnswer } from '../records/useApi.ts'
import { TimeStrip } from '../replay/TimeStrip.tsx'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel, type PanelState } from '../ui/Panel.tsx'
import { ComparePanel } from './ComparePanel.tsx'
import { DwellPanel } from './DwellPanel.tsx'
import { KeptRuns } from './KeptRuns.tsx'
import { LanesPanel } from './LanesPanel.tsx'
import { RiverPanel } from './RiverPanel.tsx'
import { SankeyPanel } from './SankeyPanel.tsx'
import { RecordFacts } from './RecordFacts.tsx'
import {
  DEFAULT_WINDOW,
  NEWEST,
  parseWindow,
  stretchOf,
  windowHash,
  zoom,
  type TimelineWindow,
} from './timelineWindow.ts'

const FilmDialog = lazy(async () => ({ default: (await import('./FilmDialog.tsx')).FilmDialog }))

const COVERAGE_EVERY_MS = 5_000
const BINS = 240
/** The newest edge moves in whole steps, so that an answer is asked for once per step and not per millisecond. */
const EDGE_MS = 5_000
const NOTHING: Bounds = { fromMs: 0, toMs: 0 }

export function TimelinePage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view'], 500)
  const run = session.store.run()
  return (
    <PageMain title="Timeline" ownHeading={run !== null}>
      {run === null ? <EmptyState /> : <Timeline key={run.descriptor.run_id} runId={run.descriptor.run_id} />}
    </PageMain>
  )
}

function useWindow(): readonly [TimelineWindow, (next: TimelineWindow) => void] {
  const [window, setWindow] = useState<TimelineWindow>(DEFAULT_WINDOW)
  useEffect(() => {
    const read = (): void => setWindow(parseWindow(location.hash))
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return [
    window,
    (next) => {
      history.replaceState(history.state, '', `${location.pathname}${location.search}${windowHash(next)}`)
      setWindow(next)
    },
  ]
}

function Timeline({ runId }: { readonly runId: string }) {
  const { page, live, session } = useLive()
  const time = useTime()
  const { table } = usePageState()
  const [window, setWindow] = useWindow()
  const [layer, setLayer] = useState<string | null>(null)
  const [film, setFilm] = useState(false)
  const [compare, setCompare] = useState(false)
  const [upTo, setUpTo] = useState(false)
  const player = time.kind === 'past' ? time.travel.player : null
  const coverage = useApi<ReplayCoverage>(`/api/replay/coverage?run=${encodeURIComponent(runId)}`, {
    everyMs: COVERAGE_EVERY_MS,
    keepWhileChanging: true,
  })
  const { data } = coverage
  const kept: Bounds | null =
    data === null || data.from === null || data.to === null
      ? null
      : { fromMs: data.from, toMs: player === null ? Math.ceil(data.to / EDGE_MS) * EDGE_MS : data.to }
  // In whole seconds: a moment that moves asks for a new picture only when it leaves the stretch.
  const momentMs = useSyncExternalStore(
    (listener) => player?.subscribe(listener) ?? (() => undefined),
    () => (player === null ? null : Math.floor(player.get().atMs / 1_000) * 1_000),
    () => null,
  )
  const stretch = kept === null ? NOTHING : stretchOf(window, kept, momentMs)
  const query = new URLSearchParams({
    run: runId,
    from: String(Math.floor(stretch.fromMs)),
    to: String(Math.ceil(stretch.toMs)),
    bins: String(BINS),
    ...(layer === null ? {} : { layer }),
  }).toString()
  const ask = (path: string): string | null => (kept === null ? null : `/api/replay/${path}?${query}`)
  const lanes = useApi<ReplayLanes>(ask('lanes'), { keepWhileChanging: true })
  const flow = useApi<ReplayFlow>(ask('flow'), { keepWhileChanging: true })
  const dwell = useApi<ReplayDwell>(ask('dwell'), { keepWhileChanging: true })
  // Ribbons that grow with the moment: a hundred steps over the stretch, whatever its length.
  const stepMs = Math.max(1_000, (stretch.toMs - stretch.fromMs) / 100)
  const flowToMs = upTo && momentMs !== null ? Math.ceil(momentMs / stepMs) * stepMs : null
  const isPart = flowToMs !== null && flowToMs > stretch.fromMs && flowToMs < stretch.toMs
  const part = useApi<ReplayFlow>(
    isPart ? (ask('flow')?.replace(/to=\d+/, `to=${Math.round(flowToMs)}`) ?? null) : null,
    { keepWhileChanging: true },
  )
  const moves = isPart ? part : flow
  const gaps = (data?.gaps ?? []).map(({ from, to, cause, lost }) => ({ fromMs: from, toMs: to, cause, lost }))
  const layers = session.store.run()?.descriptor.layers ?? []
  const goTo = (ms: number): void => {
    if (player === null) goToMoment({ page, live }, ms)
    else player.act({ kind: 'jump', atMs: ms })
  }
  const zoomBy = (factor: number): void => {
    if (kept !== null) setWindow(zoom(stretch, kept, momentMs ?? stretch.toMs, factor))
  }
  const bundle = `/api/replay/bundle?${new URLSearchParams({ run: runId, from: String(Math.floor(stretch.fromMs)), to: String(Math.ceil(stretch.toMs)) }).toString()}`
  const none = noneBecause(coverage)
  return (
    <>
      <div className="latency-head timeline-head">
        <h1>Timeline</h1>
        <fieldset className="segments" aria-label="Stretch">
          {NEWEST.map(([seconds, label]) => (
            <button
              key={seconds}
              type="button"
              aria-pressed={window.kind === 'newest' && window.seconds === seconds}
              onClick={() => setWindow({ kind: 'newest', seconds })}
            >
              {label}
            </button>
          ))}
          <button type="button" aria-pressed={window.kind === 'all'} onClick={() => setWindow({ kind: 'all' })}>
            All
          </button>
        </fieldset>
        <button type="button" className="quiet" disabled={kept === null} onClick={() => zoomBy(0.5)}>
          Closer
        </button>
        <button type="button" className="quiet" disabled={kept === null} onClick={() => zoomBy(2)}>
          Farther
        </button>
        <select
          aria-label="Layer"
          value={layer ?? ''}
          onChange={(event) => setLayer(event.target.value === '' ? null : event.target.value)}
        >
          <option value="">All layers</option>
          {layers.map(({ layer_id: id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
        <button type="button" aria-pressed={table} onClick={() => page.set({ table: !table })}>
          Tables
        </button>
        <span className="grow" />
        <button
          type="button"
          aria-pressed={compare && player !== null}
          disabled={player === null}
          title={
            player === null ? 'Go to a moment first: it is shown beside the present' : 'The moment beside the present'
          }
          onClick={() => setCompare(!compare)}
        >
          Then and now
        </button>
        <button type="button" disabled={kept === null} onClick={() => setFilm(true)}>
          Film…
        </button>
        {kept === null ? null : (
          <a className="button" href={bundle} download>
            Bundle
          </a>
        )}
      </div>
      {player !== null && (
        <div className="timeline-scrub">
          <TimeStrip player={player} label="Moment of the timeline" />
        </div>
      )}
      <div className="page-grid timeline-grid">
        <Panel
          title="What happened"
          className="timeline-wide timeline-lanes"
          hint={
            kept === null
              ? ''
              : `${formatUtc(stretch.fromMs)} to ${formatUtc(stretch.toMs)} UTC, ${formatAge(stretch.toMs - stretch.fromMs)}${lanes.data === null ? '' : `, ${formatCount(lanes.data.total)} records`}`
          }
          {...stateOf(lanes, none)}
        >
          {lanes.data !== null && (
            <LanesPanel
              lanes={lanes.data}
              gaps={gaps}
              stretch={stretch}
              player={player}
              table={table}
              onMoment={goTo}
              onWindow={setWindow}
            />
          )}
        </Panel>
        {compare && player !== null && (
          <Panel title="Then and now" className="timeline-wide" hint="the same metric, drawn by the same code">
            <ComparePanel />
          </Panel>
        )}
        <Panel
          title="Seeds by state"
          className="timeline-wide timeline-river"
          hint={flow.data === null ? '' : exactWords(flow.data)}
          {...stateOf(flow, none)}
        >
          {flow.data !== null && (
            <RiverPanel
              flow={flow.data}
              gaps={gaps}
              player={player}
              table={table}
              onMoment={goTo}
              onWindow={setWindow}
            />
          )}
        </Panel>
        <Panel
          title="From state to state"
          className="timeline-flow"
          hint={isPart ? `up to ${formatUtc(flowToMs)} UTC` : 'in the whole stretch'}
          actions={
            player !== null && (
              <button type="button" aria-pressed={upTo} onClick={() => setUpTo(!upTo)}>
                Up to the moment
              </button>
            )
          }
          {...stateOf(moves, none)}
        >
          {moves.data !== null && <SankeyPanel flow={moves.data} table={table} />}
        </Panel>
        <Panel title="Time in each state" className="timeline-dwell" {...stateOf(dwell, none)}>
          {dwell.data !== null && <DwellPanel dwell={dwell.data} />}
        </Panel>
        <Panel title="The record" className="timeline-wide" {...stateOf(coverage, null)}>
          {data !== null && <RecordFacts coverage={data} />}
        </Panel>
        <Panel title="Runs that are kept" className="timeline-wide" {...stateOf(coverage, null)}>
          {data !== null && <KeptRuns coverage={data} />}
        </Panel>
      </div>
      {film && kept !== null && (
        <Suspense>
          <FilmDialog stretch={stretch} onClose={() => setFilm(false)} />
        </Suspense>
      )}
    </>
  )
}

/** Why there is nothing to draw, when the record says so itself. */
function noneBecause({ data, problem }: ApiAnswer<ReplayCoverage>): string | null {
  if (data === null) return problem === null ? null : `What is kept is not known: ${problem.text} (${problem.code})`
  if (data.from !== null && data.to !== null) return null
  if (data.recorder.state === 'off') return 'Nothing is recorded: the history is switched off in this installation.'
  return `Nothing of this run has been recorded yet. ${data.recorder.problem ?? 'The first minute appears here within seconds of its first report.'}`
}

function stateOf(
  { data, problem }: Pick<ApiAnswer<unknown>, 'data' | 'problem'>,
  none: string | null,
): { readonly state: PanelState; readonly message: string } {
  if (problem !== null)
    return {
      state: 'error',
      message: `${problem.text} (${problem.code})${data === null ? '' : ' The last answer stays.'}`,
    }
  if (data === null) return none === null ? { state: 'loading', message: '' } : { state: 'empty', message: none }
  return { state: 'ready', message: '' }
}

function exactWords(flow: ReplayFlow): string {
  if (flow.exact) return `${formatCount(flow.of)} transitions, every one counted`
  return `${formatCount(flow.of)} transitions; ${formatCount(flow.breaks)} times a seed was in another state than its last transition said: some were not recorded`
}
