/*
 * Run page: what growing did to the host, life by life and blueprint by blueprint, now and beside another run.
 * In: the shown run of the session, the answers about it and about the run it is compared with. Out: the page.
 * Invariant: in the past every part is of its moment, or says that it is of the present; gain is told against the recorded run without growth at the same step only; what the records do not reach is said.
 * Source: docs/ux.md "pages: run"; docs/training.md.
 */
'use client'
import { useCallback } from 'react'
import type { RunDetail } from '../../lib/contracts/httpRuns.ts'
import { formatAge } from '../../lib/live/formatValue.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { HostCurvePanel } from '../curve/HostCurvePanel.tsx'
import { EmptyState } from '../empty/EmptyState.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { Ticking } from '../live/Ticking.tsx'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useShownMoment } from '../live/useShownMoment.ts'
import { evaluationOrigin } from '../provenance/evaluationOrigin.ts'
import { originData } from '../provenance/valueRef.ts'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { RunVitals } from '../vitals/RunVitals.tsx'
import { AlphaPanel } from './AlphaPanel.tsx'
import { BlueprintPanel } from './BlueprintPanel.tsx'
import { ComparePanel } from './ComparePanel.tsx'
import { ContributionPanel } from './ContributionPanel.tsx'
import { gainWords, lastMeasured } from './gainWords.ts'
import { GradientPanel } from './GradientPanel.tsx'
import { ParameterPanel } from './ParameterPanel.tsx'
import { RunFacts } from './RunFacts.tsx'
import { RunsPanel } from './RunsPanel.tsx'

const ASK_EVERY_MS = 2_000
/** A recorded run does not change; a live one that is compared with does. */
const ASK_OTHER_EVERY_MS = 4_000

const urlOf = (runId: string, points: number, at: number | null): string =>
  `/api/runs/${encodeURIComponent(runId)}?points=${points}${at === null ? '' : `&at=${at}`}`

export function RunPage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view', 'status', 'records', 'pause'], 500)
  const { compare, first } = usePageState()
  const { atMs, isPast } = useShownMoment()
  const at = isPast ? atMs : null
  const kept = { keepWhileChanging: true, era: isPast ? 'past' : 'present' }
  const run = session.store.run()
  const runId = run?.descriptor.run_id ?? null
  // Two runs of the recordings are compared without the one that is shown.
  const firstId = compare === null || first === compare ? runId : (first ?? runId)
  const otherId = compare === firstId ? null : compare
  // The shown curve comes with the live records; all its points are asked for only to be compared.
  const shown = useApi<RunDetail>(runId === null ? null : urlOf(runId, otherId === null ? 1 : 1_000, at), {
    everyMs: isPast ? 0 : ASK_EVERY_MS,
    ...kept,
  })
  const everyMs = isPast ? 0 : ASK_OTHER_EVERY_MS
  const ofOther = isPast ? kept : {}
  const other = useApi<RunDetail>(otherId === null ? null : urlOf(otherId, 1_000, at), { everyMs, ...ofOther })
  const chosen = useApi<RunDetail>(
    otherId === null || firstId === null || firstId === runId ? null : urlOf(firstId, 1_000, at),
    { everyMs, ...ofOther },
  )
  // What is kept while an answer to another address comes must not be shown under this run's name.
  const mine = shown.data?.run_id === runId ? shown : { ...shown, data: null }
  if (run === null)
    return (
      <PageMain title="Run">
        <EmptyState />
        <div className="run-page">
          {otherId !== null && <ComparePanel one={chosen.data} isShown={false} other={other} />}
          <RunsPanel shownId={null} />
        </div>
      </PageMain>
    )
  return (
    <PageMain title="Run">
      <div className="run-page">
        <Gain run={run} />
        {run.descriptor.origin === 'trainer' || run.curve.length > 0 ? (
          <HostCurvePanel />
        ) : (
          <Panel
            title="Did growing help?"
            className="panel-curve"
            state="empty"
            message="This publisher has told no validation of its host: whether growing helps it can not be said here."
          />
        )}
        {otherId !== null && (
          <ComparePanel one={firstId === runId ? mine.data : chosen.data} isShown={firstId === runId} other={other} />
        )}
        <ContributionPanel answer={mine} />
        <AlphaPanel run={run} moment={isPast ? atMs : null} />
        <ParameterPanel answer={mine} />
        <GradientPanel run={run} />
        <BlueprintPanel answer={mine} />
        <RunFacts run={run} detail={mine.data} />
        <RunVitals runId={run.descriptor.run_id} isPast={isPast} />
        <RunsPanel shownId={runId} />
      </div>
    </PageMain>
  )
}

function Gain({ run }: { readonly run: RunView }) {
  const { session, live } = useLive()
  const { pause } = session.store
  const limit = pause?.offset ?? Number.POSITIVE_INFINITY
  const curve = run.curve.filter((record) => record.offset <= limit)
  const { control_curve: control, seed, origin } = run.descriptor
  const gain = gainWords(curve, control, seed)
  const last = lastMeasured(curve)
  const atMs = last?.at_ms ?? null
  const shown = last === null || last === undefined ? null : originData(evaluationOrigin(last))
  const age = useCallback(
    () =>
      atMs === null
        ? 'never evaluated'
        : `evaluated ${formatAge(Math.max(0, session.client.serverNowMs() - atMs))} ago`,
    [atMs, session],
  )
  return (
    <section className="panel run-gain" aria-label="Gain" {...shown}>
      <p className={gain.points === null ? 't2' : 'gain-text'}>{gain.text}</p>
      <p className="t3 num">
        {origin === 'load-generator' && <b className="chip">GENERATED LOAD</b>}{' '}
        {pause !== null && session === live && 'Paused: '}
        <Ticking read={age} />
      </p>
    </section>
  )
}
