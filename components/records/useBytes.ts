/*
 * useBytes: a binary answer of the HTTP API, a JSON head with planes of numbers behind it, asked again as long as somebody looks.
 * In: an address, how often. Out: the last good answer and what is wrong now, as useApi gives them.
 * Invariant: what can not be taken apart is a problem with words, and the last good picture stays.
 * Source: docs/protocol.md "layers: rows, grid, baseline".
 */
'use client'
import { useQuery } from '@tanstack/react-query'
import { decodeHeaded } from '../../lib/frames/headedBytes.ts'
import { askBytes, problemOf, useShown, type ApiAnswer } from './useApi.ts'

export interface Headed<H> {
  readonly head: H
  readonly body: ArrayBuffer
}

/** Asks while the tab is visible; null asks nothing. The former picture stays until the one to a new address is there. */
export function useBytes<H>(url: string | null, everyMs: number, era = ''): ApiAnswer<Headed<H>> {
  const query = useQuery<Headed<H>>({
    queryKey: ['bytes', url],
    queryFn: async ({ signal }) => decodeHeaded(await askBytes(url ?? '', signal)) as Headed<H>,
    enabled: url !== null,
    refetchInterval: everyMs > 0 ? everyMs : false,
    // Comparing megabytes with the former ones would cost more than drawing them.
    structuralSharing: false,
    gcTime: 10_000,
  })
  const shown = useShown(query, true, era)
  return {
    ...(url === null ? { data: null, atMs: null, isFormer: false } : shown),
    problem: problemOf(query.error),
    isLoading: query.isPending && url !== null && shown.data === null,
    refetch: () => void query.refetch(),
  }
}
