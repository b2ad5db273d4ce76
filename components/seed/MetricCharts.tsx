/*
 * Metric charts: every metric of the seed over one window, grouped by where its number comes from.
 * In: series, current values, limits, the window. Out: small charts in step, a window switch, smoothing, limits.
 * Invariant: a metric never measured in the window is named, not drawn empty; smoothing is off until chosen; only charts in view
 * are made.
 * Source: docs/ux.md "pages: seed"; features A8, A12, A13, A17.
 */
'use client'
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { LimitSet, MetricLimit } from '../../lib/contracts/httpLimits.ts'
import type { SeedDetail, SeedSeries } from '../../lib/contracts/httpSeed.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { formatAge, formatMetric, formatUtc, unitText, UNKNOWN_TEXT } from '../../lib/live/formatValue.ts'
import { setPointedMoment } from '../live/pointedMoment.ts'
import type { ShownMoment } from '../live/useShownMoment.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import type { ApiAnswer } from '../records/useApi.ts'
import { CopyValue } from '../ui/CopyValue.tsx'
import { Panel } from '../ui/Panel.tsx'
import { LimitsEditor } from './LimitsEditor.tsx'
import { MetricChart } from './MetricChart.tsx'
import { groupColumns } from './seedColumns.ts'
import { scoreText, signed, UNUSUAL_Z } from './seedWords.ts'
import type { SeedWindow } from './useSeedData.ts'

interface Props {
  readonly answer: ApiAnswer<SeedSeries>
  readonly detail: SeedDetail | null
  readonly descriptor: RunDescriptor | null
  readonly limits: ApiAnswer<LimitSet>
  readonly window: SeedWindow
  readonly moment: ShownMoment
  readonly onWindow: (window: SeedWindow) => void
}

const WINDOWS = [
  [60, '1 min'],
  [300, '5 min'],
  [900, '15 min'],
] as const
const SMOOTHING = [
  [0, 'Raw'],
  [5_000, '5 s'],
  [20_000, '20 s'],
] as const

const CAUSES: Readonly<Record<SeedSeries['gaps'][number]['cause'], string>> = {
  bus_down: 'the bus was down',
  producer_silent: 'the producer was silent',
  lost: 'entries were lost',
  server_restart: 'the server was restarted',
  not_recorded: 'nothing was recorded',
  damaged: 'the record is damaged',
}

export function MetricCharts({ answer, detail, descriptor, limits, window, moment, onWindow }: Props) {
  const [smoothMs, setSmoothMs] = useState(0)
  const [editing, setEditing] = useState(false)
  const { data, problem } = answer
  const groups = descriptor === null ? [] : groupColumns(descriptor.seed_columns)
  const seriesOf = (name: string) => data?.series.find((one) => one.metric === name) ?? null
  const isReady = data !== null && descriptor !== null
  const note = problem === null ? data?.none_because : `${problem.text} (${problem.code})`
  return (
    <Panel
      title="Metrics"
      className="seed-metrics"
      hint={
        window.kind === 'fixed'
          ? `${window.label}, ${formatUtc(window.fromMs)} to ${formatUtc(window.toMs)} UTC`
          : `the ${moment.isPast ? 'last' : 'newest'} ${formatAge(window.seconds * 1_000)}${moment.isPast ? ' before the moment, limits of the present' : ''}; drag over a chart to look closer`
      }
      state={!isReady && problem === null ? 'loading' : note == null ? 'ready' : problem === null ? 'empty' : 'error'}
      message={note}
      actions={
        <>
          <fieldset className="segments" aria-label="Window">
            {WINDOWS.map(([seconds, label]) => (
              <button
                key={seconds}
                type="button"
                aria-pressed={window.kind === 'newest' && window.seconds === seconds}
                onClick={() => onWindow({ kind: 'newest', seconds })}
              >
                {label}
              </button>
            ))}
          </fieldset>
          <fieldset className="segments" aria-label="Smoothing">
            {SMOOTHING.map(([ms, label]) => (
              <button key={ms} type="button" aria-pressed={smoothMs === ms} onClick={() => setSmoothMs(ms)}>
                {label}
              </button>
            ))}
          </fieldset>
          <button
            type="button"
            aria-expanded={editing}
            disabled={moment.isPast}
            {...(moment.isPast ? { title: 'The past is shown: go live to change limits' } : {})}
            onClick={() => setEditing((open) => !open)}
          >
            Limits{limits.data === null ? '' : ` v${limits.data.version}`}
          </button>
        </>
      }
    >
      {editing && !moment.isPast && descriptor !== null && (
        <LimitsEditor
          answer={limits}
          columns={descriptor.seed_columns}
          runId={descriptor.run_id}
          onClose={() => setEditing(false)}
        />
      )}
      {isReady && data.none_because === null && (
        <>
          <Legend data={data} />
          {groups.map((group) => {
            const drawn = group.columns.filter((column) => (seriesOf(column.name)?.of ?? 0) > 0)
            const absent = group.columns.filter((column) => !drawn.includes(column))
            return (
              <section key={group.provenance} className="metric-group" aria-label={`${group.title} metrics`}>
                <h3>
                  {group.title} <span className="t3">{group.help}</span>
                </h3>
                {absent.length > 0 && (
                  <p className="t3 absent">
                    Not measured in this window: {absent.map((column) => column.label).join(', ')}.
                  </p>
                )}
                <div className="chart-grid">
                  {drawn.map((column) => (
                    <ChartCard
                      key={column.name}
                      column={column}
                      data={data}
                      detail={detail}
                      limit={limits.data?.limits.find((one) => one.metric === column.name) ?? null}
                      smoothMs={smoothMs}
                      onWindow={onWindow}
                    />
                  ))}
                </div>
              </section>
            )
          })}
        </>
      )}
    </Panel>
  )
}

function Legend({ data }: { readonly data: SeedSeries }) {
  const causes = [...new Set(data.gaps.map((gap) => CAUSES[gap.cause]))]
  const count = (kind: SeedSeries['marks'][number]['kind']): number =>
    data.marks.filter((mark) => mark.kind === kind).length
  const words = [
    [count('transition'), 'transitions (glyph of the new state)'],
    [count('command'), 'commands (dotted)'],
    [count('fault'), 'faults (red wedge)'],
    [count('checkpoint'), 'checkpoints (faint)'],
  ] as const
  const said = words.filter(([number]) => number > 0).map(([number, text]) => `${number} ${text}`)
  const left = data.marks_of > data.marks.length ? `, ${data.marks.length} of ${data.marks_of} marks drawn` : ''
  return (
    <p className="t3 chart-legend">
      {said.length === 0 ? 'No events in this window' : `Marks: ${said.join(', ')}`}
      {left}. {data.gaps.length > 0 && `Hatched: ${data.gaps.length} gaps, ${causes.join(', ')}. `}
      Each bin shows its least and greatest value.
    </p>
  )
}

/** Makes its content once it comes near the view, and keeps it: charts far below cost nothing. */
function WhenNear({ children }: { readonly children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const [near, setNear] = useState(false)
  useEffect(() => {
    const element = box.current
    if (element === null || near) return undefined
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && setNear(true), {
      rootMargin: '300px',
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [near])
  return (
    <div ref={box} className="chart-place">
      {near ? children : null}
    </div>
  )
}

interface CardProps {
  readonly column: MetricColumn
  readonly data: SeedSeries
  readonly detail: SeedDetail | null
  readonly limit: MetricLimit | null
  readonly smoothMs: number
  readonly onWindow: (window: SeedWindow) => void
}

/** Which limit the value is beyond now. */
function beyond(value: number | null, limit: MetricLimit | null): 'alarm' | 'warn' | null {
  if (value === null || limit === null) return null
  const out = (low: number | null, high: number | null): boolean =>
    (low !== null && value < low) || (high !== null && value > high)
  if (out(limit.alarm_low, limit.alarm_high)) return 'alarm'
  return out(limit.warn_low, limit.warn_high) ? 'warn' : null
}

function ChartCard({ column, data, detail, limit, smoothMs, onWindow }: CardProps) {
  const { session, live } = useLive()
  const series = data.series.find((one) => one.metric === column.name)
  const metric = detail?.metrics[column.name]
  const value = metric?.value ?? null
  const score = metric?.siblings ?? null
  const out = beyond(value, limit)
  const known = series?.values.filter((one) => one !== null) ?? []
  const unit = unitText(column)
  const range =
    known.length === 0
      ? ''
      : `${formatMetric(Math.min(...known), column)} to ${formatMetric(Math.max(...known), column)} ${unit}`
  if (series === undefined) return null
  return (
    <figure
      className={`chart${out === null ? '' : ` is-${out}`}`}
      aria-label={`${column.label} over the window: ${range}`}
    >
      <figcaption>
        <span className="chart-name" title={column.help}>
          {column.label}
        </span>
        <CopyValue
          value={`${formatMetric(value, column)} ${unit}`.trim()}
          provenance={{
            metric: column.name,
            layer: data.layer_id,
            seed: data.seed_id,
            run: data.run_id,
            atMs: detail?.ingest_ms,
            producer: detail?.producer,
            stream: detail?.entry?.topic,
            entryId: metric?.entry_id,
          }}
        >
          <b>{formatMetric(value, column)}</b> <span className="t2">{value === null ? 'unmeasured' : unit}</span>
        </CopyValue>
        {detail?.ingest_ms != null && value !== null && (
          <span className="t3">
            <Ticking
              read={() =>
                formatAge(
                  session === live
                    ? Math.max(0, session.client.serverNowMs() - (detail.ingest_ms ?? 0))
                    : detail.age_ms,
                )
              }
            />
          </span>
        )}
        <span className="grow" />
        {out !== null && (
          <span className={`chip tone-${out === 'alarm' ? 'crit' : 'warn'}`}>
            {out === 'alarm' ? 'beyond alarm' : 'beyond limit'}
          </span>
        )}
        {score !== null && score.z !== null && (
          <span
            className={`z${Math.abs(score.z) >= UNUSUAL_Z ? ' tone-warn' : ' t3'}`}
            title={scoreText(score, column)}
          >
            z {value === null ? UNKNOWN_TEXT : signed(score.z)}
          </span>
        )}
      </figcaption>
      <WhenNear>
        <MetricChart
          column={column}
          series={series}
          limit={limit}
          gaps={data.gaps}
          marks={data.marks}
          fromMs={data.from_ms}
          toMs={data.to_ms}
          smoothMs={smoothMs}
          onWindow={(fromMs, toMs) => onWindow({ kind: 'fixed', fromMs, toMs, label: 'Chosen stretch' })}
          onMoment={(atMs) =>
            setPointedMoment(atMs === null ? null : { atMs, layerId: data.layer_id, seedId: data.seed_id })
          }
        />
      </WhenNear>
    </figure>
  )
}
