/*
 * DwellPanel: how long seeds stayed in each state, and which have been in theirs longer than 95 of 100 did.
 * In: stays of the window, counted on the server. Out: a table with a small distribution per state; the stuck seeds to pick.
 * Invariant: a state nobody left in the window has no percentile, and says so; what is stuck is measured against the same window.
 * Source: docs/ux.md "lifecycle river".
 */
'use client'
import type { ReplayDwell } from '../../lib/contracts/httpLanes.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { formatAge, formatCount, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { clearPicked, pickSeeds } from '../ops/selectionStore.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'

const BAR_PX = 6
const HEIGHT_PX = 22

export function DwellPanel({ dwell }: { readonly dwell: ReplayDwell }) {
  const { say } = useShell()
  const rows = dwell.states.filter((row) => row.ended > 0 || row.inside > 0)
  const pick = (row: ReplayDwell['states'][number]): void => {
    clearPicked()
    pickSeeds(
      row.seeds.map(({ layer_id: layerId, seed_id: seedId }) => ({ layerId, seedIds: [seedId] })),
      'add',
    )
    say(`Picked ${formatCount(row.seeds.length)} seeds that stay ${stateText(row.state).toLowerCase()} unusually long`)
  }
  if (rows.length === 0) return <p className="panel-note t2">No stay in a state is known in this stretch.</p>
  return (
    <ScrollRegion className="latency-scroll timeline-scroll" label="How long seeds stay in each state">
      <table>
        <caption className="visually-hidden">Time in each state</caption>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col" className="num">
              Ended
            </th>
            <th scope="col">Distribution</th>
            <th scope="col" className="num">
              Half left by
            </th>
            <th scope="col" className="num">
              95 of 100 by
            </th>
            <th scope="col" className="num">
              Longest
            </th>
            <th scope="col" className="num">
              Inside
            </th>
            <th scope="col">Longer than that</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.state}>
              <th scope="row">
                <StateGlyph state={SEED_STATE_ID[row.state as SeedState] ?? 255} size={12} /> {stateText(row.state)}
              </th>
              <td className="num">{formatCount(row.ended)}</td>
              <td>
                <Bars classes={row.classes} bounds={dwell.bounds_ms} />
              </td>
              <td className="num">{lengthText(row.p50_ms)}</td>
              <td className="num">{lengthText(row.p95_ms)}</td>
              <td className="num">{lengthText(row.longest_ms)}</td>
              <td className="num">{formatCount(row.inside)}</td>
              <td>
                {row.p95_ms === null ? (
                  <span className="t3">not known</span>
                ) : row.stuck === 0 ? (
                  <span className="t3">none</span>
                ) : (
                  <button type="button" className="link" onClick={() => pick(row)}>
                    pick {formatCount(row.stuck)}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}

const lengthText = (ms: number | null): string => (ms === null ? '–' : formatAge(ms))

/** One bar per class of length; the words say where most of them lie. */
function Bars({ classes, bounds }: { readonly classes: readonly number[]; readonly bounds: readonly number[] }) {
  const most = Math.max(...classes, 0)
  if (most === 0) return <span className="t3">no stay ended</span>
  const at = classes.indexOf(most)
  const upTo = bounds[at]
  const words =
    upTo === undefined ? `most longer than ${formatAge(bounds.at(-1) ?? 0)}` : `most up to ${formatAge(upTo)}`
  return (
    <svg width={classes.length * BAR_PX} height={HEIGHT_PX} role="img" aria-label={words}>
      <title>{words}</title>
      {classes.map((count, index) => {
        const tall = count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT_PX)
        return (
          // Classes are fixed and in order.
          // oxlint-disable-next-line react/no-array-index-key
          <rect
            key={index}
            className="dwell-bar"
            x={index * BAR_PX}
            y={HEIGHT_PX - tall}
            width={BAR_PX - 1}
            height={tall}
          />
        )
      })}
    </svg>
  )
}
