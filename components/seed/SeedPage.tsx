/*
 * Seed page: everything of one seed: what it is now, every life its slot had, its metrics over time, the entries behind them.
 * In: the seed of the path. Out: the page, in panels that load and fail on their own.
 * Invariant: every value says its age and its entry; never observed is told apart from dormant and from zero.
 * Source: docs/ux.md "pages: seed"; features A9, A10, A17, A18.
 */
'use client'
import { useRouter } from 'next/navigation'
import { lazy, Suspense, useEffect, useState } from 'react'
import type { SeedLife } from '../../lib/contracts/httpSeed.ts'
import { hrefOf, PAGE_PATHS } from '../live/pageLinks.ts'
import { useLive } from '../live/LiveProvider.tsx'
import { lettersOn } from '../shell/useKeyboard.ts'
import { PageMain } from '../shell/PageMain.tsx'
import { Panel } from '../ui/Panel.tsx'
import { Biography } from './Biography.tsx'
import { LifecycleGraph } from './LifecycleGraph.tsx'
import { LifeHistory } from './LifeHistory.tsx'
import { MetricCharts } from './MetricCharts.tsx'
import { RawPanel } from './RawPanel.tsx'
import { SeedFacts } from './SeedFacts.tsx'
import { lifeName } from './seedWords.ts'
import { useDescriptor, useSeedData, type SeedWindow } from './useSeedData.ts'

const PlaceAlerts = lazy(() => import('../alerts/PlaceAlerts.tsx'))

const DEFAULT_WINDOW: SeedWindow = { kind: 'newest', seconds: 300 }
/** Air on both sides of a life that is looked at. */
const AIR = 0.04

/** The keys [ and ] go to the seed before and after, at the ends to the other end. */
function useNeighbourKeys(layerId: string, seedId: number, total: number | null): (by: -1 | 1) => void {
  const { page } = useLive()
  const router = useRouter()
  const go = (by: -1 | 1): void => {
    if (total === null || total < 2) return
    const selection = { layerId, seedId: (seedId + by + total) % total }
    router.replace(hrefOf(PAGE_PATHS.seed(selection), { ...page.get(), selection }), { scroll: false })
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || !lettersOn()) return
      const target = event.target instanceof Element ? event.target : document.body
      if (target.closest('input, textarea, select, [contenteditable=true]') !== null) return
      if (event.key !== '[' && event.key !== ']') return
      event.preventDefault()
      go(event.key === '[' ? -1 : 1)
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  })
  return go
}

/** A link to #raw means the raw entries, wherever they stand when the page has grown to its size. */
function useRawAnchor(ready: boolean): void {
  useEffect(() => {
    if (!ready || location.hash !== '#raw') return
    const raw = document.getElementById('raw')
    raw?.scrollIntoView({ block: 'start' })
    raw?.focus({ preventScroll: true })
  }, [ready])
}

function windowOf(life: SeedLife, nowMs: number): SeedWindow {
  const last = life.states.at(-1)
  const endMs = last?.to?.at_ms ?? nowMs
  const air = Math.max(1_000, (endMs - life.from.at_ms) * AIR)
  return { kind: 'fixed', fromMs: life.from.at_ms - air, toMs: endMs + air, label: lifeName(life) }
}

export function SeedPage({ layerId, seedId }: { readonly layerId: string; readonly seedId: number }) {
  const { session } = useLive()
  const [window, setWindow] = useState<SeedWindow>(DEFAULT_WINDOW)
  const [lifeIndex, setLifeIndex] = useState<number | null>(null)
  const { runId, moment, detail, series, limits } = useSeedData(layerId, seedId, window)
  const descriptor = useDescriptor(detail.data?.run_id ?? runId)
  const data = detail.data
  const go = useNeighbourKeys(layerId, seedId, data?.total_seeds ?? null)
  useRawAnchor(data !== null)

  // Another seed: its own lives, its own window.
  const [shown, setShown] = useState(`${layerId}/${seedId}`)
  if (shown !== `${layerId}/${seedId}`) {
    setShown(`${layerId}/${seedId}`)
    setLifeIndex(null)
    setWindow(DEFAULT_WINDOW)
  }

  const nowMs = session.client.serverNowMs()
  const life = data === null ? null : (data.lives[lifeIndex ?? data.lives.length - 1] ?? null)
  const onLife = (index: number): void => {
    const chosen = data?.lives[index]
    if (chosen === undefined) return
    setLifeIndex(index)
    setWindow(windowOf(chosen, nowMs))
  }
  const title = `${layerId} seed ${seedId}`
  if (detail.problem?.status === 404)
    return (
      <PageMain title={title}>
        <Panel
          title={title}
          state="empty"
          message={`${detail.problem.text} It may belong to another run, or to one that was let go.`}
        />
      </PageMain>
    )
  return (
    <PageMain title={title} ownHeading>
      <div className="seed-page">
        <SeedFacts layerId={layerId} seedId={seedId} answer={detail} descriptor={descriptor} onGo={go} />
        <Biography
          answer={detail}
          chosen={data === null ? null : (lifeIndex ?? data.lives.length - 1)}
          zoomed={window.kind === 'fixed'}
          onLife={onLife}
          onLive={() => {
            setLifeIndex(null)
            setWindow(DEFAULT_WINDOW)
          }}
        />
        <MetricCharts
          answer={series}
          detail={data}
          descriptor={descriptor}
          limits={limits}
          window={window}
          moment={moment}
          onWindow={setWindow}
        />
        <div className="seed-side">
          <Suspense fallback={<Panel title="Alerts" className="place-alerts" state="loading" />}>
            <PlaceAlerts layerId={layerId} seedId={seedId} />
          </Suspense>
          <LifecycleGraph answer={detail} />
          <LifeHistory answer={detail} life={life} />
        </div>
        <RawPanel layerId={layerId} seedId={seedId} runId={data?.run_id ?? runId} moment={moment} />
      </div>
    </PageMain>
  )
}
