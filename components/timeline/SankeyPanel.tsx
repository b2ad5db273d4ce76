/*
 * SankeyPanel: from which states to which, how many seeds went in the window; a ribbon picks its seeds.
 * In: transitions counted one by one. Out: ribbons to press, by pointer or keyboard; the same as a table with blueprints.
 * Invariant: a ribbon says its count and how many of its seeds are named; what is picked is the choice every page shares.
 * Source: docs/ux.md "lifecycle river".
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { ReplayFlow } from '../../lib/contracts/httpReplay.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycleTable.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import { glyphOf } from '../heatmap/stateGlyph.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { hrefOf } from '../live/pageLinks.ts'
import { usePageState } from '../live/useLiveTopic.ts'
import { clearPicked, pickSeeds, useSelection } from '../ops/selectionStore.ts'
import { useShell } from '../shell/ShellContext.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { layoutSankey, ribbonPath, sumTransitions, type SankeyNode, type SankeyRibbon } from './sankey.ts'

const WIDTH = 640
const NODE_PX = 10
const LABEL_PX = 138

const byteOf = (state: string): number => SEED_STATE_ID[state as SeedState] ?? 255
type Group = Pick<SankeyRibbon, 'from' | 'to' | 'n' | 'blueprints' | 'seeds'>

const ribbonWords = ({ from, to, n }: Group): string =>
  `${formatCount(n)} from ${stateText(from).toLowerCase()} to ${stateText(to).toLowerCase()}`
const blueprintWords = ({ blueprints }: Group): string =>
  blueprints.map(({ blueprint, n }) => `${blueprint} ${formatCount(n)}`).join(', ')

export function SankeyPanel({ flow, table }: { readonly flow: ReplayFlow; readonly table: boolean }) {
  const { say } = useShell()
  const state = usePageState()
  const picked = useSelection()
  const [pointed, setPointed] = useState<Group | null>(null)
  const pick = (group: Group): void => {
    clearPicked()
    const byLayer = Map.groupBy(group.seeds, (seed) => seed.layerId)
    pickSeeds(
      [...byLayer].map(([layerId, seeds]) => ({ layerId, seedIds: seeds.map((seed) => seed.seedId) })),
      'add',
    )
    const more = group.n > group.seeds.length ? ` (${formatCount(group.seeds.length)} different seeds are named)` : ''
    say(`Picked the seeds of ${ribbonWords(group)}${more}`)
  }
  if (flow.transitions.length === 0)
    return <p className="panel-note t2">No seed changed its state in this stretch. A longer one may show some.</p>
  return (
    <>
      {table ? <SankeyTable flow={flow} onPick={pick} /> : <Picture flow={flow} onPick={pick} onPoint={setPointed} />}
      <p className="timeline-reading t2">
        {pointed === null
          ? `${formatCount(flow.transitions.reduce((sum, one) => sum + one.n, 0))} transitions. A ribbon picks its seeds.`
          : `${ribbonWords(pointed)}: ${blueprintWords(pointed)}`}
        {picked.count > 0 && (
          <>
            {' '}
            <Link href={hrefOf('/commands', state)} prefetch={false}>
              {formatCount(picked.count)} picked: to the commands
            </Link>
          </>
        )}
      </p>
    </>
  )
}

interface ActProps {
  readonly flow: ReplayFlow
  readonly onPick: (group: Group) => void
}

function Picture({ flow, onPick, onPoint }: ActProps & { readonly onPoint: (group: Group | null) => void }) {
  const height = 300
  const { left, right, ribbons } = layoutSankey(flow.transitions, height)
  const [x0, x1] = [LABEL_PX + NODE_PX, WIDTH - LABEL_PX - NODE_PX]
  return (
    <fieldset className="sankey" aria-label="Transitions in this stretch">
      <svg viewBox={`0 -8 ${WIDTH} ${height + 16}`}>
        {ribbons.map((ribbon) => (
          <g
            key={`${ribbon.from} ${ribbon.to}`}
            // An outline is no element a button could be.
            // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
            role="button"
            tabIndex={0}
            className={`ribbon family-${glyphOf(byteOf(ribbon.to)).family}`}
            aria-label={`Pick the seeds of ${ribbonWords(ribbon)}`}
            onClick={() => onPick(ribbon)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return
              event.preventDefault()
              onPick(ribbon)
            }}
            onPointerEnter={() => onPoint(ribbon)}
            onPointerLeave={() => onPoint(null)}
            onFocus={() => onPoint(ribbon)}
            onBlur={() => onPoint(null)}
          >
            <path d={ribbonPath(ribbon, x0, x1)} />
          </g>
        ))}
        {left.map((node) => (
          <Node key={node.state} node={node} x={LABEL_PX} isLeft />
        ))}
        {right.map((node) => (
          <Node key={node.state} node={node} x={WIDTH - LABEL_PX - NODE_PX} isLeft={false} />
        ))}
      </svg>
    </fieldset>
  )
}

function Node({ node, x, isLeft }: { readonly node: SankeyNode; readonly x: number; readonly isLeft: boolean }) {
  return (
    <g className={`sankey-node family-${glyphOf(byteOf(node.state)).family}`}>
      <rect x={x} y={node.y} width={NODE_PX} height={node.height} />
      <text
        x={isLeft ? x - 8 : x + NODE_PX + 8}
        y={node.y + node.height / 2}
        dominantBaseline="middle"
        textAnchor={isLeft ? 'end' : 'start'}
      >
        {stateText(node.state)} {formatCount(node.n)}
      </text>
    </g>
  )
}

function SankeyTable({ flow, onPick }: ActProps) {
  return (
    <ScrollRegion className="latency-scroll timeline-scroll" label="Transitions, as a table">
      <table>
        <caption className="visually-hidden">Transitions in this stretch</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col" className="num">
              Transitions
            </th>
            <th scope="col">Blueprints</th>
            <th scope="col">Seeds</th>
          </tr>
        </thead>
        <tbody>
          {sumTransitions(flow.transitions).map((group) => (
            <tr key={`${group.from} ${group.to}`}>
              <td>
                <StateGlyph state={byteOf(group.from)} size={12} /> {stateText(group.from)}
              </td>
              <td>
                <StateGlyph state={byteOf(group.to)} size={12} /> {stateText(group.to)}
              </td>
              <td className="num">{formatCount(group.n)}</td>
              <td>{blueprintWords(group)}</td>
              <td>
                <button type="button" className="link" onClick={() => onPick(group)}>
                  pick {formatCount(group.seeds.length)}
                  <span className="visually-hidden"> seeds of {ribbonWords(group)}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
