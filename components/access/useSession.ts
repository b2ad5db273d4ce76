/*
 * useSession: who this browser is, asked once for all who show it, and again when it changed.
 * In: /api/session. Out: the session, its problem, and the acts that make the browser somebody else.
 * Invariant: what may be done is decided by the server at each call; what is here only chooses what is offered.
 * Source: docs/security.md; docs/ux.md "sign-in".
 */
'use client'
import { useCallback } from 'react'
import type { SessionView } from '../../lib/contracts/httpAccess.ts'
import { askApi, useApi, type ApiAnswer } from '../records/useApi.ts'

const SESSION_URL = '/api/session'
/** A session that ended elsewhere is seen here after this at the latest. */
const EVERY_MS = 30_000

export function useSession(): ApiAnswer<SessionView> {
  return useApi<SessionView>(SESSION_URL, { everyMs: EVERY_MS })
}

export function useSessionActs() {
  const choose = useCallback(async (operator: string): Promise<void> => {
    await askApi<SessionView>('/api/session/demo', { method: 'POST', body: { operator } })
    // Another person looks from now on, and the socket belongs to whoever opened it: the page starts anew.
    // A reload, because going to one's own address with a hash in it goes nowhere.
    location.reload()
  }, [])
  const signOut = useCallback(async (): Promise<void> => {
    await askApi<SessionView>(SESSION_URL, { method: 'DELETE' })
    location.assign('/login')
  }, [])
  return { choose, signOut }
}

/** The page that was asked for before signing in; only one of ours. */
export function pageAfterSignIn(search: string): string {
  const wanted = new URLSearchParams(search).get('next') ?? '/'
  return /^\/(?![/\\])[\w\-./?=&%~:,]*$/.test(wanted) && !wanted.startsWith('/login') ? wanted : '/'
}
