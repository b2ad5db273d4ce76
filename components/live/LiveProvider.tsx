/*
 * LiveProvider: one live session and one picture thread per page, the page's own state kept in the URL, and the past when one is shown.
 * In: the browser's socket, location and visibility. Out: React context with session and page state.
 * Invariant: React never holds telemetry; it holds the session and asks it.
 * Source: docs/adr/0002-next-seam.md; features H7.
 */
'use client'
import { usePathname } from 'next/navigation'
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from 'react'
import { io } from 'socket.io-client'
import { LIVE_NAMESPACE, SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import type { LiveSocket } from '../../lib/live/liveClient.ts'
import { createLiveSession, type LiveSession } from '../../lib/live/liveSession.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { holdWhileLeaving } from './holdWhileLeaving.ts'
import { createPageStore, type PageStore } from './pageStore.ts'
import { drawsPast } from './pageLinks.ts'
import { createPageThread } from './pageThread.ts'
import type { PictureThread } from './pictureThread.ts'
import { createTimeTravel, type TimeState, type TimeTravel } from './timeTravel.ts'
import { pageTurns } from './pageTurns.ts'

const openSocket = (): LiveSocket =>
  io(LIVE_NAMESPACE, {
    path: SOCKET_PATH,
    autoConnect: false,
    // The client owns retries: one place decides when, and says so on screen.
    reconnection: false,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    timeout: 5_000,
    forceNew: true,
  })

const chance = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

interface Live {
  /** What a page draws from: the live session, or the past that is shown instead of it. */
  readonly thread: PictureThread
  readonly session: LiveSession
  readonly page: PageStore
  /** The present, whatever is shown. */
  readonly live: LiveSession
  readonly liveThread: PictureThread
  readonly time: TimeTravel
}
const PRESENT: TimeState = { kind: 'live' }
const LiveContext = createContext<Live | null>(null)

/** Gives the session and the page state; only inside LiveProvider. */
export function useLive(): Live {
  const live = useContext(LiveContext)
  if (!live) throw new Error('useLive outside LiveProvider')
  return live
}

/** Tells whether this tab shows the present; renders when that changes. */
export function useTime(): TimeState {
  const { time } = useLive()
  return useSyncExternalStore(time.subscribe, time.get, () => PRESENT)
}

/** What is inside draws from the live session, whatever the page around it shows. */
export function PresentOnly({ children }: { readonly children: ReactNode }) {
  const shown = useLive()
  const present = useMemo<Live>(() => ({ ...shown, session: shown.live, thread: shown.liveThread }), [shown])
  return <LiveContext value={present}>{children}</LiveContext>
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [live] = useState<Live>(() => {
    const thread = createPageThread()
    const session = createLiveSession({ openSocket, clock: systemClock, chance, pictures: thread.pictures })
    const page = createPageStore()
    const time = createTimeTravel(session, page, () => import('../replay/startTravel.ts'))
    return { thread, session, page, live: session, liveThread: thread, time }
  })
  const pathname = usePathname()
  const now = useSyncExternalStore(live.time.subscribe, live.time.get, () => PRESENT)
  const past = now.kind === 'past' && drawsPast(pathname) ? now.travel : null
  const shown = useMemo<Live>(
    () => (past === null ? live : { ...live, thread: past.thread, session: past.session }),
    [live, past],
  )
  useEffect(() => {
    live.page.readLocation()
    live.thread.start()
    live.session.start()
    const leave = live.time.start()
    const onVisibility = () => live.session.setHidden(document.visibilityState === 'hidden')
    const onPopState = () => live.page.readLocation()
    document.addEventListener('visibilitychange', onVisibility)
    addEventListener('popstate', onPopState)
    const letClicksBe = holdWhileLeaving(document, pageTurns)
    return () => {
      letClicksBe()
      document.removeEventListener('visibilitychange', onVisibility)
      removeEventListener('popstate', onPopState)
      leave()
      live.session.stop()
      live.thread.stop()
    }
  }, [live])
  // The page that was led to stands: it speaks.
  useEffect(() => pageTurns.release(), [pathname])
  return <LiveContext value={shown}>{children}</LiveContext>
}
