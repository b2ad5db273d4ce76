/*
 * Layers page: every layer of the shown run, how it is and how old that is.
 * In: the answer of /api/layers, or the moment of the past that is shown; the shown run. Out: a table; each layer leads to its page.
 * Invariant: a layer that never reported is told apart from one that is silent; a list that is cut says so.
 * Source: docs/ux.md "information architecture"; features A9, A18.
 */
'use client'
import Link from 'next/link'
import { useState } from 'react'
import type { LayerList } from '../../lib/contracts/httpApi.ts'
import { SEED_STATE_ID, SEED_STATES } from '../../lib/contracts/lifecycleTable.ts'
import { formatAge, formatCount, formatUtc, stateText } from '../../lib/live/formatValue.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'

const ASK_EVERY_MS = 2_000
const MAX_ROWS = 300

type Layer = LayerList['layers'][number]

/** The states that have seeds, most numerous first. */
function statesOf(layer: Layer): readonly (readonly [string, number])[] {
  return Object.entries(layer.states)
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1])
}

export function LayersPage() {
  const { session, live } = useLive()
  const isPast = session !== live
  // The past is told by the session that shows it, as it tells every page.
  useLiveTopic(isPast ? ['runs', 'view', 'status'] : ['runs', 'view'])
  const state = usePageState()
  const runId = session.store.run()?.descriptor.run_id ?? null
  const [search, setSearch] = useState('')
  const url = runId === null ? '/api/layers' : `/api/layers?run=${encodeURIComponent(runId)}`
  const asked = useApi<LayerList>(isPast ? null : url, { everyMs: ASK_EVERY_MS })
  const answer = isPast ? { data: session.store.status, problem: null } : asked
  const all = answer.data?.layers ?? []
  const found = all.filter((layer) => layer.layer_id.toLowerCase().includes(search.trim().toLowerCase()))
  const shown = found.slice(0, MAX_ROWS)
  return (
    <PageMain title="Layers">
      <Panel
        title="Layers"
        className="layers-panel"
        hint={
          answer.data === null
            ? ''
            : `${formatCount(all.length)}${runId === null ? '' : ` of ${runId}`}${shown.length < all.length ? `, ${formatCount(shown.length)} shown` : ''}${isPast ? `, as of ${formatUtc(session.client.serverNowMs())} UTC` : ''}`
        }
        state={
          answer.problem !== null ? 'error' : answer.data === null ? 'loading' : found.length === 0 ? 'empty' : 'ready'
        }
        message={
          answer.problem !== null
            ? `${answer.problem.text} (${answer.problem.code})${answer.data === null ? '' : ' What was known stays below.'}`
            : all.length === 0
              ? 'No layer has reported yet.'
              : `No layer is named like "${search}".`
        }
        actions={
          <input
            type="search"
            className="search"
            aria-label="Find a layer"
            placeholder="Find a layer"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        }
      >
        {shown.length > 0 && (
          <ScrollRegion label="Layers of the run" className="page-table">
            <table>
              <thead>
                <tr>
                  <th scope="col">Layer</th>
                  <th scope="col" className="num">
                    Seeds
                  </th>
                  <th scope="col" className="num">
                    Growing
                  </th>
                  <th scope="col">States</th>
                  <th scope="col">Freshness</th>
                  <th scope="col" className="num">
                    Age
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((layer) => (
                  <tr key={`${layer.run_id} ${layer.layer_id}`}>
                    <th scope="row">
                      <Link
                        href={hrefOf(PAGE_PATHS.layer(layer.layer_id), { ...state, runId: layer.run_id })}
                        prefetch={false}
                      >
                        {layer.layer_id}
                      </Link>
                    </th>
                    <td className="num">{formatCount(layer.total_seeds)}</td>
                    <td className="num">{formatCount(layer.active_seeds)}</td>
                    <td>
                      <ul className="state-counts">
                        {statesOf(layer).map(([name, count]) => {
                          const known = SEED_STATES.find((one) => one === name)
                          return (
                            <li key={name} title={known ? stateText(known) : 'unknown state'}>
                              <StateGlyph state={known ? SEED_STATE_ID[known] : 255} size={14} /> {formatCount(count)}
                              <span className="visually-hidden"> {known ? stateText(known) : 'unknown state'}</span>
                            </li>
                          )
                        })}
                      </ul>
                    </td>
                    <td className={`is-${layer.freshness}`}>{layer.freshness}</td>
                    <td className="num">{layer.age_ms === null ? '?' : formatAge(layer.age_ms)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
        )}
      </Panel>
    </PageMain>
  )
}
