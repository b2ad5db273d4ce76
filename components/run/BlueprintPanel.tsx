/*
 * Blueprint panel: how often each blueprint was tried and how its lives ended.
 * In: the answer about a run. Out: a sortable table.
 * Invariant: counts of transitions that are kept; when older ones were let go the panel says so.
 * Source: docs/training.md "blueprints"; docs/ux.md "pages: run".
 */
'use client'
import type { RunBlueprintRow, RunDetail } from '../../lib/contracts/httpRuns.ts'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { answerState } from './answerState.ts'
import { sortBy } from './sortBy.ts'
import { SortHeader, useSort } from './SortHeader.tsx'

type Key = 'blueprint_id' | 'parameters' | 'tried' | 'fossilised' | 'share' | 'culled' | 'cancelled' | 'rolled_back'

const shareOf = ({ fossilised, culled, cancelled, rolled_back }: RunBlueprintRow): number | null => {
  const ended = fossilised + culled + cancelled + rolled_back
  return ended === 0 ? null : fossilised / ended
}

function culledWhile(from: RunBlueprintRow['culled_from']): string {
  const parts = SEED_STATES.flatMap((state) => {
    const count = from[state] ?? 0
    return count === 0 ? [] : [`${stateText(state).toLowerCase()} ${count}`]
  })
  return parts.length === 0 ? '–' : parts.join(', ')
}

export function BlueprintPanel({ answer }: { readonly answer: ApiAnswer<RunDetail> }) {
  const [sort, onSort] = useSort<Key>('tried')
  const { data } = answer
  const rows = sortBy(data?.blueprints ?? [], (row) => (sort.key === 'share' ? shareOf(row) : row[sort.key]), sort.down)
  const header = { sort, onSort }
  return (
    <Panel
      title="Blueprints"
      className="run-blueprints"
      hint={
        data === null
          ? ''
          : data.complete
            ? `of all ${formatCount(data.transitions)} transitions`
            : `of the newest ${formatCount(data.transitions)} transitions; older ones were let go`
      }
      {...answerState(answer, rows.length === 0, 'This run has announced no blueprints, and no transition named one.')}
    >
      {rows.length > 0 && (
        <ScrollRegion label="Blueprints of the run" className="page-table">
          <table>
            <thead>
              <tr>
                <SortHeader name="blueprint_id" numeric={false} {...header}>
                  Blueprint
                </SortHeader>
                <SortHeader name="parameters" {...header}>
                  Parameters
                </SortHeader>
                <SortHeader name="tried" {...header}>
                  Tried
                </SortHeader>
                <SortHeader name="fossilised" {...header}>
                  Fossilised
                </SortHeader>
                <SortHeader name="share" {...header}>
                  Of ended
                </SortHeader>
                <SortHeader name="culled" {...header}>
                  Culled
                </SortHeader>
                <th scope="col">Culled while</th>
                <SortHeader name="cancelled" {...header}>
                  Cancelled
                </SortHeader>
                <SortHeader name="rolled_back" {...header}>
                  Rolled back
                </SortHeader>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => {
                const share = shareOf(row)
                return (
                  <tr key={row.blueprint_id}>
                    <th scope="row" title={row.note}>
                      {row.blueprint_id}
                    </th>
                    <td className="num">{row.parameters === null ? 'not said' : formatCount(row.parameters)}</td>
                    <td className="num">{formatCount(row.tried)}</td>
                    <td className="num">{formatCount(row.fossilised)}</td>
                    <td className="num">{share === null ? '–' : `${Math.round(share * 100)} %`}</td>
                    <td className="num">{formatCount(row.culled)}</td>
                    <td>{culledWhile(row.culled_from)}</td>
                    <td className="num">{formatCount(row.cancelled)}</td>
                    <td className="num">{formatCount(row.rolled_back)}</td>
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
