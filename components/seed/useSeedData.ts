/*
 * Seed data: the answers that the seed's page is drawn from, asked while somebody looks and the page is not paused.
 * In: the seed of the path, the run of the URL, a window. Out: detail, series, limits, each with its problem.
 * Invariant: an answer about another seed or run is never shown; the last good one stays while the server is away.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "freshness model".
 */
'use client'
import type { LimitSet } from '../../lib/contracts/httpLimits.ts'
import type { SeedDetail, SeedSeries } from '../../lib/contracts/httpSeed.ts'
import type { RunDescriptor } from '../../lib/contracts/runDescriptor.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic, usePageState } from '../live/useLiveTopic.ts'
import { useShownMoment, type ShownMoment } from '../live/useShownMoment.ts'
import { useApi, type ApiAnswer } from '../records/useApi.ts'

/** What part of the time is drawn: the newest seconds, or a stretch that stands still. */
export type SeedWindow =
  | { readonly kind: 'newest'; readonly seconds: number }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number; readonly label: string }

const DETAIL_EVERY_MS = 1_000
const SERIES_EVERY_MS = 2_000
const LIMITS_EVERY_MS = 15_000
const POINTS = 320

const path = (layerId: string, seedId: number): string => `/api/layers/${encodeURIComponent(layerId)}/seeds/${seedId}`

/** The run that is looked at: that of the link, else that of the live picture. */
export function useRunId(): string | null {
  const { session } = useLive()
  const { runId } = usePageState()
  useLiveTopic(['runs', 'view', 'pause'], 250)
  return runId ?? session.store.view?.runId ?? null
}

/** The descriptor of a run, as far as this page knows it. */
export function useDescriptor(runId: string | null): RunDescriptor | null {
  const { session } = useLive()
  useLiveTopic(['runs'], 250)
  return runId === null ? null : (session.store.log.runs.get(runId)?.descriptor ?? null)
}

/** Drops what was said of something else. */
function own<T extends { readonly layer_id: string; readonly seed_id: number; readonly run_id: string }>(
  answer: ApiAnswer<T>,
  { layerId, seedId, runId }: { layerId: string; seedId: number; runId: string | null },
): ApiAnswer<T> {
  const { data } = answer
  const isMine =
    data !== null && data.layer_id === layerId && data.seed_id === seedId && (runId === null || data.run_id === runId)
  return isMine || data === null ? answer : { ...answer, data: null, isLoading: true }
}

/** The stretch of time in a query: in the past nothing after its moment is asked for. */
export function rangeText(window: SeedWindow, pastMs: number | null): string {
  const source = pastMs === null ? '' : '&source=record'
  if (window.kind === 'newest') return `seconds=${window.seconds}${pastMs === null ? '' : `&to=${pastMs}`}${source}`
  const toMs = Math.round(pastMs === null ? window.toMs : Math.min(window.toMs, pastMs))
  // A stretch that begins after the moment is as long as before, and ends at it.
  const fromMs = Math.round(window.fromMs < toMs ? window.fromMs : toMs - (window.toMs - window.fromMs))
  return `from=${fromMs}&to=${toMs}${source}`
}

export interface SeedData {
  readonly runId: string | null
  readonly moment: ShownMoment
  readonly detail: ApiAnswer<SeedDetail>
  readonly series: ApiAnswer<SeedSeries>
  readonly limits: ApiAnswer<LimitSet>
}

export function useSeedData(layerId: string, seedId: number, window: SeedWindow): SeedData {
  const runId = useRunId()
  const moment = useShownMoment()
  const { atMs: at, isPast } = moment
  const base = path(layerId, seedId)
  const run = runId === null ? '' : `&run=${encodeURIComponent(runId)}`
  const range = rangeText(window, isPast ? at : null)
  const mine = { layerId, seedId, runId }
  const kept = { keepWhileChanging: true, era: isPast ? 'past' : 'present' }
  // A page that is paused keeps what it has; the past is asked about.
  const detail = useApi<SeedDetail>(`${base}?${isPast ? `at=${at}` : ''}${run}`, {
    everyMs: at === null ? DETAIL_EVERY_MS : 0,
    ...kept,
  })
  const series = useApi<SeedSeries>(`${base}/series?${range}&points=${POINTS}${run}`, {
    everyMs: at === null && window.kind === 'newest' ? SERIES_EVERY_MS : 0,
    ...kept,
  })
  const limits = useApi<LimitSet>('/api/limits', { everyMs: LIMITS_EVERY_MS })
  return { runId, moment, detail: own(detail, mine), series: own(series, mine), limits }
}
