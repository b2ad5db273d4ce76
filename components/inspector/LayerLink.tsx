/*
 * Layer link: from a seed to its layer's page, made ready as soon as a seed is chosen: the page's code and its first rows.
 * In: the layer, the page state. Out: a link.
 * Invariant: walking through seeds asks for nothing until it rests; a paused page asks for nothing ahead.
 * Source: docs/ux.md "pages: layer"; docs/performance.md "live page".
 */
'use client'
import { useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useCallback, useEffect, useState } from 'react'
import type { PageState } from '../../lib/live/urlState.ts'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'

/** Seeds chosen one after another faster than this are walked through: the one that stays is looked at. */
const REST_MS = 300
let chosenMs = Number.NEGATIVE_INFINITY

export function LayerLink({ layerId, state }: { readonly layerId: string; readonly state: PageState }) {
  const { session } = useLive()
  const client = useQueryClient()
  const href = hrefOf(PAGE_PATHS.layer(layerId), state)
  const [ready, setReady] = useState<string | null>(null)
  const askAhead = useCallback((): void => {
    const run = session.store.run()
    if (run === null || session.store.pause !== null) return
    // The page's own way of asking is in its own code, which the link loads too.
    void import('../layer/layerRowsUrl.ts').then(
      ({ askRowsAhead }) => askRowsAhead(client, layerId, state, run.descriptor),
      // Without it the page asks by itself, later.
      () => undefined,
    )
  }, [client, session, layerId, state])
  useEffect(() => {
    const nowMs = systemClock.monotonicMs()
    const isWalk = nowMs - chosenMs < REST_MS
    chosenMs = nowMs
    return systemClock.after(isWalk ? REST_MS : 0, () => {
      setReady(href)
      askAhead()
    })
  }, [href, askAhead])
  return (
    <Link href={href} prefetch={ready === href} onClick={askAhead}>
      Layer
    </Link>
  )
}
