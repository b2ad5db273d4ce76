/*
 * Layer page ready: the code of a layer's page is loaded while nobody waits for it, so that going there is no loading.
 * In: the shown run. Out: nothing; a page that opens at once.
 * Invariant: once per visit, after the first picture, when the browser is idle; failing changes nothing but that wait.
 * Source: docs/performance.md "live page".
 */
'use client'
import { PrefetchKind } from 'next/dist/client/components/router-reducer/router-reducer-types'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { systemClock } from '../../lib/primitives/clock.ts'
import { useLive } from './LiveProvider.tsx'
import { PAGE_PATHS } from './pageLinks.ts'
import { useLiveValue } from './useLiveTopic.ts'

/** What the page itself needs comes first. */
const AFTER_MS = 1_500
const IDLE_MS = 5_000

export function useLayerPageReady(): void {
  const { session } = useLive()
  const router = useRouter()
  const hasRun = useLiveValue(['runs', 'view'], ({ store }) => store.run() !== null)
  useEffect(() => {
    if (!hasRun) return undefined
    return systemClock.after(AFTER_MS, () =>
      requestIdleCallback(
        () => {
          const layer = session.store.run()?.descriptor.layers[0]
          // Any layer's page brings the code of all of them.
          if (layer === undefined) return
          router.prefetch(PAGE_PATHS.layer(layer.layer_id), { kind: PrefetchKind.FULL })
          // What that page itself loads in parts, and how its rows are asked for ahead of it. Failing, it is loaded then.
          const ignore = (): void => undefined
          void import('../layer/layerRowsUrl.ts').catch(ignore)
          void import('../alerts/PlaceAlerts.tsx').catch(ignore)
        },
        { timeout: IDLE_MS },
      ),
    )
  }, [hasRun, session, router])
}
