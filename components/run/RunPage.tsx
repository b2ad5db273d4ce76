/*
 * Run page: what growing did to the host, which blueprints it was done with, and what the run is.
 * In: the shown run of the session. Out: the host's curve, a table of blueprints, the facts of the run.
 * Invariant: gain is told against the recorded run without growth at the same step only; what the records do not reach is said.
 * Source: docs/ux.md "pages: run"; docs/training.md.
 */
'use client'
import { SEED_STATES } from '../../lib/contracts/lifecycle.ts'
import { formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import type { RunView } from '../../lib/live/recordLog.ts'
import { HostCurvePanel } from '../curve/HostCurvePanel.tsx'
import { EmptyState } from '../empty/EmptyState.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { countBlueprints } from './blueprintTable.ts'

export function RunPage() {
  const { session } = useLive()
  useLiveTopic(['runs', 'view', 'status', 'records', 'pause'], 500)
  const run = session.store.run()
  if (run === null)
    return (
      <PageMain title="Run">
        <EmptyState />
      </PageMain>
    )
  return (
    <PageMain title="Run">
      <div className="run-page">
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
        <Blueprints run={run} />
        <Facts run={run} />
      </div>
    </PageMain>
  )
}

function Blueprints({ run }: { readonly run: RunView }) {
  const { events } = run
  const rows = countBlueprints(events, run.descriptor.blueprints)
  const kept = events.filter((record) => record.kind === 'transition').length
  const partial = run.transitionsTotal > kept
  return (
    <Panel
      title="Blueprints"
      className="run-blueprints"
      hint={
        partial
          ? `of the newest ${formatCount(kept)} of ${formatCount(run.transitionsTotal)} transitions`
          : `of all ${formatCount(kept)} transitions`
      }
      state={rows.length === 0 ? 'empty' : 'ready'}
      message="This run has announced no blueprints, and no transition named one."
    >
      {rows.length > 0 && (
        <ScrollRegion label="Blueprints of the run" className="page-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Blueprint</th>
                <th scope="col" className="num">
                  Parameters
                </th>
                <th scope="col" className="num">
                  Tried
                </th>
                <th scope="col" className="num">
                  Fossilised
                </th>
                <th scope="col" className="num">
                  Culled
                </th>
                <th scope="col">Culled while</th>
                <th scope="col" className="num">
                  Cancelled
                </th>
                <th scope="col" className="num">
                  Rolled back
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.blueprintId}>
                  <th scope="row" title={row.note}>
                    {row.blueprintId}
                  </th>
                  <td className="num">{row.parameters === null ? 'not said' : formatCount(row.parameters)}</td>
                  <td className="num">{formatCount(row.tries)}</td>
                  <td className="num">{formatCount(row.fossilised)}</td>
                  <td className="num">{formatCount(row.culled)}</td>
                  <td>{culledWhile(row.culledFrom)}</td>
                  <td className="num">{formatCount(row.cancelled)}</td>
                  <td className="num">{formatCount(row.rolledBack)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  )
}

function culledWhile(from: Readonly<Record<string, number>>): string {
  const parts = SEED_STATES.flatMap((state) => {
    const count = from[state] ?? 0
    return count === 0 ? [] : [`${stateText(state).toLowerCase()} ${count}`]
  })
  return parts.length === 0 ? '–' : parts.join(', ')
}

function Facts({ run }: { readonly run: RunView }) {
  const { descriptor, firstSeenMs } = run
  const seeds = descriptor.layers.reduce((sum, layer) => sum + layer.seeds, 0)
  const facts: readonly (readonly [string, string])[] = [
    ['Run', descriptor.run_id],
    ['Origin', descriptor.origin.replace('-', ' ')],
    ['First seen', `${formatUtc(firstSeenMs)} UTC`],
    ['Run seed', String(descriptor.seed)],
    ['Seeds', `${formatCount(seeds)} in ${formatCount(descriptor.layers.length)} layers`],
    ['Host parameters', descriptor.host_parameters === 0 ? 'not said' : formatCount(descriptor.host_parameters)],
    ['Architecture', descriptor.architecture || 'not said'],
    ['Data set', descriptor.dataset.name || 'not said'],
    ['Samples', descriptor.dataset.samples === 0 ? 'not said' : formatCount(descriptor.dataset.samples)],
    ['Split', descriptor.dataset.split || 'not said'],
    ['Steps per tick', formatCount(descriptor.steps_per_tick)],
  ]
  return (
    <Panel title="About this run" className="run-facts">
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {descriptor.origin === 'trainer' && descriptor.control_curve !== null && (
        <p className="t2 run-caveat">
          The pale line is a recorded run of the same seed that was not allowed to grow. It is the only fair comparison
          drawn here: a static network of about the grown size, trained from the start, reached 93.4 % on the test split
          (recorded once, run seed 1), which is more than growth reaches. What this run shows is the mechanics of
          growing.
        </p>
      )}
    </Panel>
  )
}
