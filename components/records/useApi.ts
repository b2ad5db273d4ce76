/*
 * useApi: an answer of the HTTP API, asked again as long as somebody looks.
 * In: an address, how often. Out: the last good answer with its age, and what is wrong now, in words.
 * Invariant: a failure never takes the last good answer away; an answer to another question is shown only where that is asked for,
 * and is marked.
 * Source: docs/protocol.md "HTTP"; docs/ux.md "freshness model".
 */
'use client'
import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import type { ProblemDocument } from '../../lib/contracts/httpApi.ts'
import { shownAnswer, type KeptAnswer, type ShownAnswer } from './shownAnswer.ts'

export interface ApiProblem {
  readonly status: number | null
  /** A code of the error catalogue; NETWORK when the server did not answer. */
  readonly code: string
  readonly text: string
}

export interface ApiAnswer<T> extends ShownAnswer<T> {
  readonly problem: ApiProblem | null
  readonly isLoading: boolean
  readonly refetch: () => void
}

/** An answer that is not the one asked for, with its words. */
export class ApiError extends Error {
  readonly problem: ApiProblem
  constructor(problem: ApiProblem) {
    super(problem.text)
    this.problem = problem
  }
}

async function readProblem(response: Response): Promise<ApiProblem> {
  try {
    const said = (await response.json()) as Partial<ProblemDocument>
    return {
      status: response.status,
      code: said.code ?? `HTTP ${response.status}`,
      text: said.detail ?? said.title ?? response.statusText,
    }
  } catch {
    return { status: response.status, code: `HTTP ${response.status}`, text: 'The server answered without words.' }
  }
}

interface AskInit {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Sent as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, init)
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new ApiError({ status: null, code: 'NETWORK', text: 'The server can not be reached.' })
  }
  if (!response.ok) throw new ApiError(await readProblem(response))
  return response
}

/** Sends one request and gives its JSON. @throws ApiError */
export async function askApi<T>(url: string, init: AskInit = {}): Promise<T> {
  const { method = 'GET', body, signal = null } = init
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...init.headers,
  }
  const response = await ask(url, {
    method,
    headers,
    signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as T
}

/** Asks for bytes. @throws ApiError */
export async function askBytes(url: string, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await ask(url, { signal })).arrayBuffer()
}

/** Gives what any failure says; null for none. */
export function problemOf(error: unknown): ApiProblem | null {
  if (error === null || error === undefined) return null
  if (error instanceof ApiError) return error.problem
  return { status: null, code: 'INTERNAL', text: error instanceof Error ? error.message : 'This page failed to ask.' }
}

/**
 * Gives what is shown of a query; the last answer to any address of the same `era` stays while `keep`, also when the present one fails:
 * what was said of the present is never shown for the past, nor the other way round.
 */
export function useShown<T>(query: UseQueryResult<T>, keep: boolean, era = ''): ShownAnswer<T> {
  const [before, setBefore] = useState<(KeptAnswer<T> & { readonly era: string }) | null>(null)
  const now = query.data === undefined ? null : { data: query.data, atMs: query.dataUpdatedAt, era }
  if (keep && now !== null && (now.atMs !== before?.atMs || now.data !== before.data || era !== before.era))
    setBefore(now)
  return shownAnswer(now, before?.era === era ? before : null, keep)
}

/**
 * Asks `url` now and every `everyMs` while the tab is visible; null asks nothing. `keepWhileChanging` shows the former answer until
 * the one to a new address is there (for a window that is dragged), also while that fails; otherwise a new address starts empty.
 */
export function useApi<T>(
  url: string | null,
  {
    everyMs = 0,
    keepWhileChanging = false,
    era = '',
  }: { readonly everyMs?: number; readonly keepWhileChanging?: boolean; readonly era?: string } = {},
): ApiAnswer<T> {
  const query = useQuery<T>({
    queryKey: ['api', url],
    queryFn: ({ signal }) => askApi<T>(url ?? '', { signal }),
    enabled: url !== null,
    refetchInterval: everyMs > 0 ? everyMs : false,
  })
  const shown = useShown(query, keepWhileChanging, era)
  return {
    ...shown,
    problem: problemOf(query.error),
    isLoading: query.isPending && url !== null && shown.data === null,
    refetch: () => void query.refetch(),
  }
}
