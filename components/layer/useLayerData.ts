/*
 * Layer data: rows and grid of a layer's page, asked while somebody looks and the page is not paused.
 * In: layer, view, drill-down, size of the canvas, where the page is paused. Out: both answers, and the order held still.
 * Invariant: what the page shows first comes first: the rows as they are now, then five minutes, then the whole window; rows and grid
 * are of one order; it stands still while somebody points at it or has drilled down; what is asked while paused is of that moment.
 * Source: docs/protocol.md "layers: rows, grid, baseline"; docs/ux.md "pages: layer".
 */
'use client'
import { useEffect, useRef, useState } from 'react'
import type { LayerGridHead, LayerRows } from '../../lib/contracts/httpLayer.ts'
import { useApi, type ApiAnswer } from '../records/useApi.ts'
import type { ShownMoment } from '../live/useShownMoment.ts'
import { useBytes, type Headed } from '../records/useBytes.ts'
import { rowsThatFit } from './gridLayout.ts'
import { layerRowsUrl } from './layerRowsUrl.ts'
import { rowsQuery, type LayerView } from './layerView.ts'
import type { RowsUrl } from './pickRows.ts'

const EVERY_MS = 1_000
/** A grid of a large layer is tens of milliseconds of work. */
const LARGE_EVERY_MS = 3_000
const LARGE = 2_000
const FIRST_WINDOW_S = 300
/** Asked for in such steps, so that a drag of the window does not ask at every pixel. */
const COLUMN_STEP = 50
const MAX_DRILLED_BINS = 240
/** Rows are asked for in stretches that begin at multiples of this. */
export const ROWS_STEP = 50

export interface Drill {
  readonly first: number
  readonly count: number
}

export interface LayerAsk {
  readonly layerId: string
  readonly runId: string | null
  readonly metric: string | null
  readonly view: LayerView
  readonly pins: readonly number[]
  readonly delta: string | null
  /** The moment that is shown: where the page was paused, or one of the past. */
  readonly moment: ShownMoment
  readonly drill: Drill | null
  /** Of the plot of values, CSS px; 0 before it was measured. */
  readonly width: number
  readonly height: number
  /** First row in sight of the table, among those that match. */
  readonly firstRow: number
}

export interface LayerData {
  readonly rows: ApiAnswer<LayerRows>
  readonly grid: ApiAnswer<Headed<LayerGridHead>>
  readonly isHeld: boolean
  readonly hold: () => void
  readonly release: () => void
  readonly rowsUrl: RowsUrl
}

export function useLayerData(ask: LayerAsk): LayerData {
  const { layerId, runId, metric, view, pins, delta, drill } = ask
  // A question that is asked while paused is one about that moment.
  const { atMs: at, isPast } = ask.moment
  const paused = at !== null
  const era = isPast ? 'past' : 'present'
  const path = `/api/layers/${encodeURIComponent(layerId)}`
  const [held, setHeld] = useState<string | null>(null)
  const first = Math.floor(Math.max(0, ask.firstRow) / ROWS_STEP) * ROWS_STEP
  const rows = useApi<LayerRows>(
    metric === null
      ? null
      : layerRowsUrl({ layerId, runId, metric, view, pins, delta, first, order: held, at, isPast }),
    { everyMs: paused ? 0 : EVERY_MS, keepWhileChanging: true, era },
  )
  const mine = rows.data?.layer_id === layerId && (runId === null || rows.data.run_id === runId) ? rows.data : null
  const order = mine !== null && mine.metric === metric ? mine.order.id : null
  const everyMs = paused ? 0 : (mine?.total ?? 0) > LARGE ? LARGE_EVERY_MS : EVERY_MS
  const columns = Math.max(COLUMN_STEP, Math.floor(ask.width / 2 / COLUMN_STEP) * COLUMN_STEP)
  const bins = drill === null ? rowsThatFit(ask.height) : Math.min(drill.count, MAX_DRILLED_BINS)
  const query = new URLSearchParams({
    metric: metric ?? '',
    order: order ?? '',
    columns: String(columns),
    bins: String(bins),
  })
  if (runId !== null) query.set('run', runId)
  if (drill !== null) {
    query.set('first', String(drill.first))
    query.set('count', String(drill.count))
  }
  if (delta !== null) query.set('base', delta)
  if (at !== null) query.set('at', String(at))
  if (isPast) query.set('source', 'record')
  const isAsked = order !== null && ask.width > 0 && mine?.past.kept !== 'none'
  const gridUrl = (seconds: number): string => `${path}/grid?${query}&seconds=${seconds}`
  // Five minutes first: the rest of a longer window is not waited for.
  const isLong = view.seconds > FIRST_WINDOW_S
  const [isLongThere, setLongThere] = useState(false)
  const short = useBytes<LayerGridHead>(
    isAsked && !(isLong && isLongThere) ? gridUrl(FIRST_WINDOW_S) : null,
    everyMs,
    era,
  )
  const long = useBytes<LayerGridHead>(
    isAsked && isLong && (isLongThere || short.data !== null) ? gridUrl(view.seconds) : null,
    everyMs,
    era,
  )
  if (isLongThere !== (long.data !== null)) setLongThere(long.data !== null)
  const grid = isLong && long.data !== null ? long : short
  const latest = useRef(order)
  useEffect(() => {
    latest.current = order
  })
  const hold = (): void => setHeld((before) => before ?? latest.current)
  const release = (): void => setHeld(null)
  return {
    rows: mine === rows.data ? rows : { ...rows, data: null, isLoading: true },
    grid:
      grid.data !== null && grid.data.head.layer_id === layerId && grid.data.head.metric === metric
        ? grid
        : { ...grid, data: null },
    isHeld: held !== null,
    hold,
    release,
    rowsUrl: (stretch) =>
      `${path}/rows?${rowsQuery(view, { run: runId, metric: metric ?? '', pins, delta, at, isPast, ...stretch })}`,
  }
}
