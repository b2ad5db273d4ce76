/*
 * Lifecycle graph: where this seed can go from here, where it can not and why, and which ways it took.
 * In: the seed's state and the edges it took. Out: an SVG of all states and edges, and the same as a list of words.
 * Invariant: an edge is legal by the table of the scheme, nothing else; a lock marks what has no way back.
 * Source: docs/ux.md "one seed"; seed-design.md 2.3.
 */
'use client'
import type { SeedDetail } from '../../lib/contracts/httpSeed.ts'
import type { SeedState } from '../../lib/contracts/lifecycle.ts'
import { LEGAL_EDGES, SEED_STATE_ID, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { formatCount, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { glyphOf } from '../heatmap/stateGlyph.ts'
import type { ApiAnswer } from '../records/useApi.ts'
import { Icon } from '../ui/Icon.tsx'
import { Panel } from '../ui/Panel.tsx'
import { isOneWay, whyNot } from './seedWords.ts'

interface Place {
  readonly x: number
  readonly y: number
}
/** Growth goes down the middle, ends stand beside it. */
const PLACES: Readonly<Record<SeedState, Place>> = {
  DORMANT: { x: 60, y: 30 },
  GERMINATED: { x: 210, y: 30 },
  TRAINING: { x: 360, y: 30 },
  GRAFTING: { x: 510, y: 30 },
  STABILIZATION: { x: 510, y: 118 },
  EVALUATING: { x: 360, y: 118 },
  FINE_TUNING: { x: 210, y: 118 },
  FOSSILIZED: { x: 60, y: 118 },
  CANCELLED: { x: 150, y: 206 },
  CULLED: { x: 300, y: 206 },
  ROLLED_BACK: { x: 450, y: 206 },
}
const WIDTH = 108
const HEIGHT = 34

/** Where the line from a box's middle towards `to` leaves the box. */
function rim(from: Place, to: Place): Place {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : (WIDTH / 2 + 3) / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : (HEIGHT / 2 + 3) / Math.abs(dy),
  )
  return { x: from.x + dx * scale, y: from.y + dy * scale }
}

const EDGES = SEED_STATES.flatMap((from) => LEGAL_EDGES[from].map((to) => ({ from, to })))

export function LifecycleGraph({ answer }: { readonly answer: ApiAnswer<SeedDetail> }) {
  const { data } = answer
  const current = data === null || data.state === 'UNKNOWN' || data.freshness === 'never' ? null : data.state
  const taken = new Map((data?.edges ?? []).map((edge) => [`${edge.from_state}>${edge.to_state}`, edge]))
  const illegal = (data?.edges ?? []).filter((edge) => !edge.legal)
  return (
    <Panel
      title="Lifecycle"
      className="seed-graph"
      state={data === null ? 'loading' : 'ready'}
      hint={
        current === null
          ? 'its state is not known'
          : `${LEGAL_EDGES[current].length} ways on from ${stateText(current).toLowerCase()}`
      }
    >
      <svg className="graph" viewBox="0 0 570 236" aria-hidden="true">
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8Z" />
          </marker>
          <marker id="tip-next" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0 8 4 0 8Z" />
          </marker>
        </defs>
        {EDGES.map(({ from, to }) => {
          const a = rim(PLACES[from], PLACES[to])
          const b = rim(PLACES[to], PLACES[from])
          const count = taken.get(`${from}>${to}`)?.count ?? 0
          const next = from === current
          const className = `edge${next ? ' next' : ''}${count > 0 ? ' taken' : ''}`
          return (
            <g key={`${from}>${to}`} className={className}>
              <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} markerEnd={next ? 'url(#tip-next)' : 'url(#tip)'} />
            </g>
          )
        })}
        {EDGES.map(({ from, to }) => {
          const count = taken.get(`${from}>${to}`)?.count ?? 0
          const a = rim(PLACES[from], PLACES[to])
          const b = rim(PLACES[to], PLACES[from])
          const [x, y] = [a.x + (b.x - a.x) * 0.5, a.y + (b.y - a.y) * 0.5]
          return count === 0 ? null : (
            <g key={`${from}>${to}`} className="edge-count">
              <rect x={x - 9} y={y - 7.5} width={18} height={15} rx={3} />
              <text x={x} y={y + 4}>
                {count > 999 ? '999+' : count}
              </text>
            </g>
          )
        })}
        {SEED_STATES.map((state) => {
          const { x, y } = PLACES[state]
          const next = current !== null && LEGAL_EDGES[current].includes(state)
          const glyph = glyphOf(SEED_STATE_ID[state])
          const className = `node fam-${glyph.family}${state === current ? ' current' : ''}${next ? ' next' : ''}`
          return (
            <g key={state} className={className}>
              <rect x={x - WIDTH / 2} y={y - HEIGHT / 2} width={WIDTH} height={HEIGHT} rx={4} />
              <g className={`glyph fam-${glyph.family}`} transform={`translate(${x - WIDTH / 2 + 8} ${y - 7})`}>
                {glyph.paths.map((path) => (
                  <path
                    key={path.d}
                    d={path.d}
                    className={path.stroke === 0 ? 'f' : 's'}
                    strokeWidth={path.stroke || 0.8}
                  />
                ))}
              </g>
              <text x={x - WIDTH / 2 + 29} y={y + 4}>
                {stateText(state)}
              </text>
            </g>
          )
        })}
      </svg>
      {illegal.length > 0 && (
        <p className="panel-note tone-warn">
          <Icon name="warning" />
          <span>
            Edges that are not in the scheme were reported:{' '}
            {illegal
              .map((edge) =>
                `${stateText(edge.from_state)} to ${stateText(edge.to_state)} (${edge.count})`.toLowerCase(),
              )
              .join(', ')}
            .
          </span>
        </p>
      )}
      {current !== null && <Ways current={current} taken={(to) => taken.get(`${current}>${to}`)?.count ?? 0} />}
    </Panel>
  )
}

function Ways({ current, taken }: { readonly current: SeedState; readonly taken: (to: SeedState) => number }) {
  const legal = LEGAL_EDGES[current]
  const others = SEED_STATES.filter((state) => state !== current && !legal.includes(state))
  return (
    <ul className="ways" aria-label={`From ${stateText(current)}`}>
      {legal.map((to) => (
        <li key={to}>
          <StateGlyph state={SEED_STATE_ID[to]} />
          <b>{stateText(to)}</b>
          {isOneWay(current, to) && (
            <span className="lock">
              <Lock /> no way back
            </span>
          )}
          <span className="grow" />
          <span className="t2">
            {taken(to) === 0 ? 'not taken here yet' : `taken ${formatCount(taken(to))} times here`}
          </span>
        </li>
      ))}
      {legal.length === 0 && (
        <li>
          <Lock /> <b>Permanent.</b> <span className="t2">Nothing leads on from here.</span>
        </li>
      )}
      {others.map((to) => (
        <li key={to} className="not">
          <StateGlyph state={SEED_STATE_ID[to]} />
          <span>{stateText(to)}</span>
          <span className="grow" />
          <span className="t3">{whyNot(current, to)}</span>
        </li>
      ))}
    </ul>
  )
}

function Lock() {
  return (
    <svg
      className="icon"
      width={12}
      height={12}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      aria-hidden="true"
    >
      <path d="M3.5 7.5h9v6.5h-9ZM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5" />
    </svg>
  )
}
