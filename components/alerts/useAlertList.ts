/*
 * useAlertList: the alerts of one tab, page by page, kept fresh by pushes and, without them, by asking.
 * In: tab, filters. Out: alerts, groups, counts, load, the engine's own age; the last good answer with its age when a question fails.
 * Invariant: what was known stays while a question fails; counts are null, never 0, when they can not be told.
 * Source: docs/ux.md "pages: alerts"; docs/alerts.md.
 */
'use client'
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import type { AlertGroup, AlertItem } from '../../lib/contracts/alerts.ts'
import type { AlertList } from '../../lib/contracts/httpAlerts.ts'
import { askApi, problemOf, type ApiProblem } from '../records/useApi.ts'
import type { AlertTab } from './alertOrder.ts'

const PAGE = 200
/** Pushes make it ask at once; this is for what no push tells, ages and the engine's pulse. */
const EVERY_MS = 2_000

export interface AlertFilters {
  readonly severity: '' | AlertItem['severity']
  readonly layer: string
  readonly rule: string
  readonly text: string
}
export const NO_FILTERS: AlertFilters = Object.freeze({ severity: '', layer: '', rule: '', text: '' })

export interface AlertAnswer {
  readonly alerts: readonly AlertItem[] | null
  readonly groups: readonly AlertGroup[]
  /** Of the newest answer, also when it is old by now; `isOld` says so. */
  readonly head: Pick<AlertList, 'counts' | 'load' | 'engine'> | null
  readonly isOld: boolean
  readonly problem: ApiProblem | null
  /** Browser time of the last good answer. */
  readonly atMs: number | null
  readonly hasMore: boolean
  readonly isLoadingMore: boolean
  readonly loadMore: () => void
  readonly refresh: () => void
}

export function alertQuery(tab: AlertTab, filters: AlertFilters, cursor: string): string {
  const query = new URLSearchParams({ state: tab, limit: String(PAGE) })
  if (filters.severity !== '') query.set('severity', filters.severity)
  if (filters.layer !== '') query.set('layer', filters.layer)
  if (filters.rule !== '') query.set('rule', filters.rule)
  if (filters.text.trim() !== '') query.set('q', filters.text.trim())
  if (cursor !== '') query.set('cursor', cursor)
  return `/api/alerts?${query}`
}

export function useAlertList(tab: AlertTab, filters: AlertFilters): AlertAnswer {
  const queries = useQueryClient()
  const query = useInfiniteQuery({
    queryKey: ['alerts', tab, filters],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => askApi<AlertList>(alertQuery(tab, filters, pageParam), { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
  })
  const refresh = useCallback(() => void queries.invalidateQueries({ queryKey: ['alerts'] }), [queries])
  const pages = query.data?.pages ?? null
  const first = pages?.[0] ?? null
  const isOther = query.isPlaceholderData
  // The same alert can stand on two pages when it moved while they were asked for one after the other.
  const seen = new Map<string, AlertItem>()
  for (const page of pages ?? []) for (const alert of page.alerts) seen.set(alert.id, alert)
  return {
    alerts: pages === null || isOther ? null : [...seen.values()],
    groups: first?.groups ?? [],
    head: first,
    isOld: query.error !== null,
    problem: problemOf(query.error),
    atMs: query.dataUpdatedAt === 0 ? null : query.dataUpdatedAt,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    refresh,
  }
}
