'use client'
import { useQuery } from '@tanstack/react-query'
import type { AlertList } from '../../lib/contracts/httpAlerts.ts'
import { askApi, problemOf, type ApiProblem } from '../records/useApi.ts'

const EVERY_MS = 5_000

/** Asks for one page of alerts; pushes make it ask again at once, because its key begins with `alerts`. */
export function useAlertQuery(query: string): {
  readonly data: AlertList | null
  readonly problem: ApiProblem | null
  readonly atMs: number | null
} {
  const answer = useQuery({
    queryKey: ['alerts', query],
    queryFn: ({ signal }) => askApi<AlertList>(`/api/alerts?${query}`, { signal }),
    refetchInterval: EVERY_MS,
  })
  return {
    data: answer.data ?? null,
    problem: problemOf(answer.error),
    atMs: answer.dataUpdatedAt === 0 ? null : answer.dataUpdatedAt,
  }
}
