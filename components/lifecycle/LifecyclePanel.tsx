/*
 * Lifecycle panel: how many seeds are in each state now, and how ended lives went.
 * In: state columns (exact), transitions received. Out: counts with glyphs, a tally of lives.
 * Invariant: counts come from the picture, never from summing events; before anything reported they read "?".
 * Source: features A4; docs/ux.md 'pages: live'.
 */
'use client'
import { SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { formatCount, formatUtc } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { stateLabel } from '../heatmap/stateGlyph.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { summarizeAges } from '../../lib/live/staleness.ts'
import { layerAges } from '../live/layerAges.ts'
import { useLiveTopic, useTickKey } from '../live/useLiveTopic.ts'
import { countStates } from './countStates.ts'
import { tallyLives } from './tallyLives.ts'

/** Read from the left: what runs, what ended. */
const ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const

export function LifecyclePanel() {
  const { session } = useLive()
  useLiveTopic(['frames', 'records', 'pause'], 500)
  useTickKey(() => summarizeAges(layerAges(session)).worst)
  const run = session.store.run()
  if (!run) return null
  const counts = countStates(session.store.mirrors())
  const events = session.store.events()
  const lives = tallyLives(events)
  const known = counts.reported > 0
  const { worst } = summarizeAges(layerAges(session))
  const old = worst === 'stale' || worst === 'silent'
  const newestMs = Math.max(0, ...session.store.mirrors().map((mirror) => mirror.ingestMs))
  const partial = run.transitionsTotal > events.filter((record) => record.kind === 'transition').length
  return (
    <section className="panel panel-lifecycle" aria-labelledby="lifecycle">
      <div className="panel-head">
        <h2 id="lifecycle" tabIndex={-1}>
          Lifecycle
        </h2>
        <span className="sub">
          {old && newestMs > 0 ? <b className="old-words">as of {formatUtc(newestMs)} UTC. </b> : null}
          {lives.ended === 0
            ? 'no life has ended yet'
            : `${formatCount(lives.ended)} lives ended${partial ? ' (of those listed)' : ''}: ${formatCount(lives.kept)} kept, ${formatCount(lives.culled)} culled${lives.rolledBack > 0 ? `, ${formatCount(lives.rolledBack)} rolled back` : ''}${lives.cancelled > 0 ? `, ${formatCount(lives.cancelled)} cancelled` : ''}`}
        </span>
      </div>
      <ul className={`counts${old ? ' is-old' : ''}${counts.total > 9_999 ? ' is-many' : ''}`}>
        {ORDER.map((id) => {
          const count = counts.byState[id] ?? 0
          return (
            <li key={id} className={count === 0 ? 'zero' : ''} data-state={SEED_STATES[id]}>
              <StateGlyph state={id} size={16} />
              <b>{known ? formatCount(count) : '?'}</b>
              <span title={stateLabel(id)}>{stateLabel(id).toLowerCase()}</span>
            </li>
          )
        })}
        <li className={counts.unknown + counts.never === 0 ? 'zero' : ''}>
          <StateGlyph state={255} size={16} />
          <b>{known ? formatCount(counts.unknown + counts.never) : '?'}</b>
          <span>unknown</span>
        </li>
      </ul>
    </section>
  )
}
