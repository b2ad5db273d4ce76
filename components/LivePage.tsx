/*
 * The Live page: shell, banners, narrative, heatmap, curve, lifecycle, events, inspector.
 * In: nothing; it opens its own session. Out: the page.
 * Invariant: one session, one selection; the run and metric of the URL decide what is shown, with defaults where the link is silent.
 * Source: docs/ux.md "global frame", 'pages: live'.
 */
'use client'
import { useCallback, useEffect, useState } from 'react'
import { EmptyState } from './empty/EmptyState.tsx'
import { HostCurvePanel } from './curve/HostCurvePanel.tsx'
import { EventTicker } from './events/EventTicker.tsx'
import { HeatmapPanel } from './heatmap/HeatmapPanel.tsx'
import { defaultMetric, nextChoice } from './heatmap/metricChoice.ts'
import { Inspector } from './inspector/Inspector.tsx'
import { LifecyclePanel } from './lifecycle/LifecyclePanel.tsx'
import { LiveProvider, useLive } from './live/LiveProvider.tsx'
import { useLiveTopic, usePageState } from './live/useLiveTopic.ts'
import { NarrativeStrip } from './narrative/NarrativeStrip.tsx'
import { Banners } from './shell/Banners.tsx'
import { OriginBanner } from './shell/OriginBanner.tsx'
import { Conductor } from './shell/Conductor.tsx'
import { Header } from './shell/Header.tsx'
import { HelpDialog } from './shell/HelpDialog.tsx'
import type { PageAction } from './shell/keymap.ts'
import { currentTheme, nextTheme, setTheme } from './shell/theme.ts'
import { useKeyboard } from './shell/useKeyboard.ts'
import { Icon } from './ui/Icon.tsx'

export function LivePage() {
  return (
    <LiveProvider>
      <LiveScreen />
    </LiveProvider>
  )
}

/** Keeps the shown run and metric in step with the URL; without one, the newest trainer run and the first metric. */
function useShownRun(): void {
  const { session } = useLive()
  const { runId, metric } = usePageState()
  useLiveTopic(['runs'], 50)
  const runs = [...session.store.log.runs.values()]
  const trainers = runs.filter((run) => run.descriptor.origin === 'trainer')
  const newest = (trainers.length > 0 ? trainers : runs).toSorted((a, b) => b.firstSeenMs - a.firstSeenMs)[0]
  const wanted = runs.find((run) => run.descriptor.run_id === runId) ?? newest
  const wantedId = wanted?.descriptor.run_id
  const columns = wanted?.descriptor.seed_columns ?? []
  const known = columns.some((column) => column.name === metric)
  const wantedMetric = known ? metric : defaultMetric(columns)
  useEffect(() => {
    if (wantedId !== undefined && wantedMetric !== null) session.show(wantedId, wantedMetric)
  })
}

function LiveScreen() {
  const { session, page } = useLive()
  const { selection, inspector } = usePageState()
  const [help, setHelp] = useState(false)
  const [notice, setNotice] = useState('')
  useLiveTopic(['runs', 'view', 'status', 'pause'], 100)
  useShownRun()

  const act = useCallback(
    (action: PageAction): void => {
      const state = page.get()
      const { store } = session
      switch (action) {
        case 'go-live-page':
          document.getElementById('main')?.focus()
          break
        case 'help':
          setHelp((open) => !open)
          break
        case 'metric': {
          const run = store.run()
          if (run) page.set(nextChoice(run.descriptor.seed_columns, store.view?.metric.name ?? null, state.mode))
          break
        }
        case 'theme':
          setTheme(nextTheme(currentTheme()))
          break
        case 'pause':
          session.setPaused(store.pause === null)
          break
        case 'go-live':
          session.setPaused(false)
          break
        case 'inspector': {
          const first = store.run()?.descriptor.layers[0]
          const target = state.selection ?? (first ? { layerId: first.layer_id, seedId: 0 } : null)
          page.set({ inspector: !state.inspector, selection: target })
          break
        }
        case 'copy-link': {
          const shown = store.view
          if (shown) page.set({ runId: shown.runId, metric: shown.metric.name })
          const link = location.href
          const copied = navigator.clipboard?.writeText(link) ?? Promise.reject(new Error('no clipboard'))
          copied.then(
            () => setNotice('Link copied'),
            () => setNotice(`Copy this link: ${link}`),
          )
          break
        }
        case 'table':
          page.set({ table: !state.table })
          break
        case 'focus-heatmap':
          document.querySelector<HTMLElement>('[role=grid]')?.focus()
          break
        case 'close':
          setHelp(false)
          setNotice('')
          if (state.inspector) page.set({ inspector: false })
          break
        default: {
          const never: never = action
          return never
        }
      }
    },
    [page, session],
  )
  useKeyboard(act)
  const closeHelp = useCallback(() => setHelp(false), [])

  const run = session.store.run()
  // A run that trains has a host to judge; a load generator has none, and its place goes to the seeds.
  const hasCurve = run !== null && (run.descriptor.origin === 'trainer' || run.curve.length > 0)
  const environment = session.store.status?.environment ?? 'unknown'
  const open = inspector && selection !== null && run !== null
  return (
    <div
      className={`app frame-${environment.toLowerCase()}${session.store.pause ? ' is-paused' : ''}${open ? ' with-inspector' : ''}`}
    >
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <Header onHelp={() => setHelp(true)} />
      <nav className="nav" aria-label="Pages">
        <a href="/" aria-current="page">
          <Icon name="live" size={18} />
          Live
        </a>
      </nav>
      <main id="main" className="main" aria-label="Live" tabIndex={-1}>
        <h1 className="visually-hidden">Live</h1>
        <OriginBanner />
        <Banners />
        {run === null ? (
          <EmptyState />
        ) : (
          <div className={hasCurve ? 'live-grid' : 'live-grid no-curve'}>
            <NarrativeStrip />
            <HeatmapPanel />
            {hasCurve && <HostCurvePanel />}
            <LifecyclePanel />
            <EventTicker />
          </div>
        )}
      </main>
      <Inspector />
      <div className="stop-place" aria-hidden="true" />
      <Conductor />
      <HelpDialog open={help} onClose={closeHelp} />
      <output className="toast" hidden={notice === ''}>
        {notice}
        {notice !== '' && (
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => setNotice('')}>
            <Icon name="close" size={12} />
          </button>
        )}
      </output>
    </div>
  )
}
