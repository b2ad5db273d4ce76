'use client'
import { useCallback } from 'react'
import { useLive } from '../live/LiveProvider.tsx'

/** Reads the moment that the page shows, on the server's clock: now, or where it was paused. */
export function useShownNow(): () => number {
  const { session } = useLive()
  return useCallback(() => session.store.pause?.atMs ?? session.client.serverNowMs(), [session])
}
