/*
 * useCommandList: one list of commands, page by page, kept fresh by pushes.
 * In: which list. Out: rows newest first, counts of what is open, whether older ones exist.
 * Invariant: rows that were known stay while a question fails; unknown counts are null.
 * Source: docs/commands.md "lists".
 */
'use client'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { CommandList, CommandRecord } from '../../lib/contracts/httpCommands.ts'
import { useOps } from '../ops/OpsProvider.tsx'
import { askApi, problemOf, type ApiProblem } from '../records/useApi.ts'

export const LISTS = ['open', 'approvals', 'unknown', 'final'] as const
export type ListName = (typeof LISTS)[number]

const PAGE = 100
/** With the line up pushes make it ask; without it is asked for anew this often. */
const ASK_EVERY_MS = { up: 15_000, down: 2_000 } as const

export interface ListAnswer {
  readonly rows: readonly CommandRecord[] | null
  readonly open: CommandList['open'] | null
  readonly problem: ApiProblem | null
  readonly more: boolean
  readonly loadMore: () => void
}

export function useCommandList(list: ListName): ListAnswer {
  const { line, commands } = useOps()
  const query = useInfiniteQuery({
    queryKey: ['commands', list],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      askApi<CommandList>(
        `/api/commands?state=${list}&limit=${PAGE}${pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`,
        { signal },
      ),
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: line === 'up' ? ASK_EVERY_MS.up : ASK_EVERY_MS.down,
  })
  const pages = query.data?.pages ?? null
  const rows = pages?.flatMap((page) => page.commands) ?? null
  const problem = problemOf(query.error)
  return {
    // A pushed record is newer than the list that brought it.
    rows: rows?.map((row) => newer(commands.get(row.id), row)) ?? null,
    open: problem === null ? (pages?.[0]?.open ?? null) : null,
    problem,
    more: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
  }
}

function newer(pushed: CommandRecord | undefined, row: CommandRecord): CommandRecord {
  return pushed !== undefined && pushed.updated_at > row.updated_at ? pushed : row
}
