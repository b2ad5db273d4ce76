/*
 * LiveProvider: one live session and one picture thread per page, and the page's own state (selection, metric, mode) kept in the URL.
 * In: the browser's socket, location and visibility. Out: React context with session and page state.
 * Invariant: React never holds telemetry; it holds the session and asks it.
 * Source: docs/adr/0002-next-seam.md; features H7.
 */
'use client'
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react'
import { io } from 'socket.io-client'
import { LIVE_NAMESPACE, SOCKET_PATH } from '../../lib/contracts/socketNames.ts'
import type { LiveSocket } from '../../lib/live/liveClient.ts'
import { createLiveSession, type LiveSession } from '../../lib/live/liveSession.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { createPageStore, type PageStore } from './pageStore.ts'
import { createPictureThread, type PictureThread, type ThreadPort } from './pictureThread.ts'

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

const canDrawAside = (): boolean =>
  typeof Worker !== 'undefined' &&
  typeof OffscreenCanvas !== 'undefined' &&
  'transferControlToOffscreen' in HTMLCanvasElement.prototype &&
  new OffscreenCanvas(1, 1).getContext('2d') !== null

const startWorker = (): ThreadPort | null =>
  canDrawAside() ? new Worker(new URL('../heatmap/pictureWorker.ts', import.meta.url), { type: 'module' }) : null

interface Live {
  readonly thread: PictureThread
  readonly session: LiveSession
  readonly page: PageStore
}
const LiveContext = createContext<Live | null>(null)

/** Gives the session and the page state; only inside LiveProvider. */
export function useLive(): Live {
  const live = useContext(LiveContext)
  if (!live) throw new Error('useLive outside LiveProvider')
  return live
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const [live] = useState<Live>(() => {
    const thread = createPictureThread({ startWorker, loadPageWay: () => import('../heatmap/localStage.ts') })
    const session = createLiveSession({ openSocket, clock: systemClock, chance, pictures: thread.pictures })
    return { thread, session, page: createPageStore() }
  })
  useEffect(() => {
    live.page.readLocation()
    live.thread.start()
    live.session.start()
    const onVisibility = () => live.session.setHidden(document.visibilityState === 'hidden')
    const onPopState = () => live.page.readLocation()
    document.addEventListener('visibilitychange', onVisibility)
    addEventListener('popstate', onPopState)
    return () => {
      document.removeEventListener('visibilitychange', onVisibility)
      removeEventListener('popstate', onPopState)
      live.session.stop()
      live.thread.stop()
    }
  }, [live])
  return <LiveContext value={live}>{children}</LiveContext>
}
