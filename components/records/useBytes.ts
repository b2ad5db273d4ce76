/*
 * useBytes: a binary answer of the HTTP API, a JSON head with planes of numbers behind it, asked again as long as somebody looks.
 * In: an address, how often. Out: the last good answer and what is wrong now, as useApi gives them.
 * Invariant: what can not be taken apart is a problem with words, and the last good picture stays.
 * Source: docs/protocol.md "layers: rows, grid, baseline".
 */
'use client'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { askBytes, problemOf, type ApiAnswer } from './useApi.ts'

export interface Headed<H> {
  readonly head: H
  readonly body: ArrayBuffer
}

/** Asks while the tab is visible; null asks nothing. The former picture is shown until the one to a new address is there. */
export function useBytes<H>(url: string | null, everyMs: number): ApiAnswer<Headed<H>> {
  const query = useQuery<Headed<H>>({
    queryKey: ['bytes', url],
    queryFn: async ({ signal }) => decodeHeaded(await askBytes(url ?? '', signal)) as Headed<H>,
    enabled: url !== null,
    refetchInterval: everyMs > 0 ? everyMs : false,
    placeholderData: keepPreviousData,
    // Comparing megabytes with the former ones would cost more than drawing them.
    structuralSharing: false,
    gcTime: 10_000,
  })
  return {
    data: url === null ? null : (query.data ?? null),
    problem: problemOf(query.error),
    atMs: query.dataUpdatedAt === 0 ? null : query.dataUpdatedAt,
    isLoading: query.isPending && url !== null,
    refetch: () => void query.refetch(),
  }
}
