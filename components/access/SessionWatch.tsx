/*
 * SessionWatch: takes whoever is nobody (any more) to the sign-in page, and back afterwards.
 * In: the session, the connection. Out: nothing to see.
 * Invariant: only a server that said so sends anybody away: a server that does not answer keeps the page and its data.
 * Source: docs/security.md "sign-in"; docs/ux.md "sign-in".
 */
'use client'
import { usePathname } from 'next/navigation'
import { useEffect } from 'react'
import { useLive } from '../live/LiveProvider.tsx'
import { useLiveTopic } from '../live/useLiveTopic.ts'
import { useSession } from './useSession.ts'

export function SessionWatch() {
  const { session } = useLive()
  useLiveTopic(['connection'], 100)
  const pathname = usePathname()
  const { data, refetch } = useSession()
  const { kind } = session.client.connection
  useEffect(() => {
    // The socket of a session that was ended closes within a second: asked now, not at the next turn.
    if (kind === 'reconnecting') refetch()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- asked when the connection changes, not when the question does
  }, [kind])
  const isNobody = data !== null && !data.signed_in
  useEffect(() => {
    if (isNobody && pathname !== '/login')
      location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`)
  }, [isNobody, pathname])
  return null
}
