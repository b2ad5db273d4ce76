/*
 * Layer page: the seeds of one layer by time, as values and as states, their distribution, and each of them as a row.
 * In: the layer of the path, metric, delta, pins and view of the address. Out: one order in grid and table; rows opened, seeds reached.
 * Invariant: one selection and one order in all parts; a part that fails says so while the others live; nothing moves under the pointer.
 * Source: docs/ux.md "pages: layer"; features A3 to A9, A11 to A13, A17 to A19.
 */
'use client'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useCallback, useState } from 'react'
import type { LimitSet } from '../../lib/contracts/httpLimits.ts'
import { formatCount } from '../../lib/live/formatValue.ts'
import { DeltaPicker } from '../delta/DeltaPicker.tsx'
import { baselineWords } from '../delta/deltaChoice.ts'
import { HeatmapLegend } from '../heatmap/HeatmapLegend.tsx'
import { colourable, defaultMetric } from '../heatmap/metricChoice.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useShownMoment } from '../live/useShownMoment.ts'
import { standsWords } from '../records/shownAnswer.ts'
import { pickSeeds, useSelection, type PickHow } from '../ops/selectionStore.ts'
import { problemOf, useApi } from '../records/useApi.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { useShell } from '../shell/ShellContext.tsx'
import { Panel } from '../ui/Panel.tsx'
import { useHoldStill } from '../ui/useHoldStill.ts'
import { Distribution } from './Distribution.tsx'
import { LayerAge, LayerEvents, LayerFacts } from './LayerFacts.tsx'
import { LayerGrid } from './LayerGrid.tsx'
import { LayerTable } from './LayerTable.tsx'
import { LayerTools } from './LayerTools.tsx'
import { rowsThatFit } from './gridLayout.ts'
import { openGrid } from './gridPicture.ts'
import { layerViewText, parseLayerView, type LayerView } from './layerView.ts'
import { baseWords, pausedWords, pointsWords, selectedRowOf, togglePin } from './layerWords.ts'
import { seedsOfRows } from './pickRows.ts'
import type { RowSpan } from './useRowPick.ts'
import { useLayerData, type Drill } from './useLayerData.ts'

const PlaceAlerts = lazy(() => import('../alerts/PlaceAlerts.tsx'))

const LIMITS_EVERY_MS = 15_000

export function LayerPage({ layerId }: { readonly layerId: string }) {
  const { session, page } = useLive()
  const router = useRouter()
  useLiveTopic(['runs', 'view', 'pause'])
  const state = usePageState()
  const run = session.store.run()
  const columns = run?.descriptor.seed_columns ?? []
  const metric = columns.find((column) => column.name === (state.metric ?? defaultMetric(columns))) ?? null
  const seeds = run?.descriptor.layers.find((layer) => layer.layer_id === layerId)?.seeds ?? 0
  const view = parseLayerView(state.rows)
  const moment = useShownMoment()
  const [drill, setDrill] = useState<Drill | null>(null)
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [firstRow, setFirstRow] = useState(0)
  const [byMode, setByMode] = useState<'value' | 'state'>('value')
  const ask = {
    layerId,
    runId: run?.descriptor.run_id ?? null,
    metric: metric?.name ?? null,
    view,
    pins: state.pins,
    delta: state.delta,
    moment,
    drill,
    ...size,
    firstRow,
  }
  const { rows, grid, isHeld, hold, release, rowsUrl } = useLayerData(ask)
  const limits = useApi<LimitSet>('/api/limits', { everyMs: LIMITS_EVERY_MS })
  const { data, problem } = rows
  const shown = grid.data
  const picture = shown === null || metric === null ? null : openGrid(shown, metric)
  const onSize = useCallback(
    (width: number, height: number) =>
      setSize((before) => (before.width === width && before.height === height ? before : { width, height })),
    [],
  )
  const selected = state.selection?.layerId === layerId ? state.selection.seedId : null
  const setView = (next: LayerView): void => {
    release()
    setDrill(null)
    page.set({ rows: layerViewText(next) })
  }
  const select = (seedId: number): void => page.set({ selection: { layerId, seedId } })
  const hrefTo = (seedId: number): string =>
    hrefOf(PAGE_PATHS.seed({ layerId, seedId }), { ...state, selection: { layerId, seedId } })
  const open = (seedId: number): void => router.push(hrefTo(seedId))
  const pin = (seedId: number): void => {
    release()
    page.set({ pins: togglePin(state.pins, seedId) })
  }
  const still = useHoldStill(hold, () => {
    if (drill === null) release()
  })
  const up = (): boolean => {
    if (drill === null) return false
    setDrill(null)
    return true
  }
  const openRow = (row: number): void => {
    if (picture === null) return
    const { first, count } = picture.seedsOf(row)
    const seedId = picture.head.seed_id[row]
    if (row >= picture.head.pinned && count > 1) {
      hold()
      setDrill({ first, count })
    } else if (seedId !== undefined) open(seedId)
  }
  const onSingle = (row: number, act: (seedId: number) => void): void => {
    const seedId = picture?.head.seed_id[row]
    if (seedId !== undefined && picture?.seedsOf(row).count === 1) act(seedId)
  }

  const { say } = useShell()
  const picks = useSelection()
  const mine = new Set(picks.layers.find((one) => one.layerId === layerId)?.seedIds)
  const pickedRows =
    picture === null || mine.size === 0
      ? []
      : picture.head.seed_id.flatMap((seedId, row) => (mine.has(seedId) ? [row] : []))
  const pickRows = (span: RowSpan, how: PickHow): void => {
    if (picture === null) return
    seedsOfRows(picture, span, rowsUrl).then(
      (seedIds) => {
        pickSeeds([{ layerId, seedIds }], how)
        say('')
      },
      (error: unknown) => say(`Not picked: ${problemOf(error)?.text ?? 'the rows could not be asked for'}`),
    )
  }

  // Known before the picture is: nothing moves when it comes.
  const isBinned = size.height > 0 && (drill?.count ?? data?.matching ?? seeds) > rowsThatFit(size.height)
  const unknown = problem?.status === 404 && problem.text.includes('layer')
  const never = data !== null && data.freshness === 'never'
  const head = picture?.head ?? null
  const title = `${layerId}`
  return (
    <PageMain title={layerId}>
      <Panel
        title={title}
        className="layer-head"
        hint={
          data !== null && (
            <>
              {formatCount(data.total)} seeds, <LayerAge data={data} />
              {`, run ${data.run_id}${data.origin === 'load-generator' ? ', GENERATED LOAD' : ''}${pausedWords(data, moment.atMs !== null && !rows.isFormer, moment.isPast)}`}
            </>
          )
        }
        state={unknown ? 'empty' : problem !== null ? 'error' : never ? 'empty' : data === null ? 'loading' : 'ready'}
        message={
          unknown
            ? `No layer named ${layerId} has been announced. It may belong to another run, or to one that was let go.`
            : problem !== null
              ? `${problem.text} (${problem.code})${standsWords(rows)}`
              : moment.isPast
                ? 'Nothing of this layer had been recorded by this moment.'
                : `This layer is known and has never reported. Its producer, ${data?.producer ?? 'whoever announced it'}, has sent no telemetry for it: look whether it runs, and on the Bus page whether its entries are refused.`
        }
        actions={
          columns.length > 0 && (
            <>
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
              <DeltaPicker />
            </>
          )
        }
      >
        {metric !== null && !unknown && (
          <LayerTools
            view={view}
            data={data}
            metric={metric}
            isDelta={state.delta !== null}
            isHeld={isHeld}
            onView={setView}
            onUnpin={() => page.set({ pins: [] })}
          >
            <button
              type="button"
              className="quiet narrow-only"
              aria-pressed={byMode === 'state'}
              onClick={() => setByMode(byMode === 'state' ? 'value' : 'state')}
            >
              States by time
            </button>
          </LayerTools>
        )}
      </Panel>
      {metric !== null && !unknown && (
        <div className="layer-parts">
          <Panel
            title="Seeds by time"
            className="layer-time"
            hint={head === null ? '' : pointsWords(head, view.seconds)}
            state={
              data !== null && data.past.none_because !== null
                ? 'empty'
                : grid.problem !== null && grid.problem.status !== 404
                  ? 'error'
                  : 'ready'
            }
            message={
              data?.past.none_because ??
              (grid.problem === null ? '' : `${grid.problem.text} (${grid.problem.code})${standsWords(grid)}`)
            }
            actions={
              drill !== null && (
                <button type="button" onClick={up} title="Back to all rows (Esc)">
                  rows {formatCount(drill.first + 1)} to {formatCount(drill.first + drill.count)}: back to all
                </button>
              )
            }
          >
            <LayerGrid
              label={`Seeds of ${layerId} by time. j and k move, Enter opens a row, p pins a seed, v picks rows, Escape goes back.`}
              picture={picture}
              seeds={data === null ? seeds : data.pinned + (drill?.count ?? data.matching)}
              metric={metric}
              isPresent={moment.atMs === null}
              mode={byMode}
              selectedRow={selectedRowOf(picture, selected)}
              onSize={onSize}
              onSelect={(row) => onSingle(row, select)}
              onOpen={openRow}
              onPin={(row) => onSingle(row, pin)}
              onPick={pickRows}
              picked={pickedRows}
              onUp={up}
              still={still}
            />
            {isBinned && (
              <p className="panel-note t2">
                A notch at the foot of a row: seeds of it changed their state then; a diamond: one was culled or rolled
                back.
              </p>
            )}
            {data?.order.said != null && <p className="panel-note t2">{data.order.said}</p>}
            <HeatmapLegend
              metric={metric}
              mode="value"
              binSize={head?.bin_size ?? 1}
              delta={state.delta === null ? null : baseWords(data?.base ?? null, baselineWords(state.delta))}
            />
          </Panel>
          <div className="layer-side">
            <Panel title="Distribution" className="layer-distribution" state={data === null ? 'loading' : 'ready'}>
              {data !== null && (
                <Distribution
                  distribution={data.distribution}
                  metric={metric}
                  limit={limits.data?.limits.find((limit) => limit.metric === metric.name) ?? null}
                  onRange={(min, max) => setView({ ...view, min, max })}
                />
              )}
              {moment.isPast && <p className="panel-note t2">Limits are those of the present.</p>}
              {limits.problem !== null && (
                <p className="panel-note t2">The limits are not known: {limits.problem.text}</p>
              )}
            </Panel>
            <Suspense fallback={<Panel title="Alerts" className="place-alerts" state="loading" />}>
              <PlaceAlerts layerId={layerId} />
            </Suspense>
            <Panel title="This layer" className="layer-about" state={data === null ? 'loading' : 'ready'}>
              {data !== null && <LayerFacts data={data} />}
              <LayerEvents layerId={layerId} />
            </Panel>
          </div>
          <Panel title="Seeds" className="layer-rows" state={data === null ? 'loading' : 'ready'}>
            {data !== null && (
              <LayerTable
                data={data}
                metric={metric}
                selected={selected}
                hrefOf={hrefTo}
                onSort={(sort, down) => setView({ ...view, sort, down })}
                onSelect={select}
                onOpen={open}
                onPin={pin}
                onSight={setFirstRow}
                still={still}
              />
            )}
          </Panel>
        </div>
      )}
    </PageMain>
  )
}
