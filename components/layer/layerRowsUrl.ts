/*
 * Layer rows url: the address a layer's page asks its rows from, and the same question asked ahead of a page that is about to be opened.
 * In: layer, view, what is shown. Out: an address; a filled cache.
 * Invariant: what is asked ahead is exactly what the page asks first, so that its first rows are there when it is.
 * Source: docs/ux.md "pages: layer".
 */
import type { QueryClient } from '@tanstack/react-query'
import type { LayerRows } from '../../lib/contracts/httpLayer.ts'
import type { MetricColumn } from '../../lib/contracts/metrics.ts'
import type { PageState } from '../../lib/live/urlState.ts'
import { defaultMetric } from '../heatmap/metricChoice.ts'
import { askApi } from '../records/useApi.ts'
import { parseLayerView, rowsQuery, type LayerView } from './layerView.ts'

const ROWS_COUNT = 150

export interface RowsAsk {
  readonly layerId: string
  readonly runId: string | null
  readonly metric: string
  readonly view: LayerView
  readonly pins: readonly number[]
  readonly delta: string | null
  readonly first: number
  readonly order: string | null
  readonly at: number | null
  readonly isPast: boolean
}

/** The address of the rows in sight. */
export function layerRowsUrl({ layerId, runId, view, ...ask }: RowsAsk): string {
  return `/api/layers/${encodeURIComponent(layerId)}/rows?${rowsQuery(view, { ...ask, run: runId, count: ROWS_COUNT })}`
}

/** Asks for the first rows of a layer, as its page will. */
export function askRowsAhead(
  client: QueryClient,
  layerId: string,
  { metric, rows, pins, delta, at }: Pick<PageState, 'metric' | 'rows' | 'pins' | 'delta' | 'at'>,
  run: { readonly run_id: string; readonly seed_columns: readonly MetricColumn[] },
): void {
  // In the past the moment may be another one by the time the page is open.
  if (at !== null) return
  const wanted = metric ?? defaultMetric(run.seed_columns)
  if (wanted === null || !run.seed_columns.some((column) => column.name === wanted)) return
  const url = layerRowsUrl({
    layerId,
    runId: run.run_id,
    metric: wanted,
    view: parseLayerView(rows),
    pins,
    delta,
    first: 0,
    order: null,
    at: null,
    isPast: false,
  })
  void client.prefetchQuery({ queryKey: ['api', url], queryFn: ({ signal }) => askApi<LayerRows>(url, { signal }) })
}
