/*
 * LatencyPage: how long messages take, stage by stage, from the trainer to the eye; which were slow, and where they lie.
 * In: GET /api/latency every two seconds while the tab is visible. Out: panels that choose together: stage, layer, topic, window.
 * Invariant: not measured is never 0; n is said with every figure; the last good answer stays below a failure and says how old it is.
 * Source: docs/ux.md "pages: latency"; features C1 to C6.
 */
'use client'
import { useCallback, useState } from 'react'
import type { LatencyReport } from '../../lib/contracts/httpLatency.ts'
import { LATENCY_TOPICS, TOPIC_WORDS, type LatencyTopic } from '../../lib/contracts/latencyStages.ts'
import { formatAge, formatCount } from '../../lib/live/formatValue.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ExemplarsPanel } from './ExemplarsPanel.tsx'
import { HeatPanel } from './HeatPanel.tsx'
import { HistogramPanel } from './HistogramPanel.tsx'
import {
  reportUrl,
  useLatencyChoice,
  WHOLE_SPAN,
  WINDOWS,
  type ExemplarSpan,
  type LatencyChoice,
} from './latencyChoice.ts'
import { ObjectivePanel } from './ObjectivePanel.tsx'
import { SplitPanel } from './SplitPanel.tsx'
import { StagesPanel } from './StagesPanel.tsx'

const ASK_EVERY_MS = 2_000

export function LatencyPage() {
  const { page } = useLive()
  const { runId, table } = usePageState()
  useLiveTopic(['runs'])
  const [choice, choose] = useLatencyChoice()
  const [span, setSpan] = useState<ExemplarSpan>(WHOLE_SPAN)
  // Of the run that is named in the address, else of all runs together: what a bus and a server cost is one question.
  const url = reportUrl(choice, runId)
  const { data, problem, atMs } = useApi<LatencyReport>(url, { everyMs: ASK_EVERY_MS, keepWhileChanging: true })
  const readAge = useCallback(() => (atMs === null ? '' : `${formatAge(systemClock.wallMs() - atMs)} ago`), [atMs])
  const failure = problem === null ? null : `${problem.text} (${problem.code})`
  const change = (next: Partial<LatencyChoice>): void => {
    choose(next)
    setSpan(WHOLE_SPAN)
  }
  return (
    <PageMain title="Latency" ownHeading>
      <div className="latency-head">
        <h1>Latency</h1>
        <Controls
          choice={choice}
          report={data}
          table={table}
          onChange={change}
          onTable={() => page.set({ table: !table })}
        />
        {data !== null && (
          <span className="t3 latency-age">
            {runId === null ? 'all runs' : runId}, {coverText(data)}, answer of <Ticking read={readAge} />
          </span>
        )}
      </div>
      {failure !== null && data !== null && (
        <p className="panel-note tone-warn latency-stale">
          <Icon name="warning" />{' '}
          <span>
            <output>{failure}</output> The answer of <Ticking read={readAge} /> stays. Asking again.
          </span>
        </p>
      )}
      {data === null ? (
        <Waiting failure={failure} />
      ) : (
        <div className={failure === null ? 'page-grid latency-grid' : 'page-grid latency-grid old'}>
          <StagesPanel report={data} chosen={choice.stage} onStage={(stage) => change({ stage })} />
          <ObjectivePanel report={data} />
          <HistogramPanel report={data} stage={choice.stage} span={span} table={table} onSpan={setSpan} />
          <HeatPanel report={data} span={span} table={table} onSpan={setSpan} />
          <SplitPanel report={data} table={table} onLayer={(layer) => change({ layer })} />
          <ExemplarsPanel
            choice={choice}
            runId={runId}
            span={span}
            bounds={data.scheme.bounds_ms}
            onWhole={() => setSpan(WHOLE_SPAN)}
          />
        </div>
      )}
    </PageMain>
  )
}

function coverText({ covered_ms, window_s, slice_ms }: LatencyReport): string {
  if (covered_ms === 0) return `the first ${slice_ms / 1_000} s are being measured`
  return covered_ms < window_s * 1_000 - slice_ms ? `${formatAge(covered_ms)} measured so far` : 'whole window measured'
}

function Waiting({ failure }: { readonly failure: string | null }) {
  if (failure !== null)
    return (
      <div className="page-grid latency-grid">
        <Panel
          className="latency-wide latency-tall"
          title="Nothing is known of latency"
          state="error"
          message={`${failure} Asking again.`}
        />
      </div>
    )
  return (
    <div className="page-grid latency-grid">
      <Panel className="latency-stages" title="Stages" state="loading" />
      <Panel className="latency-objective" title="Objective" state="loading" />
      <Panel className="latency-chart" title="Distribution" state="loading" />
      <Panel className="latency-chart" title="Over time" state="loading" />
      <Panel className="latency-chart" title="Where the time goes" state="loading" />
      <Panel className="latency-chart" title="Messages behind it" state="loading" />
    </div>
  )
}

function Controls({
  choice,
  report,
  table,
  onChange,
  onTable,
}: {
  readonly choice: LatencyChoice
  readonly report: LatencyReport | null
  readonly table: boolean
  readonly onChange: (change: Partial<LatencyChoice>) => void
  readonly onTable: () => void
}) {
  const named = (report?.layers ?? []).flatMap((row) => (row.layer_id === null ? [] : [row.layer_id]))
  const layers = [...new Set([...named, ...(choice.layer === null ? [] : [choice.layer])])].toSorted((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  return (
    <div className="latency-controls">
      <fieldset className="segments" aria-label="Window">
        {WINDOWS.map(([seconds, label]) => (
          <button
            key={seconds}
            type="button"
            aria-pressed={choice.windowS === seconds}
            onClick={() => onChange({ windowS: seconds })}
          >
            {label}
          </button>
        ))}
      </fieldset>
      <select
        aria-label="Layer"
        value={choice.layer ?? ''}
        onChange={(event) => onChange({ layer: event.target.value === '' ? null : event.target.value })}
      >
        <option value="">All layers</option>
        {layers.map((layer) => (
          <option key={layer}>{layer}</option>
        ))}
      </select>
      <select
        aria-label="Topic"
        value={choice.topic ?? ''}
        onChange={(event) =>
          onChange({ topic: event.target.value === '' ? null : (event.target.value as LatencyTopic) })
        }
      >
        <option value="">All topics</option>
        {LATENCY_TOPICS.map((topic) => (
          <option key={topic} value={topic}>
            {TOPIC_WORDS[topic]}
          </option>
        ))}
      </select>
      <button type="button" aria-pressed={table} onClick={onTable}>
        Tables
      </button>
      {report !== null && report.layers_of > report.layers.length && (
        <span className="t3">
          {formatCount(report.layers.length)} of {formatCount(report.layers_of)} layers listed
        </span>
      )}
    </div>
  )
}
