'use client'
import { useCallback } from 'react'
import { useLive } from '../live/LiveProvider.tsx'

/**
 * Reads the moment to which told ages have grown, on the server's clock: now, or where the page was paused. In the past they do not
 * grow: an age is that of the moment it was told for, however fast moments go by.
 */
export function useShownNow(): () => number {
  const { session, live } = useLive()
  return useCallback(
    () => (session === live ? (session.store.pause?.atMs ?? session.client.serverNowMs()) : Number.NEGATIVE_INFINITY),
    [session, live],
  )
}
