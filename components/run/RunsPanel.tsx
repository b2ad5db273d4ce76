/*
 * Runs panel: every run that can be looked at or compared with, live and recorded, and how full the recordings are.
 * In: the list of runs. Out: a table; one run at a time is compared with, by the shown one or by another of the list.
 * Invariant: generated and foreign runs are labelled in every row; what was removed or could not be written is said.
 * Source: features A14; docs/protocol.md "runs and recordings".
 */
'use client'
import type { RunList } from '../../lib/contracts/httpRuns.ts'
import { formatAge, formatCount, formatPercent } from '../../lib/live/formatValue.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { answerState } from './answerState.ts'
import { keptWords, originWords } from './keepingWords.ts'

const ASK_EVERY_MS = 10_000

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0)} MiB`

function folderWords({ recordings }: RunList): string {
  const { count, max_count, bytes, max_bytes, removed, dropped } = recordings
  const lost = [
    ...(removed > 0 ? [`${formatCount(removed)} of the oldest made room`] : []),
    ...(dropped > 0 ? [`${formatCount(dropped)} notes could not be written`] : []),
  ]
  return `${formatCount(count)} of ${formatCount(max_count)} recordings, ${megabytes(bytes)} of ${megabytes(max_bytes)}${lost.length > 0 ? `; since the start ${lost.join(', ')}` : ''}`
}

export function RunsPanel({ shownId }: { readonly shownId: string | null }) {
  const { page, session, live } = useLive()
  const { compare, first } = usePageState()
  const answer = useApi<RunList>('/api/runs', { everyMs: ASK_EVERY_MS })
  const { data } = answer
  const nowMs = live.client.serverNowMs()
  const told = answerState(answer, data?.runs.length === 0, 'No run is live and none was recorded yet.')
  return (
    <Panel
      title="Runs to compare with"
      className="run-list"
      hint={data === null ? '' : `${session === live ? '' : 'of the present: '}${folderWords(data)}`}
      {...told}
      {...(data?.recordings.problem == null || answer.problem !== null
        ? {}
        : { state: 'error' as const, message: data.recordings.problem })}
    >
      {data !== null && data.runs.length > 0 && (
        <ScrollRegion label="Live and recorded runs" className="page-table">
          <table>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Origin</th>
                <th scope="col">Kept</th>
                <th scope="col" className="num">
                  Step
                </th>
                <th scope="col" className="num">
                  Accuracy
                </th>
                <th scope="col" className="num">
                  Run seed
                </th>
                <th scope="col" className="num">
                  Seeds
                </th>
                <th scope="col" className="num">
                  Pictures
                </th>
                <th scope="col" className="num">
                  Newest
                </th>
                <th scope="col">Compare</th>
              </tr>
            </thead>
            <tbody>
              {data.runs.map((run) => {
                const isShown = run.run_id === shownId
                const isOn = run.run_id === compare
                const isFirst = compare !== null && run.run_id === first
                return (
                  <tr key={`${run.run_id} ${run.title}`} className={isOn || isFirst ? 'is-selected' : ''}>
                    <th scope="row" title={run.title}>
                      {run.run_id}
                    </th>
                    <td>{originWords(run.origin)}</td>
                    <td title={run.problem ?? ''}>
                      {keptWords(run.keeping)}
                      {run.problem === null ? '' : ' ⚠'}
                      {run.problem !== null && <span className="visually-hidden">{run.problem}</span>}
                    </td>
                    <td className="num">{run.step === null ? '–' : formatCount(run.step)}</td>
                    <td className="num">{formatPercent(run.val_accuracy)}</td>
                    <td className="num">{run.seed ?? '–'}</td>
                    <td className="num">{run.seeds === null ? '–' : formatCount(run.seeds)}</td>
                    <td className="num">{formatCount(run.pictures)}</td>
                    <td className="num">
                      {run.newest_ms === null ? 'never' : `${formatAge(Math.max(0, nowMs - run.newest_ms))} ago`}
                    </td>
                    <td>
                      {isShown ? (
                        <span className="t3">shown</span>
                      ) : run.keeping === 'damaged' ? (
                        <span className="t3">not possible</span>
                      ) : (
                        <button
                          type="button"
                          aria-pressed={isOn}
                          aria-label={`Compare with ${run.run_id}`}
                          onClick={() => page.set({ compare: isOn ? null : run.run_id, first: null })}
                        >
                          {isOn ? 'Compared' : 'Compare'}
                        </button>
                      )}
                      {compare !== null && !isOn && !isShown && run.keeping !== 'damaged' && (
                        <button
                          type="button"
                          className="quiet"
                          aria-pressed={isFirst}
                          aria-label={`Compare ${run.run_id} with ${compare}, in place of the shown run`}
                          title="In place of the shown run"
                          onClick={() => page.set({ first: isFirst ? null : run.run_id })}
                        >
                          with it
                        </button>
                      )}
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </ScrollRegion>
      )}
    </Panel>
  )
}
