/*
 * Table twin of the heatmap: the same scene as a real table, paged, in layer order or worst first.
 * In: the scene, twice a second. Out: rows with state, activity, value and age.
 * Invariant: rows do not change places while the pointer or the focus is on them.
 * Source: docs/ux.md "accessibility"; features A11, H5.
 */
'use client'
import { useState } from 'react'
import { formatAge, formatCount, formatMetric, UNKNOWN_TEXT, unitText } from '../../lib/live/formatValue.ts'
import { formatChange } from '../../lib/live/formatDelta.ts'
import { ScrollRegion } from '../ui/ScrollRegion.tsx'
import { useHoldStill } from '../ui/useHoldStill.ts'
import { useRovingList } from '../ui/useRovingList.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { layerAges } from '../live/layerAges.ts'
import { useLiveTopic, usePageState, useTickKey } from '../live/useLiveTopic.ts'
import { buildScene } from './buildScene.ts'
import {
  activityText,
  ageOfSeed,
  changeOf,
  columnOf,
  valueOf,
  type HeatmapScene,
  type SceneBase,
} from './heatmapScene.ts'
import { listRows, worstRows, type SeedRow } from './seedRows.ts'
import { StateGlyph } from './StateGlyph.tsx'
import { stateLabel } from './stateGlyph.ts'

const PAGE_ROWS = 100

export function HeatmapTable({ limit, base }: { readonly limit?: number; readonly base: SceneBase | null }) {
  const { session, page } = useLive()
  const pageState = usePageState()
  useLiveTopic(['frames', 'status', 'view', 'pause'], 500)
  // Ages grow while nothing arrives.
  useTickKey(() =>
    layerAges(session)
      .map((age) => `${age.freshness} ${Math.floor((age.ageMs ?? 0) / 1_000)}`)
      .join(),
  )
  const [sort, setSort] = useState<'layer' | 'worst'>(limit === undefined ? 'layer' : 'worst')
  const [offset, setOffset] = useState(0)
  const [held, setHeld] = useState<readonly SeedRow[] | null>(null)
  const scene = buildScene(session, pageState, { cursor: null, hover: null }, base)
  const total = scene?.layers.reduce((sum, layer) => sum + layer.mirror.rows, 0) ?? 0
  const pageSize = limit ?? PAGE_ROWS
  const first = Math.min(offset, Math.max(0, total - 1))
  const roving = useRovingList(sort === 'worst' ? Math.min(pageSize, total) : Math.min(pageSize, total - first))
  const fresh = !scene ? [] : sort === 'worst' ? worstRows(scene, pageSize) : listRows(scene, first, pageSize)
  const rows = sort === 'worst' && held ? held : fresh
  const still = useHoldStill(
    () => setHeld((old) => old ?? rows),
    () => setHeld(null),
  )
  if (!scene) return null
  const unit = unitText(scene.metric)

  return (
    <div className="table-twin" {...still}>
      {limit === undefined && (
        <div className="table-tools">
          <label>
            Order{' '}
            <select value={sort} onChange={(event) => setSort(event.target.value === 'worst' ? 'worst' : 'layer')}>
              <option value="layer">by layer</option>
              <option value="worst">worst first</option>
            </select>
          </label>
          <span className="t2">
            {sort === 'worst'
              ? `${formatCount(rows.length)} worst of ${formatCount(total)} seeds`
              : `seeds ${formatCount(first + 1)} to ${formatCount(first + rows.length)} of ${formatCount(total)}`}
          </span>
          {sort === 'layer' && total > pageSize && (
            <span className="pager">
              <button type="button" disabled={first === 0} onClick={() => setOffset(Math.max(0, first - pageSize))}>
                Previous
              </button>
              <button type="button" disabled={first + pageSize >= total} onClick={() => setOffset(first + pageSize)}>
                Next
              </button>
            </span>
          )}
        </div>
      )}
      <ScrollRegion className="table-scroll" label="Seeds, scrollable">
        <table>
          <caption className="visually-hidden">
            Seeds of {scene.descriptor.title}, {scene.metric.label}
          </caption>
          <thead>
            <tr>
              <th scope="col">Seed</th>
              <th scope="col">State</th>
              <th scope="col" className="wide">
                Doing
              </th>
              <th scope="col" className="num">
                {scene.metric.label}
                {unit === '' ? '' : `, ${unit}`}
              </th>
              {scene.base !== null && (
                <th scope="col" className="num">
                  Change
                </th>
              )}
              <th scope="col" className="num wide">
                Ticks
              </th>
              <th scope="col" className="num">
                Age
              </th>
            </tr>
          </thead>
          <tbody {...roving.list}>
            {rows.map((row, index) => (
              <Row
                key={`${row.layer}/${row.row}`}
                scene={scene}
                at={row}
                tabIndex={roving.tabIndex(index)}
                onOpen={(layerId, seedId) => page.set({ selection: { layerId, seedId }, inspector: true })}
              />
            ))}
          </tbody>
        </table>
      </ScrollRegion>
    </div>
  )
}

function Row({
  scene,
  at,
  tabIndex,
  onOpen,
}: {
  readonly scene: HeatmapScene
  readonly at: SeedRow
  readonly tabIndex: 0 | -1
  readonly onOpen: (layerId: string, seedId: number) => void
}) {
  const layer = scene.layers[at.layer]
  if (!layer) return null
  const state = layer.mirror.state[at.row] ?? 255
  const value = valueOf(scene, layer, at.row)
  const ticks = columnOf(scene, layer, at.row, 'ticks_in_state')
  const age = ageOfSeed(layer, at.row)
  return (
    <tr className={`is-${age.freshness}`}>
      <th scope="row">
        <button
          type="button"
          className="link"
          data-roving
          tabIndex={tabIndex}
          onClick={() => onOpen(layer.layerId, at.row)}
        >
          {layer.layerId}/{at.row}
        </button>
      </th>
      <td>
        <span className="state">
          <StateGlyph state={state} /> {stateLabel(state)}
        </span>
      </td>
      <td className="wide t2">{activityText(scene, layer, at.row)}</td>
      <td className="num">
        {value === null ? <span className="t3">unmeasured</span> : formatMetric(value, scene.metric)}
      </td>
      {scene.base !== null && (
        <td className="num">
          {changeOf(scene, layer, at.row) === null ? (
            <span className="t3">no counterpart</span>
          ) : (
            formatChange(changeOf(scene, layer, at.row), scene.metric)
          )}
        </td>
      )}
      <td className="num wide">{ticks === null ? UNKNOWN_TEXT : formatCount(ticks)}</td>
      <td className="num">
        {formatAge(age.ageMs)}
        {age.freshness === 'fresh' ? '' : ` ${age.freshness}`}
      </td>
    </tr>
  )
}
