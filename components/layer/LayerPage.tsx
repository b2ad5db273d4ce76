/*
 * Layer page: every seed of one layer as a row: state, the chosen metric, how unusual it is, its age.
 * In: the layer of the path, the metric of the page state. Out: a sortable table; each row leads to its seed.
 * Invariant: rows do not change places while one is hovered or focused; only the rows in sight are in the page, each
 * with its place among all of them; none is left out.
 * Source: docs/ux.md "information architecture"; features A6, A9, A17, A18.
 */
'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import Link from 'next/link'
import { useEffect, useRef, useState } from 'react'
import type { LayerDetail } from '../../lib/contracts/httpApi.ts'
import { SEED_STATE_ID } from '../../lib/contracts/lifecycle.ts'
import { formatAge, formatCount, formatMetric, stateText, unitText } from '../../lib/live/formatValue.ts'
import { colourable, defaultMetric } from '../heatmap/metricChoice.ts'
import { StateGlyph } from '../heatmap/StateGlyph.tsx'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { SeedValue } from '../provenance/SeedValue.tsx'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { sortRows, toRows, type LayerRow, type SortKey } from './layerRows.ts'

const ASK_EVERY_MS = 1_000
/** A large layer is several hundred kilobytes of JSON. */
const ASK_LARGE_EVERY_MS = 5_000
const LARGE = 2_000
const ROW_PX = 27
/** Rows beyond the edge, so that a key or a fast wheel never meets an empty place. */
const OVERSCAN = 12

export function LayerPage({ layerId }: { readonly layerId: string }) {
  const { session, page } = useLive()
  useLiveTopic(['runs', 'view'])
  const state = usePageState()
  const run = session.store.run()
  const [sort, setSort] = useState<{ readonly key: SortKey; readonly down: boolean }>({ key: 'seed', down: false })
  const seeds = run?.descriptor.layers.find((layer) => layer.layer_id === layerId)?.seeds ?? 0
  const query = run === null ? '' : `?run=${encodeURIComponent(run.descriptor.run_id)}`
  const answer = useApi<LayerDetail>(`/api/layers/${encodeURIComponent(layerId)}${query}`, {
    everyMs: seeds > LARGE ? ASK_LARGE_EVERY_MS : ASK_EVERY_MS,
  })
  const { data, problem } = answer
  const columns = run?.descriptor.seed_columns ?? []
  const metric = columns.find((column) => column.name === (state.metric ?? defaultMetric(columns)))
  const rows = data === null || metric === undefined ? [] : sortRows(toRows(data, metric.name), sort.key, sort.down)
  const held = useHeldOrder(rows)
  const region = useRef<HTMLElement>(null)
  // It says itself when to draw again; what it answers is used here only and never memoized.
  // oxlint-disable-next-line react/incompatible-library
  const virtual = useVirtualizer({
    count: held.rows.length,
    getScrollElement: () => region.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
  })
  const items = virtual.getVirtualItems()
  const above = items[0]?.start ?? 0
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0)
  const unknown = problem?.status === 404

  const header = (key: SortKey, label: string, numeric: boolean) => (
    <th
      scope="col"
      {...(numeric ? { className: 'num' } : {})}
      aria-sort={sort.key === key ? (sort.down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="link"
        onClick={() => {
          held.release()
          setSort({ key, down: sort.key === key ? !sort.down : key !== 'seed' })
        }}
      >
        {label}
        {sort.key === key ? (sort.down ? ' ↓' : ' ↑') : ''}
      </button>
    </th>
  )
  return (
    <PageMain title={layerId}>
      <Panel
        title={layerId}
        className="layers-panel"
        hint={
          data === null
            ? ''
            : `${formatCount(data.total_seeds)} seeds, ${data.freshness}${data.age_ms === null ? '' : `, ${formatAge(data.age_ms)} old`}, run ${data.run_id}${data.origin === 'load-generator' ? ', GENERATED LOAD' : ''}`
        }
        state={unknown ? 'empty' : problem !== null ? 'error' : data === null ? 'loading' : 'ready'}
        message={
          unknown
            ? `No layer named ${layerId} has been announced. It may belong to another run, or to one that was let go.`
            : problem === null
              ? ''
              : `${problem.text} (${problem.code})${data === null ? '' : ' What was known stays below.'}`
        }
        actions={
          columns.length > 0 && (
            <select
              aria-label="Metric"
              value={metric?.name ?? ''}
              onChange={(event) => page.set({ metric: event.target.value })}
            >
              {colourable(columns).map((column) => (
                <option key={column.name} value={column.name}>
                  {column.label}
                </option>
              ))}
            </select>
          )
        }
      >
        {held.rows.length > 0 && metric !== undefined && (
          <ScrollRegion
            ref={region}
            label={`Seeds of ${layerId}`}
            className="page-table"
            onPointerEnter={held.hold}
            onPointerLeave={held.release}
            onFocus={held.hold}
            onBlur={held.release}
          >
            <table aria-rowcount={held.rows.length + 1}>
              <thead>
                <tr aria-rowindex={1}>
                  {header('seed', 'Seed', false)}
                  {header('state', 'State', false)}
                  {header('value', metric.label, true)}
                  {header('z', 'Beside its siblings', true)}
                  {header('ticks', 'Ticks in state', true)}
                  <th scope="col" className="num">
                    Generation
                  </th>
                  <th scope="col" className="num">
                    Age
                  </th>
                </tr>
              </thead>
              <tbody>
                <Spacer height={above} />
                {items.map(({ index }) => {
                  const row = held.rows[index]
                  if (row === undefined) return null
                  const selected = state.selection?.layerId === layerId && state.selection.seedId === row.seedId
                  const unit = unitText(metric)
                  const text = formatMetric(row.value, metric)
                  return (
                    <tr
                      key={row.seedId}
                      ref={virtual.measureElement}
                      data-index={index}
                      aria-rowindex={index + 2}
                      className={selected ? 'is-selected' : ''}
                    >
                      <th scope="row">
                        <Link
                          href={hrefOf(PAGE_PATHS.seed({ layerId, seedId: row.seedId }), {
                            ...state,
                            selection: { layerId, seedId: row.seedId },
                          })}
                          prefetch={false}
                        >
                          {row.seedId}
                        </Link>
                      </th>
                      <td>
                        <StateGlyph state={row.state === 'UNKNOWN' ? 255 : SEED_STATE_ID[row.state]} size={14} />{' '}
                        {row.state === 'UNKNOWN' ? 'Unknown' : stateText(row.state)}
                      </td>
                      <td className="num">
                        {row.value === null ? (
                          'unmeasured'
                        ) : (
                          <SeedValue seed={{ layerId, seedId: row.seedId }} metric={metric.name} label={metric.label}>
                            {text}
                            {text.endsWith(unit) ? '' : ` ${unit}`}
                          </SeedValue>
                        )}
                      </td>
                      <td className="num" title={scoreWords(row)}>
                        {row.z === null ? '–' : `${row.z < 0 ? '−' : '+'}${Math.abs(row.z).toFixed(1)}`}
                      </td>
                      <td className="num">{row.ticks === null ? '–' : formatCount(row.ticks)}</td>
                      <td className="num">{row.generation === null ? '–' : formatCount(row.generation)}</td>
                      <td className="num">{row.ageMs === null ? 'never' : formatAge(row.ageMs)}</td>
                    </tr>
                  )
                })}
                <Spacer height={below} />
              </tbody>
            </table>
          </ScrollRegion>
        )}
      </Panel>
    </PageMain>
  )
}

/** Stands for the rows out of sight. */
function Spacer({ height }: { readonly height: number }) {
  return height > 0 ? <tr aria-hidden="true" className="page-spacer" style={{ height }} /> : null
}

function scoreWords(row: LayerRow): string {
  if (row.z === null) return 'No score: too few seeds are measured, or all of them agree.'
  const side = row.z < 0 ? 'below' : 'above'
  return `${Math.abs(row.z).toFixed(1)} robust deviations ${side} the median of the layer (median absolute deviation).`
}

/** Keeps the order of the rows, not their values, while somebody points at or stands in the table. */
function useHeldOrder(rows: readonly LayerRow[]): {
  readonly rows: readonly LayerRow[]
  readonly hold: () => void
  readonly release: () => void
} {
  const [order, setOrder] = useState<readonly number[] | null>(null)
  const latest = useRef(rows)
  useEffect(() => {
    latest.current = rows
  })
  const bySeed = order === null ? null : new Map(rows.map((row) => [row.seedId, row]))
  const kept = order?.flatMap((seedId) => bySeed?.get(seedId) ?? []) ?? rows
  return {
    rows: kept.length === rows.length ? kept : rows,
    hold: () => setOrder((before) => before ?? latest.current.map((row) => row.seedId)),
    release: () => setOrder(null),
  }
}
