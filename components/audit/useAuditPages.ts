/*
 * useAuditPages: the entries that match, page by page, and how many came since.
 * In: a query. Out: entries newest first; what is new, and a way to let it in; how far was looked.
 * Invariant: an entry is there once; what came since waits until it is let in; rows that were known stay while a question fails.
 * Source: docs/ux.md "pages: audit", "principles" 5.
 */
'use client'
import { useInfiniteQuery, useQuery, useQueryClient, type InfiniteData } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { AuditItem, AuditPage } from '../../lib/contracts/httpAudit.ts'
import { askApi, problemOf, type ApiProblem } from '../records/useApi.ts'

const PAGE = 100
const TAIL_EVERY_MS = 2_000
const TAIL = 500

export interface AuditPages {
  readonly entries: readonly AuditItem[] | null
  readonly problem: ApiProblem | null
  /** Browser time of the last answer about the newest entries; null before it. */
  readonly atMs: number | null
  readonly size: number | null
  readonly indexed: number | null
  /** Everything from here on was looked at. */
  readonly lookedTo: number | null
  readonly more: boolean
  readonly isLoadingMore: boolean
  readonly loadMore: () => void
  /** Entries that came since and match; `more` when there are others still. */
  readonly fresh: { readonly count: number; readonly more: boolean }
  readonly letIn: () => void
}

const urlOf = (query: string, rest: string): string => `/api/audit?query=${encodeURIComponent(query)}${rest}`

export function useAuditPages(query: string, follow: boolean): AuditPages {
  const client = useQueryClient()
  const key = ['audit', query]
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      askApi<AuditPage>(urlOf(query, `&limit=${PAGE}${pageParam === '' ? '' : `&cursor=${pageParam}`}`), { signal }),
    getNextPageParam: (last) => last.next ?? undefined,
    // The tail tells what is new; asking all pages again would only move rows.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const pages = list.data?.pages ?? null
  // What was asked for first says how long the log was then: everything after that is new.
  const newest = pages === null ? null : (pages[0]?.size ?? 0) - 1
  const tail = useQuery<AuditPage>({
    queryKey: ['audit tail', query, newest],
    queryFn: ({ signal }) => askApi<AuditPage>(urlOf(query, `&limit=${TAIL}&after=${newest ?? 0}`), { signal }),
    enabled: newest !== null && newest >= 0,
    refetchInterval: TAIL_EVERY_MS,
  })
  const fresh = tail.data?.entries.length ?? 0
  const letIn = (): void => {
    const answer = tail.data
    if (answer === undefined || fresh === 0) return
    // More than a page: begun anew, from the newest on.
    if (answer.next !== null) return void client.resetQueries({ queryKey: key })
    client.setQueryData<InfiniteData<AuditPage, string>>(key, (before) =>
      before === undefined ? before : { pages: [answer, ...before.pages], pageParams: ['', ...before.pageParams] },
    )
  }
  useEffect(() => {
    if (follow && fresh > 0) letIn()
  })
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = list
  const found = pages?.reduce((sum, page) => sum + page.entries.length, 0) ?? 0
  // A stretch without a match is no answer yet: on to the next one.
  useEffect(() => {
    if (pages !== null && found === 0 && hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage()
  }, [pages, found, hasNextPage, isFetchingNextPage, isError, fetchNextPage])
  const problem = problemOf(list.error) ?? problemOf(tail.error)
  return {
    entries: pages === null ? null : pages.flatMap((page) => page.entries),
    problem,
    atMs: Math.max(list.dataUpdatedAt, tail.dataUpdatedAt) || null,
    size: tail.data?.size ?? pages?.[0]?.size ?? null,
    indexed: tail.data?.indexed ?? pages?.[0]?.indexed ?? null,
    lookedTo: pages?.at(-1)?.looked_to ?? null,
    more: hasNextPage,
    isLoadingMore: isFetchingNextPage,
    loadMore: () => {
      if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
    },
    fresh: { count: fresh, more: tail.data?.next != null },
    letIn,
  }
}
